#include "router/config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace router::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Example(const std::string& name) {
  return std::string(SLUICE_SOURCE_DIR) + "/deploy/" + name;
}

std::vector<std::string> Texts(const std::vector<AeTitle>& titles) {
  std::vector<std::string> texts;
  for (const AeTitle& title : titles) texts.push_back(title.str());
  return texts;
}

class SampleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Loaded loaded = LoadFile(Example("sluice.example.yaml"));
    ASSERT_THAT(loaded.errors, IsEmpty());
    config_ = loaded.config;
  }
  std::shared_ptr<const Config> config_;
};

TEST_F(SampleTest, SaysWhoWeAreAndWhereWeListen) {
  EXPECT_EQ(config_->ae_title.view(), "SLUICE");
  EXPECT_THAT(config_->listen, ElementsAre(Endpoint{"", 51402}));
  EXPECT_EQ(config_->store.directory, "/var/lib/sluice");
  EXPECT_EQ(config_->admin.listen, (Endpoint{"127.0.0.1", 8780}));
  EXPECT_EQ(config_->metrics, std::nullopt);
}

TEST_F(SampleTest, AriaResolvesItsDefaults) {
  ASSERT_THAT(config_->applications, SizeIs(3));
  const Application& vmsdbd = config_->applications[0];
  EXPECT_EQ(vmsdbd.name, "VMSDBD");
  EXPECT_EQ(vmsdbd.ae_title.view(), "VMSDBD");
  EXPECT_THAT(Texts(vmsdbd.also_called), ElementsAre("VMSSDBD", "VMSDBD1"));
  EXPECT_EQ(vmsdbd.address, (Endpoint{"10.1.0.4", 51402}));
  EXPECT_EQ(vmsdbd.profile, Profile::kAria);
  EXPECT_EQ(vmsdbd.mode, Mode::kEnforce);
  EXPECT_THAT(vmsdbd.machines, ElementsAre("TrueBeam1", "EDGE"));
  EXPECT_EQ(vmsdbd.hold, (Hold{30min, 168h, AfterDeadline::kQuarantine}));
  EXPECT_EQ(vmsdbd.max_associations, 4u);
  EXPECT_EQ(vmsdbd.confirm, Confirm::kQuery);
  EXPECT_EQ(vmsdbd.get, Get::kBridge);
  EXPECT_EQ(vmsdbd.call_as.view(), "SLUICE");
  EXPECT_THAT(Texts(vmsdbd.move_as), ElementsAre("SLUICE"));
  EXPECT_EQ(vmsdbd.moves, Moves::kCarry);
  EXPECT_TRUE(vmsdbd.CallsFrom(*IpAddress::Parse("10.1.0.4")));
  EXPECT_FALSE(vmsdbd.CallsFrom(*IpAddress::Parse("10.1.0.5")));
}

TEST_F(SampleTest, OtherApplicationsKeepTheCallersTitle) {
  const Application& file_service = config_->applications[1];
  EXPECT_EQ(file_service.moves, Moves::kForward);
  EXPECT_TRUE(file_service.call_as.empty());
  const Application& pacs = config_->applications[2];
  EXPECT_EQ(pacs.moves, Moves::kCarry);
  EXPECT_EQ(pacs.confirm, Confirm::kStatus);
  EXPECT_EQ(pacs.get, Get::kAuto);
  EXPECT_EQ(pacs.max_associations, 8u);
}

TEST_F(SampleTest, ClientsMayWhatTheyMay) {
  ASSERT_THAT(config_->clients, SizeIs(2));
  const Client& scripts = config_->clients[0];
  EXPECT_THAT(scripts.ae_titles, ElementsAre("DCMTK", "DCMCTK"));
  EXPECT_EQ(scripts.receives_on, 50500);
  EXPECT_TRUE(scripts.May(Operation::kMove));
  EXPECT_EQ(scripts.acknowledge, (Acknowledge{0ms, Acknowledge::Then::kDurable}));
  const Client& segmentation = config_->clients[1];
  EXPECT_TRUE(segmentation.May(Operation::kStore));
  EXPECT_TRUE(segmentation.May(Operation::kEcho));
  EXPECT_FALSE(segmentation.May(Operation::kFind));
  EXPECT_FALSE(segmentation.Receives());
}

