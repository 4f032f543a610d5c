#include "router/store/rescue.h"

#include <fstream>
#include <map>

#include "router/dataset/part10.h"
#include "router/store/ledger_reader.h"
#include "tests/unit/store/forbidden.h"
#include "tests/unit/store/store_fixture.h"

// Leaving: what was acknowledged comes out of a store whole, in order, and the store stays.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string ContentOf(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> LinesOf(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

class RescueTest : public ::testing::Test {
 protected:
  RescueTest() { Open(); }
  ~RescueTest() override { EXPECT_EQ(disk_.open_files(), 0) << "a descriptor was left open"; }

  std::string store() const { return folder_.path() + "/store"; }
  std::string to(const std::string& name = "out") const { return folder_.path() + "/" + name; }
  StorePaths paths() const { return {store()}; }

  void Open() { ledger_ = SqliteLedger::Open({.directory = store()}, clock_).value(); }
  void Die() { ledger_.reset(); }

  // A part of 300,000 bytes and more, so that no copy is made in one piece.
  RowId Accept(const std::string& uid, Kind kind, std::vector<Requirement> needs = {},
               std::optional<Reason> quarantine = {}, const std::string& title = "SLUICE") {
    dataset::FileMeta meta;
    meta.sop_class = Uid("1.2.840.10008.5.1.4.1.1.2");
    meta.sop_instance = Uid(uid);
    meta.transfer_syntax = Uid("1.2.840.10008.1.2.1");
    meta.implementation_class = Uid("1.2.3.4");
    const Buffer header = dataset::MakeFileMetaHeader(meta);
    const std::string data_set = uid + std::string(300'000, 'x');
    const std::string name = uid + ".dcm";
    SpoolFile file = WritePart(paths(), name, std::string(AsText(header)) + data_set);
    file.dataset_offset = header.size();
    file.sha256 = dataset::Sha256::Of(AsBytes(data_set));
    contents_[uid] = std::string(AsText(header)) + data_set;
    Acceptance arrival = Arrival(uid, std::move(file), std::move(needs));
    arrival.instance.kind = kind;
    arrival.instance.calling_as = AeTitle::FromWire(title);
    arrival.quarantine = std::move(quarantine);
    Result<Accepted> accepted = awaiter_.Await(ledger_->Accept(std::move(arrival)));
    EXPECT_TRUE(accepted);
    return accepted ? accepted->row : 0;
  }
  void AcceptChain() {
    Accept("1.4", Kind::kDose, {Needs("1.3", Kind::kPlan)});
    Accept("1.3", Kind::kPlan, {Needs("1.2", Kind::kStructureSet)});
    Accept("1.2", Kind::kStructureSet, {Needs("1.1")});
  }

  // Every file of the store with its content and time.
  std::map<std::string, std::pair<std::string, std::filesystem::file_time_type>> Store() const {
    std::map<std::string, std::pair<std::string, std::filesystem::file_time_type>> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(store()))
      if (entry.is_regular_file())
        all[entry.path()] = {ContentOf(entry.path()), entry.last_write_time()};
    return all;
  }
  std::vector<std::string> Files(const std::string& folder) const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }
  Result<Rescued> RescueTo(const std::string& name = "out") {
    return Rescue(store(), to(name), disk_);
  }

  TestClock clock_;
  ScratchFolder folder_;
  TestDisk disk_;
  Awaiter awaiter_;
  std::map<std::string, std::string> contents_;  // by UID, of the files
  std::unique_ptr<SqliteLedger> ledger_;
};

TEST_F(RescueTest, WhatWasAcknowledgedComesOutWholeAndInTheOrderOfInjection) {
  AcceptChain();
  Die();
  Result<Rescued> rescued = RescueTo();
  ASSERT_TRUE(rescued) << rescued.error().detail;
  EXPECT_EQ(rescued->report.all.instances, 3);
  EXPECT_EQ(rescued->report.all.written, 3);
  EXPECT_THAT(Files(to()),
              ElementsAre("VMSDBD", "ledger.sqlite", "manifest.csv", "send-VMSDBD.sh"));
  EXPECT_THAT(Files(to() + "/VMSDBD"),
              ElementsAre("000001-structure_set.dcm", "000002-plan.dcm", "000003-dose.dcm"));
  EXPECT_EQ(ContentOf(to() + "/VMSDBD/000001-structure_set.dcm"), contents_["1.2"]);
  EXPECT_EQ(ContentOf(to() + "/VMSDBD/000002-plan.dcm"), contents_["1.3"]);
  EXPECT_EQ(ContentOf(to() + "/VMSDBD/000003-dose.dcm"), contents_["1.4"]);
  const std::string script = ContentOf(to() + "/send-VMSDBD.sh");
  EXPECT_LT(script.find("structure_set.dcm"), script.find("plan.dcm"));
  EXPECT_LT(script.find("plan.dcm"), script.find("dose.dcm"));
}

