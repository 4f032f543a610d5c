#include "router/store/backup.h"

#include <fstream>
#include <thread>

#include "tests/unit/store/forbidden.h"
#include "tests/unit/store/store_fixture.h"

// A store that is saved while it works, lost, and made again.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Two file systems.
class DiskWithoutLinks : public Disk {
 public:
  Result<bool> Link(const std::string&, const std::string&) override { return false; }
};

// On which the store goes on at chosen moments.
class BusyDisk : public Disk {
 public:
  std::function<void()> after_list;
  std::function<void(const std::string& from)> before_link;

  Result<std::vector<Entry>> List(const std::string& directory) override {
    Result<std::vector<Entry>> entries = Disk::List(directory);
    after_list();
    return entries;
  }
  Result<bool> Link(const std::string& from, const std::string& to) override {
    before_link(from);
    return Disk::Link(from, to);
  }
};

// Another process begins a store in the very moment between the look at the place and its lock.
class RacedDisk : public Disk {
 public:
  std::function<void()> meanwhile;

  Result<> MakeDirectory(const std::string& path) override {
    Result<> made = Disk::MakeDirectory(path);
    if (meanwhile) std::exchange(meanwhile, {})();
    return made;
  }
};

class BackupTest : public ::testing::Test {
 protected:
  std::string store() const { return folder_.path() + "/store"; }
  std::string shelf() const { return folder_.path() + "/shelf"; }
  StorePaths paths() const { return {store()}; }
  void Open() { ledger_ = SqliteLedger::Open({.directory = store()}, clock_).value(); }
  template <class T>
  T Await(Task<T> task) {
    return awaiter_.Await(std::move(task));
  }
  RowId Accept(std::string_view uid, std::vector<Requirement> needs = {}) {
    std::string name = "f" + std::to_string(++files_) + ".dcm";
    SpoolFile file = WritePart(paths(), name, "content of " + name);
    return Await(ledger_->Accept(Arrival(uid, std::move(file), std::move(needs)))).value().row;
  }
  // Storage commitment of the file that is named after it.
  void Promise(std::string_view uid, WallTime until) {
    NewCommitment asked;
    asked.application = kVmsdbd;
    asked.client = AeTitle::FromWire(kTpsTitle);
    asked.request = {Uid("2.1"), {{Uid("1.2.840.10008.5.1.4.1.1.2"), Uid(uid)}}};
    asked.deadline = clock_.WallNow() + hours(1);
    const RowId id = Await(ledger_->commitments().Add(std::move(asked))).value().id;
    std::vector<InstanceDecision> decisions = {{id, 0, 0, {std::string(uid) + ".dcm"}, until}};
    ASSERT_EQ(Await(ledger_->commitments().Decide(std::move(decisions))).value(), 1);
  }
  // Something is written then: what is over goes.
  void Pass(std::chrono::milliseconds time) {
    clock_.Advance(time);
    Await(ledger_->AskSoon(kVmsdbd, {Uid("8." + std::to_string(++files_))}, clock_.WallNow()));
    Await(ledger_->OpenRows(kVmsdbd));  // answered after what was unlinked before it
  }
  void LoseTheStore() {
    ledger_.reset();
    std::filesystem::remove_all(store());
  }
  Row Find(RowId row) { return Await(ledger_->Find(row)).value(); }
  Result<StoreCopy> RestoreHere() { return Restore(shelf(), store(), clock_.WallNow()); }
  static std::vector<std::string> FilesIn(const std::string& spool) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(spool))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  TestClock clock_;
  ScratchFolder folder_;
  Awaiter awaiter_;
  std::unique_ptr<SqliteLedger> ledger_;
  int files_ = 0;
};