// The numbers of design, hold, moves and limits, where no key says otherwise.
TEST_F(SampleTest, DefaultsAreThoseOfTheContract) {
  const Application& a = config_->applications[0];
  EXPECT_EQ(a.decide_within, 2s);
  EXPECT_EQ(a.verify_for, 60s);
  EXPECT_EQ(a.quiet_for, 10min);
  EXPECT_EQ(a.answer_within, 45s);
  EXPECT_EQ(a.settle, 5s);
  EXPECT_EQ(a.late, 60s);
  EXPECT_EQ(a.pending_interval, 10s);
  EXPECT_EQ(a.unknown_machine, UnknownMachine::kQuarantine);
  EXPECT_EQ(a.move_originator, MoveOriginator::kLearn);
  EXPECT_EQ(a.unknown_destinations, UnknownDestinations::kPass);
  EXPECT_EQ(a.on_conflict, OnConflict::kKeep);
  EXPECT_EQ(config_->limits.max_pdu, 128u * 1024);
  EXPECT_EQ(config_->limits.buffers, 256u << 20);
  EXPECT_EQ(config_->loops, 0u);
}

const std::string kGood = "ae_title: SLUICE\nlisten: [51402]\nstore: {directory: /d}\n";

std::shared_ptr<const Config> Loading(const std::string& text) {
  Loaded loaded = LoadText("f", kGood + text);
  EXPECT_THAT(loaded.errors, IsEmpty());
  return loaded.config;
}

TEST(Load, ScalarsAreReadFromTextAndNotGuessed) {
  auto config = Loading(
      "applications:\n"
      "  NO: {address: \"10.1.0.4:0104\", also_called: [0104, 1.50, yes, 'null', 1e3]}\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->applications[0].ae_title.view(), "NO");
  EXPECT_EQ(config->applications[0].address->port, 104);
  EXPECT_THAT(Texts(config->applications[0].also_called),
              ElementsAre("0104", "1.50", "yes", "null", "1e3"));
}

TEST(Load, ProfileSetsOnlyWhatIsNotWritten) {
  auto config = Loading(
      "applications:\n"
      "  A: {confirm: status, call_as: OTHER, get: relay, profile: aria, machines: [M],\n"
      "      address: \"10.1.0.4:104\", move_as: [S1, S2]}\n");
  ASSERT_TRUE(config);
  const Application& a = config->applications[0];
  EXPECT_EQ(a.confirm, Confirm::kStatus);
  EXPECT_EQ(a.call_as.view(), "OTHER");
  EXPECT_EQ(a.get, Get::kRelay);
  EXPECT_THAT(Texts(a.move_as), ElementsAre("S1", "S2"));
}

TEST(Load, OurTitleIsTheDefaultWhereverItStandsInTheFile) {
  Loaded loaded = LoadText("f",
                           "applications:\n"
                           "  A: {profile: aria, machines: [M], address: \"10.1.0.4:104\"}\n"
                           "listen: [104]\n"
                           "store: {directory: /d}\n"
                           "ae_title: LATE\n");
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->applications[0].call_as.view(), "LATE");
  EXPECT_THAT(Texts(loaded.config->applications[0].move_as), ElementsAre("LATE"));
}

TEST(Load, AnAddressLiteralThatBeginsWithASpaceIsUnderstood) {
  auto config = Loading("applications: {VMSFD: {address: \" 10.1.0.9:51405\"}}\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->applications[0].address, (Endpoint{"10.1.0.9", 51405}));
  EXPECT_TRUE(config->applications[0].CallsFrom(*IpAddress::Parse("10.1.0.9")));
}

TEST(Load, AnEmptySectionIsAnEmptyMap) {
  auto config = Loading("applications:\nclients:\nlog:\nlimits: {}\nrules:\nadmin:\n");
  ASSERT_TRUE(config);
  EXPECT_THAT(config->applications, IsEmpty());
}

TEST(Load, StatusPatternsMatchWhatTheySay) {
  auto config = Loading(
      "applications:\n"
      "  A: {address: \"10.1.0.4:104\", statuses: {not_yet: 0xC001, again: [a7xx, \"0110\"]}}\n");
  ASSERT_TRUE(config);
  const Statuses& statuses = config->applications[0].statuses;
  ASSERT_THAT(statuses.not_yet, SizeIs(1));
  EXPECT_TRUE(statuses.not_yet[0].Matches(0xC001));
  EXPECT_FALSE(statuses.not_yet[0].Matches(0xC000));
  ASSERT_THAT(statuses.again, SizeIs(2));
  EXPECT_TRUE(statuses.again[0].Matches(0xA7FF));
  EXPECT_FALSE(statuses.again[0].Matches(0xA900));
  EXPECT_TRUE(statuses.again[1].Matches(0x0110));
}

TEST(Load, ControlCharactersOfAFileNeverReachAMessage) {
  Loaded loaded = LoadText("f", kGood + "\"a\\nb\\x01\": 1\nlog: {level: \"x\\ny\"}\n");
  ASSERT_THAT(loaded.errors, SizeIs(2));
  for (const std::string& error : loaded.errors)
    for (unsigned char c : error) EXPECT_GE(c, 0x20);
}

TEST(Load, ATokenIsTheFirstLineOfItsFile) {
  std::string path =
      std::filesystem::temp_directory_path() / ("sluice_token_" + std::to_string(getpid()));
  std::ofstream(path) << " secret-token \nmore\n";
  auto config = Loading("admin: {listen: \"127.0.0.1:0\", token_file: " + path + "}\n");
  std::filesystem::remove(path);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->admin.token, "secret-token");
}