TEST_F(RescueTest, TheManifestSaysWhatEachIsAndForWhatItWaits) {
  AcceptChain();
  Die();
  ASSERT_TRUE(RescueTo());
  const std::vector<std::string> lines = LinesOf(to() + "/manifest.csv");
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0],
            "order,application,file,sop_instance_uid,sop_class_uid,kind,state,reason,missing,"
            "missing_uids,may_be_there,called,calling,client,accepted_at,bytes,sha256");
  EXPECT_EQ(lines[2],
            "2,VMSDBD,VMSDBD/000002-plan.dcm,1.3,1.2.840.10008.5.1.4.1.1.2,plan,waiting,"
            "references,1,1.2,no,VMSDBD,SLUICE,TPS,2023-11-14T22:13:20Z," +
                std::to_string(contents_["1.3"].size()) + ",ok");
}

TEST_F(RescueTest, TheStoreStaysAsItWasAndGoesOn) {
  AcceptChain();
  Die();
  const auto before = Store();
  ASSERT_TRUE(RescueTo());
  EXPECT_EQ(Store(), before);
  Open();
  EXPECT_EQ(awaiter_.Await(ledger_->Held({})).value().size(), 3u);
}

// Where the process was killed the ledger's last commits lie in the log beside it.
TEST_F(RescueTest, WhatIsOnlyInTheLogOfTheLedgerComesOutToo) {
  AcceptChain();
  const std::string killed = folder_.path() + "/killed";
  std::filesystem::copy(store(), killed, std::filesystem::copy_options::recursive);
  ASSERT_GT(std::filesystem::file_size(killed + "/ledger.sqlite-wal"), 0u);
  Die();
  Result<Rescued> rescued = Rescue(killed, to(), disk_);
  ASSERT_TRUE(rescued) << rescued.error().detail;
  EXPECT_EQ(rescued->report.all.written, 3);
}

TEST_F(RescueTest, TwiceIsTheSameTwice) {
  AcceptChain();
  Die();
  ASSERT_TRUE(RescueTo("one"));
  ASSERT_TRUE(RescueTo("two"));
  EXPECT_EQ(ContentOf(to("one") + "/manifest.csv"), ContentOf(to("two") + "/manifest.csv"));
  EXPECT_EQ(ContentOf(to("one") + "/send-VMSDBD.sh"), ContentOf(to("two") + "/send-VMSDBD.sh"));
}

TEST_F(RescueTest, WhatHasArrivedOrWasGivenUpStaysOut) {
  RowId image = Accept("1.1", Kind::kImage), discarded = Accept("1.9", Kind::kDose);
  AcceptChain();
  ASSERT_TRUE(awaiter_.Await(ledger_->Claim(kVmsdbd, 10, "me", minutes(5))));
  ASSERT_TRUE(awaiter_.Await(ledger_->Begin({image}, minutes(5))));
  ASSERT_TRUE(awaiter_.Await(ledger_->Complete(image, std::nullopt)));
  ASSERT_TRUE(awaiter_.Await(ledger_->Discard(discarded, "a test", "me")));
  Die();
  EXPECT_EQ(RescueTo()->report.all.instances, 3);
}

TEST_F(RescueTest, WhatWasSentWithoutAnAnswerIsSaidToBePerhapsThere) {
  RowId image = Accept("1.1", Kind::kImage);
  ASSERT_TRUE(awaiter_.Await(ledger_->Claim(kVmsdbd, 10, "me", minutes(5))));
  ASSERT_TRUE(awaiter_.Await(ledger_->Begin({image}, minutes(5))));
  Die();
  EXPECT_EQ(RescueTo()->report.all.maybe_there, 1);
  EXPECT_THAT(LinesOf(to() + "/manifest.csv")[1], HasSubstr(",yes,"));
}

