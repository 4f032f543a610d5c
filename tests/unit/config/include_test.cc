// Several files that are one configuration: what belongs together, and where each fault stands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "router/config/load.h"

namespace router::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

class IncludeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::path(::testing::TempDir()) /
                 ("include-[*]-" + std::to_string(getpid()) + "-" +
                  ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(directory_ / "conf.d");
  }
  void TearDown() override { fs::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name) << text;
  }
  // Three lines that need nothing more; `more` begins in line 4.
  void WriteMain(const std::string& more) {
    Write("sluice.yaml",
          "ae_title: SLUICE\nlisten: [51402]\nstore: {directory: /var/lib/sluice}\n" + more);
  }
  Loaded Load(const ReadRules& rules = {}) {
    Loaded loaded = LoadFile(directory_ / "sluice.yaml", rules);
    for (auto* lines : {&loaded.errors, &loaded.warnings, &loaded.files})
      for (std::string& line : *lines)  // the same in every run
        for (size_t at; (at = line.find(directory_.string())) != line.npos;)
          line.replace(at, directory_.string().size(), "DIR");
    return loaded;
  }

  fs::path directory_;
};

TEST_F(IncludeTest, ApplicationsAndClientsOfAllFilesAreOneInTheOrderOfTheNames) {
  WriteMain(
      "include: conf.d/*.yaml\n"
      "applications: {A: {address: \"10.1.0.1:104\"}}\n"
      "clients: [{ae_title: ONE, from: 10.1.0.1}]\n");
  Write("conf.d/20.yaml",
        "clients: [{ae_title: THREE, from: 10.1.0.3}]\napplications: {C: {address: \"c:1\", from: "
        "10.1.0.3}}\n");
  Write("conf.d/10.yaml",
        "applications: {B: {address: \"10.1.0.2:104\"}}\nclients: [{ae_title: TWO, from: "
        "10.1.0.2}]\nlimits: {artim: 7s}\n");
  Write("conf.d/15.yaml.old", "this is: {not read\n");
  Write("conf.d/17.yaml", "# nothing here yet\n");
  Loaded loaded = Load();
  ASSERT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.warnings, IsEmpty());
  std::vector<std::string> applications, clients;
  for (const Application& one : loaded.config->applications) applications.push_back(one.name);
  for (const Client& one : loaded.config->clients) clients.push_back(one.name());
  EXPECT_THAT(applications, ElementsAre("A", "B", "C"));
  EXPECT_THAT(clients, ElementsAre("ONE", "TWO", "THREE"));
  EXPECT_EQ(loaded.config->limits.artim, std::chrono::seconds(7));
  EXPECT_THAT(loaded.files, ElementsAre("DIR/sluice.yaml", "DIR/conf.d/10.yaml",
                                        "DIR/conf.d/17.yaml", "DIR/conf.d/20.yaml"));
}

TEST_F(IncludeTest, RulesAreOneListAndKeepTheirPlaces) {
  WriteMain(
      "include: [more.yaml, conf.d/*.yaml]\n"
      "applications: {A: {address: \"10.1.0.1:104\"}}\n"
      "clients: [{ae_title: ONE, from: 10.1.0.1}]\n"
      "rules:\n  - {name: first}\n");
  Write("conf.d/a.yaml", "rules:\n\n  - {name: third}\n");
  Write("more.yaml", "rules: [{name: second}]\n");
  std::vector<std::string> at;
  Load([&](const Positioned& list, const Config&) {
    for (const Positioned& rule : list.values)
      at.push_back(fs::path(rule.file).filename().string() + ":" + std::to_string(rule.line) + " " +
                   rule.values[0].scalar);
    return RulesRead();
  });
  EXPECT_THAT(at, ElementsAre("sluice.yaml:8 first", "more.yaml:1 second", "a.yaml:3 third"));
}

TEST_F(IncludeTest, EveryFaultIsSaidOfTheFileInWhichItStands) {
  WriteMain("include: conf.d/*.yaml\nlimits: {artim: soon}\n");
  Write("conf.d/b.yaml", "clients:\n  - {from: 10.1.0.1}\n");
  Write("conf.d/a.yaml",
        "applications:\n  A: {adress: \"10.1.0.1:104\", from: 10.1.0.1}\n  B: {address: "
        "\"10.1.0.2:104\", also_called: [A]}\n");
  EXPECT_THAT(
      Load().errors,
      ElementsAre("DIR/sluice.yaml:5:17: artim: \"soon\" is no duration; write 500ms, 30s, "
                  "15m, 2h or 7d",
                  "DIR/conf.d/a.yaml:2:7: unknown key \"adress\"; did you mean \"address\"?",
                  "DIR/conf.d/a.yaml:3:46: \"A\" is a title of application A already; a "
                  "called title must name one",
                  "DIR/conf.d/b.yaml:2:5: ae_title is missing"));
}