TEST_F(BackupTest, WhatIsHeldComesBackFromABackupMadeWhileTheLedgerWorks) {
  Open();
  RowId waiting = Accept("1.1", {Needs("9.1"), Needs("9.2")}), ready = Accept("1.2");
  RowId quarantined = Accept("1.3");
  ASSERT_TRUE(Await(ledger_->Quarantine(quarantined, {Cause::kRefused, "C000"})));
  ASSERT_TRUE(Await(ledger_->Discard(Accept("1.4"), "not wanted", "me")));
  WritePart(paths(), "coming.dcm", "half");
  StoreCopy copy = BackUp(store(), shelf()).value();
  EXPECT_EQ(copy.instances, 3);
  EXPECT_EQ(copy.files, 3);
  EXPECT_THAT(FilesIn(shelf() + "/spool"), ElementsAre("f1.dcm", "f2.dcm", "f3.dcm"));
  RowId later = Accept("1.5");  // the ledger goes on
  EXPECT_EQ(Find(later).state, State::kReady);
  LoseTheStore();

  StoreCopy restored = RestoreHere().value();
  EXPECT_EQ(restored.instances, 3);
  EXPECT_THAT(restored.damaged, IsEmpty());
  Open();
  EXPECT_THAT(ledger_->sweep().files_without_row, IsEmpty());
  EXPECT_THAT(ledger_->sweep().rows_without_file, IsEmpty());
  EXPECT_THAT(ledger_->sweep().wrong_sizes, IsEmpty());
  EXPECT_EQ(Find(waiting).missing, 2);
  EXPECT_EQ(Find(ready).state, State::kReady);
  EXPECT_EQ(Find(quarantined).reason, (Reason{Cause::kRefused, "C000"}));
  Knowledge known{How::kQuery, clock_.WallNow() + hours(1)};
  EXPECT_EQ(Await(ledger_->Exists(kVmsdbd, {Uid("9.1"), Uid("9.2")}, known)).value().size(), 1u);
  std::ifstream file(paths().File("f1.dcm"));
  EXPECT_EQ(std::string((std::istreambuf_iterator<char>(file)), {}), "content of f1.dcm");
}

TEST_F(BackupTest, WhatIsKeptForStorageCommitmentComesBackForAsLongAsItWasToBeKept) {
  Open();
  for (const char* uid : {"1.1", "1.2"}) {
    Acceptance sent = Arrival(uid, WritePart(paths(), std::string(uid) + ".dcm", "original"));
    sent.retain_for = hours(1);
    ASSERT_TRUE(Await(ledger_->Keep(std::move(sent))));
  }
  Promise("1.2", clock_.WallNow() + hours(3));
  ASSERT_TRUE(BackUp(store(), shelf()));
  LoseTheStore();
  EXPECT_THAT(RestoreHere().value().damaged, IsEmpty());
  Open();
  EXPECT_THAT(ledger_->sweep().rows_without_file, IsEmpty());
  EXPECT_EQ(ledger_->gauges().kept_bytes, 16);
  EXPECT_EQ(ledger_->gauges().spare_bytes, 8);
  Pass(minutes(50));
  EXPECT_THAT(FilesIn(paths().Spool()), ElementsAre("1.1.dcm", "1.2.dcm"));
  Pass(minutes(10));
  EXPECT_THAT(FilesIn(paths().Spool()), ElementsAre("1.2.dcm")) << "kept for an hour, as it was";
  EXPECT_EQ(Await(ledger_->MakeRoom(1)).value(), 0u) << "promised, as it was";
  Pass(minutes(110));
  EXPECT_THAT(FilesIn(paths().Spool()), ElementsAre("1.2.dcm"));
  Pass(minutes(10));
  EXPECT_THAT(FilesIn(paths().Spool()), IsEmpty());
}

TEST_F(BackupTest, TheStoreOfADeadProcessIsSavedAsWell) {
  Open();
  RowId id = Accept("1.1", {Needs("9.1")});
  ledger_.reset();
  ASSERT_TRUE(BackUp(store(), shelf()));
  LoseTheStore();
  ASSERT_TRUE(RestoreHere());
  Open();
  EXPECT_EQ(Find(id).state, State::kWaiting);
}

// Sent since, or not: its UID there, or the status "duplicate", is no sign of a stranger.
TEST_F(BackupTest, WhatMayHaveBeenSentSinceCountsAsAnAttemptWithoutAnswer) {
  Open();
  RowId id = Accept("1.1"), was_there = Accept("1.2");
  ASSERT_TRUE(Await(ledger_->AskSoon(kVmsdbd, {Uid("1.2")}, clock_.WallNow())));
  ASSERT_TRUE(BackUp(store(), shelf()));
  ASSERT_EQ(Await(ledger_->Claim(kVmsdbd, 1, "a", minutes(5))).value().size(), 1u);
  ASSERT_TRUE(Await(ledger_->Complete(id, std::nullopt)));
  LoseTheStore();
  ASSERT_TRUE(RestoreHere());
  Open();
  EXPECT_EQ(Find(id).state, State::kReady);
  EXPECT_TRUE(Find(id).maybe_there);
  EXPECT_FALSE(Find(id).there_before);
  EXPECT_TRUE(Find(was_there).maybe_there);
  EXPECT_TRUE(Find(was_there).there_before);
  EXPECT_EQ(Await(ledger_->History(id)).value().back().reason.text, "restored from a backup");
}