TEST_F(RescueTest, WhatIsInQuarantineIsNamedSoAndSentOnlyWhenAskedFor) {
  Accept("1.3", Kind::kPlan, {}, Reason{Cause::kUnknownMachine, "machine \"X\", not known"});
  Die();
  EXPECT_EQ(RescueTo()->report.all.quarantined, 1);
  EXPECT_THAT(Files(to() + "/VMSDBD"), ElementsAre("000001-plan.quarantined.dcm"));
  EXPECT_THAT(LinesOf(to() + "/manifest.csv")[1], HasSubstr("\"machine \"\"X\"\", not known\""));
  EXPECT_THAT(ContentOf(to() + "/send-VMSDBD.sh"),
              HasSubstr("if [ \"$quarantined\" = yes ]; then\nsend 'SLUICE' '' \\\n"
                        "  'VMSDBD/000001-plan.quarantined.dcm'\nfi\n"));
}

TEST_F(RescueTest, AStoreThatMayNotBeReadIsNotCalledNone) {
  AcceptChain();
  Die();
  Forbidden forbidden(store());
  Result<Rescued> rescued = RescueTo();
  ASSERT_FALSE(rescued);
  EXPECT_EQ(rescued.error().code, Errc::kDisk);
  EXPECT_THAT(rescued.error().detail, HasSubstr("Permission denied for user "));
  EXPECT_THAT(rescued.error().detail, Not(HasSubstr("no store")));
}

TEST_F(RescueTest, ADaemonThatRunsIsNotRescued) {
  AcceptChain();
  Result<Rescued> rescued = RescueTo();
  ASSERT_FALSE(rescued);
  EXPECT_EQ(rescued.error().code, Errc::kLimit);
  EXPECT_THAT(rescued.error().detail, HasSubstr("Sluice is running"));
  EXPECT_THAT(rescued.error().detail, HasSubstr("(process " + std::to_string(getpid())));
  EXPECT_FALSE(std::filesystem::exists(to()));
}

TEST_F(RescueTest, OnlyAnEmptyFolderOutsideOfTheStoreWillDo) {
  AcceptChain();
  Die();
  std::filesystem::create_directories(to());
  std::ofstream(to() + "/mine") << "x";
  EXPECT_THAT(RescueTo().error().detail, HasSubstr("is not empty"));
  EXPECT_THAT(Rescue(store(), store() + "/out", disk_).error().detail, HasSubstr("in the store"));
  EXPECT_THAT(Rescue(to("nowhere"), to("x"), disk_).error().detail, HasSubstr("no store in"));
  EXPECT_THAT(Files(to()), ElementsAre("mine"));
  std::filesystem::create_directories(to("empty"));
  EXPECT_TRUE(RescueTo("empty"));
}

