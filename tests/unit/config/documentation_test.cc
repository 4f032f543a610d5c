// The reader, docs/configuration.md and deploy/sluice.full.yaml say the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "router/config/load.h"
#include "router/config/meanings.h"
#include "router/config/page.h"
#include "router/config/tree.h"

namespace router::config {
namespace {

using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

const std::string kSource = SLUICE_SOURCE_DIR;

std::vector<std::string> LinesOf(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::string Text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// What rules say is not read here (tests/unit/rules, integration.Examples).
RulesRead ReadNoRules(const Positioned&, const Config&) { return {}; }

// The keys of a tree as KnownKeys spells them.
void Collect(const Positioned& node, const std::string& path, std::set<std::string>& keys) {
  for (const Positioned& item :
       node.form == Positioned::Form::kList ? node.values : std::vector<Positioned>())
    Collect(item, path, keys);
  if (node.form != Positioned::Form::kMap) return;
  for (size_t i = 0; i < node.keys.size(); ++i) {
    if (path.ends_with(".machine_names")) continue;  // names of machines, not keys
    if (path == "rules") continue;                   // docs/rules.md has them
    bool named = path == "applications";
    std::string inside = (path.empty() ? "" : path + ".") + (named ? "NAME" : node.keys[i].scalar);
    if (!named) keys.insert(inside);
    Collect(node.values[i], inside, keys);
  }
}

std::vector<std::string> KeysOfFullExample() {
  std::vector<std::string> lines = LinesOf(kSource + "/deploy/sluice.full.yaml");
  for (std::string& line : lines)
    if (size_t at = line.find("#: "); at != line.npos) line.erase(at, 3);
  Tree tree = ParseTree("full", Text(lines));
  EXPECT_TRUE(tree.faults.empty()) << tree.faults[0].line << tree.faults[0].message;
  std::set<std::string> keys;
  Collect(tree.root, "", keys);
  return {keys.begin(), keys.end()};
}

// A heading in backticks is the section, a row that begins with a key in backticks is a key of it.
std::vector<std::string> KeysOfPage() {
  static const std::regex kHeading("#+ (?:`([^`]+)`|.*)"), kRow("\\| `([a-z_]+)` \\|.*");
  std::set<std::string> keys;
  std::string section;
  bool in_type_table = true;  // the table of types comes first
  for (const std::string& line : LinesOf(kSource + "/docs/configuration.md")) {
    std::smatch match;
    if (std::regex_match(line, match, kHeading)) {
      section = match[1].matched ? match[1].str() + "." : "";
      in_type_table = line.starts_with("# ");
    } else if (!in_type_table && std::regex_match(line, match, kRow)) {
      EXPECT_TRUE(keys.insert(section + match[1].str()).second) << "twice: " << line;
    }
  }
  return {keys.begin(), keys.end()};
}

TEST(Documentation, EveryKeyHasAMeaningAndNothingElseHas) {
  std::vector<std::string> explained;
  for (std::span<const Meaning> some : {MeaningsOfTheFile(), MeaningsOfAnApplication()})
    for (const Meaning& one : some) explained.emplace_back(one.key);
  std::ranges::sort(explained);
  EXPECT_THAT(explained, ElementsAreArray(KnownKeys()));
}

TEST(Documentation, TheTablesOfThePageAreThoseOfTheReader) {
  const std::string page = Text(LinesOf(kSource + "/docs/configuration.md"));
  EXPECT_TRUE(page == PageWithKeys(page))
      << "docs/configuration.md is stale: build/sluice_config_docs page < docs/configuration.md";
}

TEST(PageWithKeys, LeavesWhateverElseIsOnThePage) {
  const std::string head = "| Key | Type | Default | Meaning |\n|---|---|---|---|\n";
  const std::string page = PageWithKeys("# Title\n\n| a | b |\n|---|---|\n\n## `metrics`\n\n" +
                                        head + "| `old` | map | | Gone. |\n\nText without an end");
  EXPECT_EQ(page, "# Title\n\n| a | b |\n|---|---|\n\n## `metrics`\n\n" + head +
                      "| `listen` | listener | none | " +
                      std::string(FindMeaning("metrics.listen")->text) +
                      " |\n\nText without an end");
}

TEST(Documentation, ThePageNamesExactlyTheKeysThatExist) {
  EXPECT_THAT(KeysOfPage(), ElementsAreArray(KnownKeys()));
}

TEST(Documentation, TheFullExampleHasExactlyTheKeysThatExist) {
  EXPECT_THAT(KeysOfFullExample(), ElementsAreArray(KnownKeys()));
}

TEST(Documentation, BothExamplesLoadWithoutErrorOrWarning) {
  for (std::string name : {"/deploy/sluice.example.yaml", "/deploy/sluice.full.yaml"}) {
    Loaded loaded = LoadFile(kSource + name, ReadNoRules);
    EXPECT_THAT(loaded.errors, IsEmpty());
    EXPECT_THAT(loaded.warnings, IsEmpty());
    EXPECT_TRUE(loaded.config) << name;
  }
}

TEST(Documentation, EveryKeyOfTheFullExampleIsExplainedInAComment) {
  // On its line, or in the lines right above the group of keys it stands in.
  bool explained = false;
  for (const std::string& line : LinesOf(kSource + "/deploy/sluice.full.yaml")) {
    if (line.empty()) {
      explained = false;
    } else if (line.find('#') != line.npos) {
      explained = true;
    } else {
      // applications of the example that repeat what the first one explained
      EXPECT_TRUE(explained || line.starts_with("applications:") || line.starts_with("clients:") ||
                  line.starts_with("log:") || line.starts_with("limits:") ||
                  line.starts_with("  RTPACS:") || line.starts_with("    address: rtpacs") ||
                  line.starts_with("    from: [10.1.0.20"))
          << line;
    }
  }
}

TEST(Documentation, LeavingOutWhatTheFullExampleCallsDefaultChangesNothing) {
  static const std::regex kDefault(" +[a-z_]+: .*# default.*|[a-z_]+: .*# default.*");
  std::vector<std::string> all = LinesOf(kSource + "/deploy/sluice.full.yaml"), kept;
  for (const std::string& line : all)
    if (!std::regex_match(line, kDefault)) kept.push_back(line);
  EXPECT_GT(all.size(), kept.size() + 50);
  Loaded full = LoadText("full", Text(all), ReadNoRules),
         less = LoadText("full", Text(kept), ReadNoRules);
  ASSERT_TRUE(full.config && less.config) << ::testing::PrintToString(less.errors);
  EXPECT_TRUE(*full.config == *less.config);
}

// The default column of the page, for keys whose default is written as one value in backticks.
TEST(Documentation, DefaultsOnThePageAreThoseOfTheFullExample) {
  static const std::regex kRow("\\| `([a-z_]+)` \\|[^|]*\\| `([^`]+)` \\|.*");
  static const std::regex kStated(" *([a-z_]+): +([^#]*[^# ]) +# default.*");
  std::set<std::pair<std::string, std::string>> stated;
  std::set<std::string> stated_keys;
  for (const std::string& line : LinesOf(kSource + "/deploy/sluice.full.yaml")) {
    std::smatch match;
    if (!std::regex_match(line, match, kStated)) continue;
    std::string value = match[2];
    std::erase(value, '"');
    stated.emplace(match[1], value);
    stated_keys.insert(match[1]);
  }
  int compared = 0;
  for (const std::string& line : LinesOf(kSource + "/docs/configuration.md")) {
    std::smatch match;
    if (!std::regex_match(line, match, kRow) || !stated_keys.contains(match[1])) continue;
    ++compared;
    EXPECT_TRUE(stated.contains({match[1], match[2]})) << line;
  }
  EXPECT_GT(compared, 40);
}

}  // namespace
}  // namespace router::config