TEST_F(BackupTest, WhereAnInstanceComesAndGoesMeanwhileALaterMomentIsSaved) {
  Open();
  Accept("1.1", {Needs("9.1")});
  int lists = 0;
  RowId brief = 0;
  BusyDisk disk;
  disk.after_list = [&] {
    if (++lists == 1) brief = Accept("1.2");
  };
  disk.before_link = [&](const std::string& from) {
    if (from != paths().File("f2.dcm") || Find(brief).state != State::kReady) return;
    EXPECT_TRUE(Await(ledger_->Discard(brief, "", "me")));
    Find(brief);  // answered after the file was removed
  };
  StoreCopy copy = BackUp(store(), shelf(), disk).value();
  EXPECT_EQ(lists, 2);
  EXPECT_EQ(copy.instances, 1);
  LoseTheStore();
  EXPECT_THAT(RestoreHere().value().damaged, IsEmpty());
  Open();
  EXPECT_THAT(ledger_->sweep().rows_without_file, IsEmpty());
  EXPECT_EQ(Find(brief).state, State::kDiscarded);
}

TEST_F(BackupTest, EveryBackupIsWholeWhileInstancesComeAndGo) {
  Open();
  constexpr int kBackups = 5;
  std::atomic<bool> done = false;
  std::atomic<int> made = 0;
  std::thread saving([&] {
    for (int i = 0; i < kBackups; ++i) {
      const std::string to = shelf() + std::to_string(i);
      Result<StoreCopy> copy = BackUp(store(), to);
      while (!copy && copy.error().retryable) {
        std::filesystem::remove_all(to);
        copy = BackUp(store(), to);
      }
      EXPECT_TRUE(copy) << (copy ? "" : copy.error().detail);
      made += copy ? 1 : 0;
    }
    done = true;
  });
  std::vector<RowId> kept;
  while (!done) {
    RowId id = Accept("1." + std::to_string(files_), {Needs("9.1")});
    kept.push_back(id);
    if (kept.size() < 20) continue;
    ASSERT_TRUE(Await(ledger_->Discard(kept.front(), "", "me")));
    kept.erase(kept.begin());
  }
  saving.join();
  ASSERT_EQ(made, kBackups);
  for (int i = 0; i < kBackups; ++i) {
    const std::string again = store() + std::to_string(i);
    StoreCopy copy = Restore(shelf() + std::to_string(i), again, clock_.WallNow()).value();
    EXPECT_THAT(copy.damaged, IsEmpty());
    auto ledger = SqliteLedger::Open({.directory = again}, clock_).value();
    EXPECT_THAT(ledger->sweep().rows_without_file, IsEmpty());
    EXPECT_THAT(ledger->sweep().files_without_row, IsEmpty());
    EXPECT_EQ(Await(ledger->OpenRows(kVmsdbd)).value(), copy.instances);
  }
}

TEST_F(BackupTest, BetweenTwoFileSystemsFilesAreCopied) {
  Open();
  Accept("1.1");
  DiskWithoutLinks disk;
  ASSERT_TRUE(BackUp(store(), shelf(), disk));
  EXPECT_EQ(std::filesystem::hard_link_count(paths().File("f1.dcm")), 1u);
  LoseTheStore();
  ASSERT_TRUE(Restore(shelf(), store(), clock_.WallNow(), disk));
  Open();
  EXPECT_THAT(ledger_->sweep().rows_without_file, IsEmpty());
}

TEST_F(BackupTest, ABackupThatWasBrokenOffIsNotRestored) {
  Open();
  Accept("1.1");
  TestDisk disk;
  disk.Fail("create");  // the mark, written last
  EXPECT_FALSE(BackUp(store(), shelf(), disk));
  Result<StoreCopy> restored = Restore(shelf(), folder_.path() + "/other", clock_.WallNow());
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().code, Errc::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/other/ledger.sqlite"));
}

TEST_F(BackupTest, WhereThereIsNoRoomThatIsSaidOfTheTargetAndNothingStays) {
  Open();
  Accept("1.1");
  DiskWithoutLinks links;
  ASSERT_TRUE(BackUp(store(), shelf(), links));
  TestDisk disk;
  disk.Fail("sync", true);
  Result<StoreCopy> copy = BackUp(store(), shelf() + "2", disk);
  ASSERT_FALSE(copy);
  EXPECT_THAT(copy.error().detail, HasSubstr("the backup in " + shelf() + "2 failed"));
  EXPECT_THAT(copy.error().detail, HasSubstr("bytes are free there"));
  EXPECT_THAT(FilesIn(shelf() + "2"), ElementsAre("spool"));
  EXPECT_THAT(FilesIn(shelf() + "2/spool"), IsEmpty());
  disk.Heal();
  EXPECT_TRUE(BackUp(store(), shelf() + "2", disk));
}