TEST_F(RescueTest, AFileThatIsNotWhatWasReceivedIsCountedAndNeverSent) {
  AcceptChain();
  Die();
  {
    std::fstream file(paths().File("1.3.dcm"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(200'000);
    file.put('y');
  }
  std::filesystem::resize_file(paths().File("1.4.dcm"), 1000);
  Result<Rescued> rescued = RescueTo();
  ASSERT_TRUE(rescued) << rescued.error().detail;
  EXPECT_EQ(rescued->report.all.instances, 3);
  EXPECT_EQ(rescued->report.all.written, 1);
  EXPECT_EQ(rescued->report.all.damaged, 2);
  EXPECT_THAT(Files(to() + "/VMSDBD"),
              ElementsAre("000001-structure_set.dcm", "000002-plan.dcm.damaged",
                          "000003-dose.dcm.damaged"));
  EXPECT_THAT(LinesOf(to() + "/manifest.csv")[2], ::testing::EndsWith(",differs"));
  EXPECT_THAT(ContentOf(to() + "/send-VMSDBD.sh"), Not(HasSubstr("plan.dcm")));
}

TEST_F(RescueTest, AHeaderThatIsNoneDamagesTheFileThoughItsDataSetIsWhole) {
  Accept("1.3", Kind::kPlan);
  Die();
  {
    std::fstream file(paths().File("1.3.dcm"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(128);
    file.write("XXXX", 4);
  }
  EXPECT_EQ(RescueTo()->report.all.damaged, 1);
}

TEST_F(RescueTest, AFileThatIsGoneIsCountedAndTheOthersComeOut) {
  AcceptChain();
  Die();
  std::filesystem::remove(paths().File("1.2.dcm"));
  Result<Rescued> rescued = RescueTo();
  ASSERT_TRUE(rescued) << rescued.error().detail;
  EXPECT_EQ(rescued->report.all.lost, 1);
  EXPECT_EQ(rescued->report.all.written, 2);
  EXPECT_THAT(LinesOf(to() + "/manifest.csv")[1], HasSubstr("1,VMSDBD,,1.2,"));
}

TEST_F(RescueTest, ABadSectorKeepsOnlyItsOwnFileBack) {
  AcceptChain();
  Die();
  std::atomic<int> reads{0};
  disk_.SetHook([&](const std::string& call, const std::string&) -> Result<> {
    // The ledger and its end; then the second block of the first instance.
    if (call != "read" || ++reads != 4) return {};
    return Fail(Errc::kDisk, Blame::kInternal, "a bad sector");
  });
  Result<Rescued> rescued = RescueTo();
  ASSERT_TRUE(rescued) << rescued.error().detail;
  EXPECT_EQ(rescued->report.all.damaged, 1);
  EXPECT_EQ(rescued->report.all.written, 2);
}

TEST_F(RescueTest, AFullDiskEndsItWithoutAManifestAndTheStoreIsWhole) {
  AcceptChain();
  Die();
  const auto before = Store();
  for (int good = 0; good < 8; ++good) {
    std::atomic<int> writes{0};
    disk_.SetHook([&](const std::string& call, const std::string&) -> Result<> {
      if (call != "write" || writes++ < good) return {};
      return Fail(Errc::kDisk, Blame::kInternal, "cannot write", true);
    });
    const std::string name = "full" + std::to_string(good);
    Result<Rescued> rescued = RescueTo(name);
    ASSERT_FALSE(rescued) << good;
    EXPECT_EQ(rescued.error().code, Errc::kDisk);
    EXPECT_THAT(rescued.error().detail, HasSubstr("no space left")) << good;
    EXPECT_FALSE(std::filesystem::exists(to(name) + "/manifest.csv")) << good;
  }
  disk_.Heal();
  EXPECT_EQ(Store(), before);
  EXPECT_EQ(RescueTo()->report.all.written, 3);
}

TEST_F(RescueTest, WhatTheLedgerDoesNotKnowIsCountedAndLeft) {
  AcceptChain();
  Die();
  std::ofstream(paths().File("stray.dcm")) << "x";
  std::ofstream(paths().Part("unfinished")) << "x";
  EXPECT_EQ(RescueTo()->unclaimed, 1);
}

TEST(SendScriptTest, NothingThatATitleHoldsIsEverACommand) {
  EXPECT_EQ(Quoted("a'b $(c) `d` \\ \"e\""), "'a'\\''b $(c) `d` \\ \"e\"'");
  SendScript script("A\n$(id)'", {"h'$(id)", "104", AeTitle::FromWire("T'\"$(id)")});
  script.Add("A/1.dcm", AeTitle::FromWire("'$(id)"), Uid("1.2.840.10008.1.2"), false);
  const std::string text = script.Text();
  EXPECT_THAT(text, HasSubstr("host='h'\\''$(id)'\n"));
  EXPECT_THAT(text, HasSubstr("send ''\\''$(id)' '' \\\n  'A/1.dcm'\n"));
  EXPECT_THAT(text, HasSubstr("for A???id?? that Sluice"));
}

TEST(SendScriptTest, EachTitleAndTransferSyntaxHasAnAssociationOfItsOwnInOrder) {
  SendScript script("A", {});
  const AeTitle one = AeTitle::FromWire("ONE"), two = AeTitle::FromWire("TWO");
  script.Add("1", one, Uid("1.2.840.10008.1.2"), false);
  script.Add("2", one, Uid("1.2.840.10008.1.2.1"), false);
  script.Add("3", one, Uid("1.2.840.10008.1.2.5"), false);
  script.Add("4", two, Uid("1.2.840.10008.1.2.5"), false);
  EXPECT_THAT(script.Text(), HasSubstr("send 'ONE' '' \\\n  '1' \\\n  '2'\n"
                                       "send 'ONE' '-xr' \\\n  '3'\n"
                                       "send 'TWO' '-xr' \\\n  '4'\n"));
}

}  // namespace
}  // namespace router::store