TEST_F(IncludeTest, WhatMayStandOnceSaysWhereItStandsAlready) {
  WriteMain(
      "include: conf.d/*.yaml\n"
      "applications: {A: {address: \"10.1.0.1:104\"}}\n");
  Write("conf.d/a.yaml",
        "ae_title: OTHER\nlog: {level: debug}\napplications:\n  A: {address: \"10.1.0.2:104\"}\n");
  Write("conf.d/b.yaml", "log: {level: info}\n");
  EXPECT_THAT(
      Load().errors,
      ElementsAre("DIR/conf.d/a.yaml:1:1: duplicate key \"ae_title\"; it stands in "
                  "DIR/sluice.yaml line 1 already",
                  "DIR/conf.d/a.yaml:4:3: duplicate key \"A\"; it stands in DIR/sluice.yaml "
                  "line 5 already",
                  "DIR/conf.d/b.yaml:1:1: duplicate key \"log\"; it stands in "
                  "DIR/conf.d/a.yaml line 2 already"));
}

TEST_F(IncludeTest, WhatIsIncludedIncludesNothing) {
  WriteMain("include: conf.d/*.yaml\n");
  Write("conf.d/a.yaml", "include: ../more.yaml\n");
  Write("more.yaml", "loops: many\n");
  EXPECT_THAT(
      Load().errors,
      ElementsAre("DIR/conf.d/a.yaml:1:1: include: what is included includes nothing itself"));
}

TEST_F(IncludeTest, AFileThatIsNamedMustBeThereAPatternMayFindNothing) {
  WriteMain("include: [conf.d/*.yaml, more.yaml, conf.d]\n");
  Loaded loaded = Load();
  EXPECT_THAT(loaded.errors,
              ElementsAre("DIR/sluice.yaml:4:26: include: there is no file DIR/more.yaml",
                          "DIR/sluice.yaml:4:37: include: cannot read DIR/conf.d: Is a directory"));
  EXPECT_THAT(loaded.warnings[2],
              "DIR/sluice.yaml:4:11: include: no file matches DIR/conf.d/*.yaml");
}

TEST_F(IncludeTest, AFileThatIsNoYamlIsAllThatIsSaid) {
  WriteMain("include: conf.d/*.yaml\napplications: {A: {}}\n");
  Write("conf.d/a.yaml", "clients: [\n");
  Write("conf.d/b.yaml", "- a list\n");
  EXPECT_THAT(Load().errors,
              ElementsAre("DIR/conf.d/a.yaml:2:1: not YAML: end of sequence flow not found",
                          "DIR/conf.d/b.yaml:1:1: what is included is a map, \"key: value\""));
}

TEST_F(IncludeTest, AWrongFormIsSaidWhereItStands) {
  WriteMain("include: conf.d/*.yaml\nclients: [{ae_title: A, from: 10.1.0.1}]\napplications:\n");
  Write("conf.d/a.yaml",
        "clients: {ae_title: B}\napplications: {A: {address: \"10.1.0.1:104\"}}\n");
  Write("conf.d/b.yaml", "clients:\napplications: none\n");
  EXPECT_THAT(Load().errors,
              ElementsAre("DIR/conf.d/a.yaml:1:10: clients must be a list, \"- item\"",
                          "DIR/conf.d/b.yaml:2:15: applications must be a map, \"key: value\""));
}

TEST_F(IncludeTest, NoFileIsReadTwice) {
  WriteMain(
      "include: [\"*.yaml\", conf.d/a.yaml, conf.d/*]\napplications: {A: {address: "
      "\"10.1.0.1:104\"}}\n");
  Write("conf.d/a.yaml", "clients: [{ae_title: ONE, from: 10.1.0.1}]\n");
  Loaded loaded = Load();
  EXPECT_THAT(loaded.errors, IsEmpty());
  EXPECT_THAT(loaded.files, ElementsAre("DIR/sluice.yaml", "DIR/conf.d/a.yaml"));
}

TEST_F(IncludeTest, AClientThatIsHiddenByOneOfAnotherFileIsToldWhichOne) {
  WriteMain(
      "include: conf.d/*.yaml\n"
      "applications: {A: {address: \"10.1.0.1:104\"}}\n"
      "clients:\n  - {ae_title: ONE, from: 10.1.0.0/24}\n");
  Write("conf.d/a.yaml", "clients: [{ae_title: ONE, from: 10.1.0.1}]\n");
  EXPECT_THAT(Load().warnings,
              ElementsAre("DIR/conf.d/a.yaml:1:11: this client never matches: the one in "
                          "DIR/sluice.yaml line 7 takes its calls"));
}

}  // namespace
}  // namespace router::config