TEST_F(BackupTest, ARestoreThatFailsLeavesNothingInTheWayOfTheNext) {
  Open();
  Accept("1.1");
  ASSERT_TRUE(BackUp(store(), shelf()));
  LoseTheStore();
  TestDisk disk;
  disk.Fail("rename");  // the last step
  ASSERT_FALSE(Restore(shelf(), store(), clock_.WallNow(), disk));
  EXPECT_EQ(disk.open_files(), 0);
  ASSERT_TRUE(RestoreHere());
  Open();
  EXPECT_EQ(Find(1).state, State::kReady);
}

// The ledger has its name by then, and its directory will not be synced: whatever a loss of power
// brings back, no ledger is without its files.
TEST_F(BackupTest, ARestoreThatFailsAtItsVeryEndLeavesNoLedgerWithoutItsFiles) {
  Open();
  Accept("1.1");
  ASSERT_TRUE(BackUp(store(), shelf()));
  LoseTheStore();
  TestDisk disk;
  for (const bool stays_broken : {true, false}) {
    bool named = false;
    std::vector<std::string> unlinked;
    disk.SetHook([&](const std::string& call, const std::string& path) -> Result<> {
      if (call == "rename") named = true;
      if (call == "unlink") unlinked.push_back(path);
      if (call != "sync_directory" || !named || path != store()) return {};
      named = stays_broken;
      return router::Fail(Errc::kDisk, Blame::kInternal, "it was made to fail");
    });
    Result<StoreCopy> restored = Restore(shelf(), store(), clock_.WallNow(), disk);
    ASSERT_FALSE(restored);
    EXPECT_THAT(restored.error().detail,
                HasSubstr(stays_broken ? "could not be removed" : "is removed"));
    ASSERT_FALSE(unlinked.empty());
    EXPECT_EQ(unlinked.front(), paths().Ledger());
    EXPECT_FALSE(std::filesystem::exists(paths().Ledger()));
    EXPECT_EQ(FilesIn(paths().Spool()).size(), stays_broken ? 1u : 0u);
    if (stays_broken) std::filesystem::remove_all(store());
  }
  ASSERT_TRUE(RestoreHere());
}

TEST_F(BackupTest, AStoreThatIsBegunMeanwhileIsNotOverwrittenByARestore) {
  Open();
  Accept("1.1");
  ASSERT_TRUE(BackUp(store(), shelf()));
  LoseTheStore();
  RacedDisk disk;
  disk.meanwhile = [this] {
    Open();
    Accept("1.2");
    ledger_.reset();
  };
  Result<StoreCopy> restored = Restore(shelf(), store(), clock_.WallNow(), disk);
  ASSERT_FALSE(restored);
  EXPECT_THAT(restored.error().detail, HasSubstr("not empty"));
  Open();
  EXPECT_EQ(Find(1).instance.sop_instance, Uid("1.2"));
  EXPECT_EQ(FilesIn(paths().Spool()).size(), 1u);
}

TEST_F(BackupTest, ARestoreThatWasCutShortIsNamedAndNoStoreIsBegunUponIt) {
  std::filesystem::create_directories(store() + "/spool");
  std::ofstream(paths().LedgerPart()) << "half";
  Result<std::unique_ptr<SqliteLedger>> begun = SqliteLedger::Open({.directory = store()}, clock_);
  ASSERT_FALSE(begun);
  EXPECT_THAT(begun.error().detail, HasSubstr("was broken off"));
  EXPECT_FALSE(std::filesystem::exists(paths().Ledger()));
  {
    auto other = SqliteLedger::Open({.directory = folder_.path() + "/other"}, clock_);
    ASSERT_TRUE(BackUp(folder_.path() + "/other", shelf()));
  }
  Result<StoreCopy> restored = RestoreHere();
  ASSERT_FALSE(restored);
  EXPECT_THAT(restored.error().detail, HasSubstr("was broken off"));
  EXPECT_THAT(restored.error().detail, HasSubstr("rm -r " + store()));
}