TEST(Load, FilesThatCannotBeReadSaySo) {
  EXPECT_THAT(LoadFile("/nonexistent/sluice.yaml").errors,
              ElementsAre("/nonexistent/sluice.yaml:1:1: cannot read: No such file or directory"));
  EXPECT_THAT(LoadFile("/tmp").errors, ElementsAre("/tmp:1:1: cannot read: Is a directory"));
}

TEST(Load, WhatIsTooLargeForAConfigurationIsNotRead) {
  Loaded loaded = LoadText("f", std::string(5 << 20, '#'));
  EXPECT_THAT(loaded.errors,
              ElementsAre("f:1:1: the file is larger than 4 MiB; this is no configuration"));
}

TEST(Load, DeepNestingEndsInAnErrorNotInAStackOverflow) {
  Loaded loaded = LoadText("f", kGood + "rules: " + std::string(100'000, '['));
  EXPECT_FALSE(loaded.config);
  EXPECT_THAT(loaded.errors, SizeIs(1));
}

// Whatever a file holds, it either loads or is explained: nothing is thrown, and each line of the
// explanation has its place.
class MutationTest : public ::testing::TestWithParam<std::string> {};

std::string Mutated(std::string text, std::mt19937& random) {
  auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  static const std::string kSpice = "{}[]:,-#&*!|>'\"%@`?\\\n\t\r \0\x7F\xFF\xEF\xBB\xBF~0<";
  for (size_t changes = 1 + below(4); changes > 0; --changes) {
    size_t at = below(text.size());
    switch (below(4)) {
      case 0:
        text[at] = kSpice[below(kSpice.size())];
        break;
      case 1:
        text.insert(at, 1, kSpice[below(kSpice.size())]);
        break;
      case 2:
        text.erase(at, 1 + below(20));
        break;
      default:
        text.insert(at, text.substr(below(text.size()), below(40)));
    }
    if (text.empty()) text = " ";
  }
  return text;
}

TEST_P(MutationTest, EveryTextLoadsOrIsExplained) {
  const std::string sample = ReadText(Example(GetParam()));
  ASSERT_FALSE(sample.empty());
  std::mt19937 random(20240607);
  size_t refused = 0;
  const ReadRules read_no_rules = [](const Positioned&, const Config&) { return RulesRead(); };
  for (int round = 0; round < 1000; ++round) {
    std::string text = Mutated(sample, random);
    Loaded loaded;
    ASSERT_NO_THROW(loaded = LoadText("f", text, read_no_rules)) << text;
    ASSERT_EQ(loaded.config == nullptr, !loaded.errors.empty()) << text;
    refused += loaded.errors.empty() ? 0 : 1;
    for (const std::string& error : loaded.errors) {
      int line = 0, column = 0;
      ASSERT_EQ(sscanf(error.c_str(), "f:%d:%d: ", &line, &column), 2) << error;
      ASSERT_GE(line, 1) << error << "\n" << text;
      ASSERT_GE(column, 1) << error << "\n" << text;
    }
  }
  EXPECT_GT(refused, 200u);   // the mutations bite
  EXPECT_LT(refused, 1000u);  // and not all of them are fatal
}

INSTANTIATE_TEST_SUITE_P(Samples, MutationTest,
                         ::testing::Values("sluice.example.yaml", "sluice.full.yaml"),
                         [](const auto& info) {
                           return info.param == "sluice.full.yaml" ? "Full" : "Example";
                         });

}  // namespace
}  // namespace router::config