TEST_F(BackupTest, NothingIsWrittenOverWhatIsThere) {
  Open();
  Accept("1.1");
  ASSERT_TRUE(BackUp(store(), shelf()));
  Result<StoreCopy> again = BackUp(store(), shelf());
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().detail, HasSubstr("not empty"));
  Result<StoreCopy> restored = RestoreHere();
  ASSERT_FALSE(restored);
  EXPECT_THAT(restored.error().detail, HasSubstr("not empty"));
  EXPECT_EQ(Find(1).state, State::kReady);
}

TEST_F(BackupTest, NeitherLiesInTheOther) {
  Open();
  Accept("1.1");
  for (const std::string& inside : {store() + "/backup", store() + "/spool", store()}) {
    Result<StoreCopy> copy = BackUp(store(), inside);
    ASSERT_FALSE(copy) << inside;
    EXPECT_THAT(copy.error().detail, HasSubstr("lies in the store"));
  }
  EXPECT_FALSE(std::filesystem::exists(store() + "/backup"));
  ASSERT_TRUE(BackUp(store(), shelf()));
  Result<StoreCopy> restored = Restore(shelf(), shelf() + "/store", clock_.WallNow());
  ASSERT_FALSE(restored);
  EXPECT_THAT(restored.error().detail, HasSubstr("lies in the backup"));
}

TEST_F(BackupTest, WhereThereIsNoStoreThereIsNothingToSave) {
  Result<StoreCopy> copy = BackUp(store(), shelf());
  ASSERT_FALSE(copy);
  EXPECT_EQ(copy.error().code, Errc::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(shelf()));
}

TEST_F(BackupTest, WhereTheRightIsLackingThatIsSaidAndOfWhom) {
  Open();
  Accept("1.1");
  ASSERT_TRUE(BackUp(store(), shelf()));
  for (const std::string& closed : {store(), shelf()}) {
    Forbidden forbidden(closed);
    Result<StoreCopy> copy = closed == store() ? BackUp(store(), shelf() + "2")
                                               : Restore(shelf(), store() + "2", clock_.WallNow());
    ASSERT_FALSE(copy);
    EXPECT_EQ(copy.error().code, Errc::kDisk);
    EXPECT_THAT(copy.error().detail, HasSubstr("Permission denied for user "));
    EXPECT_THAT(copy.error().detail, HasSubstr(closed));
  }
}

TEST_F(BackupTest, ADamagedFileIsNamedAndTheRestComesBack) {
  Open();
  for (const char* uid : {"1.1", "1.2", "1.3"}) Accept(uid);
  DiskWithoutLinks disk;
  ASSERT_TRUE(BackUp(store(), shelf(), disk));
  LoseTheStore();
  std::ofstream(shelf() + "/spool/f1.dcm") << "CONTENT of f1.dcm";  // as long as it was
  std::filesystem::remove(shelf() + "/spool/f2.dcm");
  StoreCopy restored = RestoreHere().value();
  const DamagedInstance differs{"f1.dcm", false, Uid("1.1"), Kind::kImage, "VMSDBD", "ready"};
  const DamagedInstance missing{"f2.dcm", true, Uid("1.2"), Kind::kImage, "VMSDBD", "ready"};
  EXPECT_EQ(restored.damaged, (std::vector{differs, missing}));
  EXPECT_EQ(restored.instances, 3);
  Open();
  EXPECT_EQ(Find(3).state, State::kReady);
  EXPECT_THAT(ledger_->sweep().rows_without_file, ElementsAre("f2.dcm"));
}

TEST_F(BackupTest, ADamagedLedgerIsNotRestored) {
  Open();
  for (int i = 0; i < 100; ++i) Accept("1." + std::to_string(i), {Needs("9.1")});
  ASSERT_TRUE(BackUp(store(), shelf()));
  LoseTheStore();
  {
    std::fstream file(shelf() + "/ledger.sqlite", std::ios::in | std::ios::out | std::ios::binary);
    for (int at = 8192; at < 100'000; at += 16384) {
      file.seekp(at);
      file << std::string(512, '\xA5');
    }
  }
  Result<StoreCopy> restored = RestoreHere();
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().code, Errc::kCorrupt);
  EXPECT_THAT(restored.error().detail, HasSubstr(shelf() + "/ledger.sqlite"));
  EXPECT_THAT(restored.error().detail, HasSubstr("Take an older backup"));
  EXPECT_FALSE(std::filesystem::exists(paths().Ledger()));
}

}  // namespace
}  // namespace router::store
