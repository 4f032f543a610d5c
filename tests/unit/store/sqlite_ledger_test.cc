#include "router/store/sqlite_ledger.h"

#include <sqlite3.h>

#include <fstream>
#include <latch>

#include "router/store/ledger_reader.h"
#include "router/store/schema.h"
#include "tests/unit/store/faulty_vfs.h"
#include "tests/unit/store/store_fixture.h"

namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SqliteLedgerTest : public ::testing::Test {
 protected:
  SqliteLedger::Options Options() { return {.directory = folder_.path()}; }
  void Open(SqliteLedger::Options options) {
    ledger_.reset();
    ledger_ = SqliteLedger::Open(std::move(options), clock_, disk_).value();
  }
  void Open() { Open(Options()); }
  template <class T>
  T Await(Task<T> task) {
    return awaiter_.Await(std::move(task));
  }
  StorePaths paths() const { return {folder_.path()}; }
  SpoolFile Part(const std::string& content = "content") {
    return WritePart(paths(), "f" + std::to_string(++files_) + ".dcm", content);
  }
  Result<Accepted> Accept(const std::string& uid, std::vector<Requirement> needs = {}) {
    return Await(ledger_->Accept(Arrival(uid, Part(), std::move(needs))));
  }
  // On the ledger's tables, while nobody has it open.
  void Execute(const char* sql) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(paths().Ledger().c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(handle);
  }
  // Calls that stand in the queue together while the ledger's thread is held up.
  void WhileBusy(std::vector<Task<>> calls) {
    auto reached = std::make_shared<std::latch>(1), go = std::make_shared<std::latch>(1);
    std::atomic<bool> first = true;
    disk_.SetHook([&, reached, go](const std::string& call, const std::string&) -> Result<> {
      if (call != "rename" || !first.exchange(false)) return {};
      reached->count_down();
      go->wait();
      return {};
    });
    SpoolFile part = Part();
    std::thread release([reached, go, this, n = calls.size()] {
      reached->wait();
      while (submitted_ < static_cast<int>(n)) submitted_.wait(submitted_);
      go->count_down();
    });
    std::vector<Task<>> all;
    all.push_back(Expect(ledger_->Accept(Arrival("0.0", part))));
    all.push_back(After(reached, std::move(calls), submitted_));
    awaiter_.Await(net::All(std::move(all)));
    release.join();
    disk_.Heal();
  }
  template <class T>
  static Task<> Expect(Task<Result<T>> call) {
    Result<T> result = co_await call;
    EXPECT_TRUE(result) << (result ? "" : result.error().detail);
  }
  static Task<> After(std::shared_ptr<std::latch> reached, std::vector<Task<>> calls,
                      std::atomic<int>& submitted) {
    reached->wait();
    std::vector<Task<>> counted;
    for (Task<>& call : calls) counted.push_back(std::move(call));
    Task<> all = net::All(std::move(counted));
    Task<> mark = Mark(submitted, static_cast<int>(calls.size()));
    Task<> both = net::Both(std::move(all), std::move(mark));
    co_await both;
  }
  // Runs once the tasks before it have made their calls.
  static Task<> Mark(std::atomic<int>& submitted, int count) {
    submitted = count;
    submitted.notify_all();
    co_return;
  }
  std::vector<std::string> FilesInSpool() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(paths().Spool()))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  TestClock clock_;
  TestDisk disk_;
  ScratchFolder folder_;
  Awaiter awaiter_;
  std::unique_ptr<SqliteLedger> ledger_;
  std::atomic<int> submitted_ = 0;
  int files_ = 0;
};

TEST_F(SqliteLedgerTest, WhoseSenderAnswersForItIsNeverGivenAName) {
  Open();
  Acceptance arrival = Arrival("1.1", Part());
  arrival.only_if_held = true;
  disk_.TakeCalls();
  EXPECT_EQ(Await(ledger_->Accept(std::move(arrival)))->outcome, Accepted::Outcome::kNotKept);
  EXPECT_EQ(disk_.Count("rename"), 0) << "a crash before the commit would have left a file";
  EXPECT_THAT(FilesInSpool(), IsEmpty());
}

TEST_F(SqliteLedgerTest, AnswersComeAfterRenameFolderSyncAndCommit) {
  SqliteLedger::Options options = Options();
  options.vfs = FaultyVfs::Name();
  Open(options);
  int before = FaultyVfs::syncs;
  disk_.TakeCalls();
  int at_folder_sync = -1;
  disk_.SetHook([&](const std::string& call, const std::string&) -> Result<> {
    if (call == "sync_directory") at_folder_sync = FaultyVfs::syncs;
    return {};
  });
  ASSERT_TRUE(Accept("1.1"));
  EXPECT_THAT(disk_.TakeCalls(), ElementsAre("rename", "sync_directory"));
  EXPECT_EQ(at_folder_sync, before) << "committed before the folder was synced";
  EXPECT_GT(FaultyVfs::syncs, before) << "answered without a sync of the ledger";
}

TEST_F(SqliteLedgerTest, CallsDuringACommitShareTheNext) {
  std::vector<int> shared;
  SqliteLedger::Options options = Options();
  options.on_commit = [&](std::chrono::nanoseconds, int calls) { shared.push_back(calls); };
  Open(options);
  std::vector<Task<>> calls;
  for (int i = 1; i <= 100; ++i)
    calls.push_back(Expect(ledger_->Accept(Arrival("1." + std::to_string(i), Part()))));
  disk_.TakeCalls();
  WhileBusy(std::move(calls));
  EXPECT_EQ(ledger_->gauges().commits, 2u);
  EXPECT_EQ(disk_.Count("rename"), 101);
  EXPECT_EQ(disk_.Count("sync_directory"), 2);
  ledger_.reset();
  EXPECT_THAT(shared, ElementsAre(1, 100));
}

TEST_F(SqliteLedgerTest, CallersAreResumedInCallOrder) {
  Open();
  std::vector<int> order;
  std::vector<Task<>> calls;
  for (int i = 0; i < 50; ++i) {
    calls.push_back([](SqliteLedger& ledger, int mine, std::vector<int>& out) -> Task<> {
      Task<Result<int64_t>> call = ledger.OpenRows(kVmsdbd);
      Result<int64_t> rows = co_await call;
      EXPECT_TRUE(rows);
      out.push_back(mine);
    }(*ledger_, i, order));
  }
  WhileBusy(std::move(calls));
  ASSERT_EQ(order.size(), 50u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(SqliteLedgerTest, CallsOfSeveralLoopsAreAnsweredOnTheirOwn) {
  Open();
  constexpr int kLoops = 4, kCalls = 100;
  std::vector<std::unique_ptr<net::Loop>> loops;
  std::atomic<int> answered = 0, astray = 0;
  for (int i = 0; i < kLoops; ++i) {
    loops.push_back(std::make_unique<net::Loop>(i));
    std::vector<Acceptance> arrivals;
    for (int n = 0; n < kCalls; ++n)
      arrivals.push_back(Arrival("1." + std::to_string(i) + "." + std::to_string(n), Part(),
                                 {Needs("9." + std::to_string(n))}));
    loops.back()->Start();
    // The vector still grows while the first loops run: they know themselves by pointer.
    net::Loop* home = loops.back().get();
    loops.back()->PostSpawn([&, home, arrivals = std::move(arrivals)]() {
      return [](SqliteLedger& ledger, net::Loop& home, std::vector<Acceptance> all, Knowledge known,
                std::atomic<int>& good, std::atomic<int>& bad) -> Task<> {
        for (Acceptance& one : all) {
          std::vector<Uid> needed(1, one.requirements[0].uid);
          Task<Result<Accepted>> accepting = ledger.Accept(std::move(one));
          Result<Accepted> accepted = co_await accepting;
          if (!home.IsCurrent()) ++bad;
          Task<Result<std::vector<ReadyRow>>> existing =
              ledger.Exists(kVmsdbd, std::move(needed), known);
          Result<std::vector<ReadyRow>> ready = co_await existing;
          if (!home.IsCurrent()) ++bad;
          if (accepted && ready) ++good;
        }
      }(*ledger_, *home, arrivals, Knowledge{How::kQuery, clock_.WallNow() + hours(1)}, answered,
                                                               astray);
    });
  }
  for (auto& loop : loops) loop->Stop();
  EXPECT_EQ(answered, kLoops * kCalls);
  EXPECT_EQ(astray, 0);
  HeldFilter waiting;
  waiting.states = {State::kWaiting};
  EXPECT_THAT(Await(ledger_->Held(waiting)).value(), IsEmpty());
}

TEST_F(SqliteLedgerTest, QuestionsCommitNothing) {
  Open();
  ASSERT_TRUE(Accept("1.1"));
  uint64_t commits = ledger_->gauges().commits;
  ASSERT_TRUE(Await(ledger_->Held({})));
  ASSERT_TRUE(Await(ledger_->Due(kVmsdbd)));
  EXPECT_EQ(ledger_->gauges().commits, commits);
}

TEST_F(SqliteLedgerTest, AFailedRenameRefusesThatInstanceAlone) {
  Open();
  std::string bad = paths().Part("f2.dcm");
  SpoolFile first = Part(), second = Part(), third = Part();
  disk_.SetHook([&](const std::string& call, const std::string& path) -> Result<> {
    if (call == "rename" && path == bad) return Fail(Errc::kDisk, Blame::kInternal, "made to fail");
    return {};
  });
  EXPECT_TRUE(Await(ledger_->Accept(Arrival("1.1", first))));
  Result<Accepted> refused = Await(ledger_->Accept(Arrival("1.2", second)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kDisk);
  EXPECT_TRUE(Await(ledger_->Accept(Arrival("1.3", third))));
  EXPECT_THAT(FilesInSpool(), ElementsAre("f1.dcm", "f3.dcm"));
  EXPECT_THAT(Await(ledger_->ByUid(Uid("1.2"))).value(), IsEmpty());
}

TEST_F(SqliteLedgerTest, AFolderThatDoesNotSyncRefusesTheInstances) {
  Open();
  disk_.Fail("sync_directory");
  Result<Accepted> refused = Accept("1.1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kDisk);
  disk_.Heal();
  EXPECT_THAT(FilesInSpool(), IsEmpty());
  EXPECT_THAT(Await(ledger_->ByUid(Uid("1.1"))).value(), IsEmpty());
  EXPECT_TRUE(Accept("1.1"));
}

TEST_F(SqliteLedgerTest, AFullDatabaseRefusesTheBatchAndStaysWhole) {
  Open();
  ledger_.reset();
  SqliteLedger::Options options = Options();
  options.max_pages = 60;
  Open(options);
  std::vector<Requirement> many;
  for (int i = 0; i < 20; ++i) many.push_back(Needs("9.9999999999999999." + std::to_string(i)));
  std::vector<std::string> accepted;
  std::optional<Error> refused;
  for (int i = 0; i < 1000 && !refused; ++i) {
    std::string uid = "1." + std::to_string(i);
    Result<Accepted> answer = Accept(uid, many);
    if (answer)
      accepted.push_back(uid);
    else
      refused = answer.error();
  }
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, Errc::kDisk);
  EXPECT_TRUE(refused->retryable);
  ASSERT_FALSE(accepted.empty());
  Gauges gauges = ledger_->gauges();
  EXPECT_EQ(gauges.spool_files, static_cast<int64_t>(accepted.size()));
  EXPECT_EQ(FilesInSpool().size(), accepted.size());

  Open();  // checks the integrity
  EXPECT_EQ(Await(ledger_->OpenRows(kVmsdbd)).value(), static_cast<int64_t>(accepted.size()));
  EXPECT_EQ(ledger_->gauges().held, gauges.held);
  EXPECT_THAT(ledger_->sweep().files_without_row, IsEmpty());
  EXPECT_TRUE(Accept("2.1"));
}

TEST_F(SqliteLedgerTest, AFullDiskAtCommitRefusesTheBatchAndStaysWhole) {
  SqliteLedger::Options options = Options();
  options.vfs = FaultyVfs::Name();
  Open(options);
  ASSERT_TRUE(Accept("1.1"));
  FaultyVfs::full_writes = 1;
  Result<Accepted> refused = Accept("1.2");
  ASSERT_EQ(FaultyVfs::full_writes, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kDisk);
  EXPECT_THAT(FilesInSpool(), ElementsAre("f1.dcm"));
  ASSERT_TRUE(Accept("1.3"));
  Open();
  EXPECT_EQ(Await(ledger_->OpenRows(kVmsdbd)).value(), 2);
}

using SqliteLedgerDeathTest = SqliteLedgerTest;

TEST_F(SqliteLedgerDeathTest, ALedgerThatDoesNotSyncEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        SqliteLedger::Options options = Options();
        options.vfs = FaultyVfs::Name();
        Open(options);
        FaultyVfs::fail_syncs = 1;
        (void)Accept("1.1");
      },
      "the ledger cannot commit");
}

TEST_F(SqliteLedgerTest, TheStartRemovesWhatWasNeverAcknowledged) {
  Open();
  ASSERT_TRUE(Accept("1.1"));
  ledger_.reset();
  Part();
  Open();
  EXPECT_EQ(ledger_->sweep().parts_removed, 1);
  EXPECT_THAT(FilesInSpool(), ElementsAre("f1.dcm"));
  EXPECT_THAT(ledger_->sweep().files_without_row, IsEmpty());
  EXPECT_THAT(ledger_->sweep().rows_without_file, IsEmpty());
}

TEST_F(SqliteLedgerTest, TheStartReportsWhatDoesNotMatchAndKeepsIt) {
  Open();
  RowId gone = Accept("1.1")->row;
  ASSERT_TRUE(Accept("1.2"));
  ledger_.reset();
  std::filesystem::remove(paths().File("f1.dcm"));
  std::filesystem::resize_file(paths().File("f2.dcm"), 1);
  std::ofstream(paths().File("stranger.dcm")) << "whose?";
  Open();
  EXPECT_THAT(ledger_->sweep().rows_without_file, ElementsAre("f1.dcm"));
  EXPECT_THAT(ledger_->sweep().wrong_sizes, ElementsAre("f2.dcm"));
  EXPECT_THAT(ledger_->sweep().files_without_row, ElementsAre("stranger.dcm"));
  EXPECT_THAT(FilesInSpool(), ElementsAre("f2.dcm", "stranger.dcm"));
  EXPECT_EQ(Await(ledger_->Find(gone))->state, State::kReady);
}

TEST_F(SqliteLedgerTest, ATombstonedFileIsRemovedAtTheNextStart) {
  Open();
  RowId id = Accept("1.1")->row;
  disk_.Fail("unlink");  // as if the process had ended between commit and unlink
  ASSERT_TRUE(Await(ledger_->Discard(id, "", "me")));
  ASSERT_TRUE(Await(ledger_->Find(id)));
  EXPECT_THAT(FilesInSpool(), ElementsAre("f1.dcm"));
  std::filesystem::copy(folder_.path(), folder_.path() + ".crashed",
                        std::filesystem::copy_options::recursive);
  disk_.Heal();
  Result<std::unique_ptr<SqliteLedger>> crashed =
      SqliteLedger::Open({.directory = folder_.path() + ".crashed"}, clock_);
  ASSERT_TRUE(crashed) << crashed.error().detail;
  EXPECT_EQ((*crashed)->sweep().tombstones_removed, 1);
  EXPECT_THAT((*crashed)->sweep().files_without_row, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + ".crashed/spool/f1.dcm"));
  crashed->reset();
  std::filesystem::remove_all(folder_.path() + ".crashed");
}

TEST_F(SqliteLedgerTest, AnUnlinkThatFailedKeepsItsTombstone) {
  Open();
  RowId id = Accept("1.1")->row;
  disk_.Fail("unlink");
  ASSERT_TRUE(Await(ledger_->Discard(id, "", "me")));
  ASSERT_TRUE(Accept("1.2"));  // a later commit must not clear it
  disk_.Heal();
  Open();
  EXPECT_EQ(ledger_->sweep().tombstones_removed, 1);
  EXPECT_THAT(FilesInSpool(), ElementsAre("f2.dcm"));
}

TEST_F(SqliteLedgerTest, ACleanEndLeavesNoTombstones) {
  Open();
  RowId id = Accept("1.1")->row;
  ASSERT_TRUE(Await(ledger_->Discard(id, "", "me")));
  Open();
  EXPECT_EQ(ledger_->sweep().tombstones_removed, 0);
  EXPECT_THAT(FilesInSpool(), IsEmpty());
}

TEST_F(SqliteLedgerTest, OneStoreBelongsToOneProcess) {
  Open();
  Result<std::unique_ptr<SqliteLedger>> second = SqliteLedger::Open(Options(), clock_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kLimit);
  EXPECT_THAT(second.error().detail, ::testing::HasSubstr("(process " + std::to_string(getpid())));
}

TEST_F(SqliteLedgerTest, AfterACrashADamagedLedgerIsNotOpened) {
  Open();
  for (int i = 0; i < 200; ++i)
    ASSERT_TRUE(Accept("1." + std::to_string(i), {Needs("9." + std::to_string(i))}));
  ledger_.reset();
  Execute("DELETE FROM ended");  // as if it had not ended in order
  uint64_t size = std::filesystem::file_size(paths().Ledger());
  {
    std::fstream file(paths().Ledger(), std::ios::in | std::ios::out | std::ios::binary);
    for (uint64_t at = 8192; at + 4096 <= size; at += 16384) {
      file.seekp(static_cast<std::streamoff>(at));
      file << std::string(512, '\xA5');
    }
  }
  Result<std::unique_ptr<SqliteLedger>> opened = SqliteLedger::Open(Options(), clock_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kCorrupt);
  EXPECT_THAT(opened.error().detail,
              ::testing::AllOf(::testing::HasSubstr(paths().Ledger() + " is damaged ("),
                               ::testing::HasSubstr("sluice restore"),
                               ::testing::HasSubstr(paths().Spool())));
}

// A large one would take minutes to read.
TEST_F(SqliteLedgerTest, OnlyAfterAnOrderlyEndTheLedgerIsInUseBeforeItIsChecked) {
  Open();
  ASSERT_TRUE(Accept("1.1"));
  ledger_.reset();
  auto prepare = [this] {
    auto database = Database::Open(paths().Ledger(), Database::Access::kReadWrite).value();
    return PrepareLedger(*database, 0).value().ended_in_order;
  };
  EXPECT_TRUE(prepare());
  EXPECT_FALSE(prepare()) << "it did not say that it ended";
  Open();
  ledger_.reset();
  EXPECT_TRUE(prepare());
}

TEST_F(SqliteLedgerDeathTest, DamageAfterAnOrderlyEndEndsTheProcessThatFindsIt) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Open();
  ASSERT_TRUE(Accept("1.1"));
  ledger_.reset();
  Execute("PRAGMA ignore_check_constraints = ON; UPDATE delivery SET state = 'gone'");
  EXPECT_DEATH(
      {
        Open();
        ::alarm(60);
        for (;;) ::pause();
      },
      "the ledger is damaged");
}

TEST_F(SqliteLedgerTest, ALedgerOfANewerVersionIsNotTouched) {
  Open();
  ledger_.reset();
  Execute("PRAGMA user_version = 99");
  Result<std::unique_ptr<SqliteLedger>> opened = SqliteLedger::Open(Options(), clock_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kBadConfig);
}

TEST_F(SqliteLedgerTest, AFullDiskTakesNoRequestForStorageCommitmentAndGoesOnLater) {
  SqliteLedger::Options options = Options();
  options.max_pages = 80;
  Open(std::move(options));
  NewCommitment asked;
  asked.application = kVmsdbd;
  for (int i = 0; i < 5000; ++i)
    asked.request.instances.push_back({Uid("1.2.840.10008.5.1.4.1.1.2"), Uid("1.1")});
  asked.request.transaction = Uid("2.1");
  auto refused = Await(ledger_->commitments().Add(asked));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kDisk);
  EXPECT_TRUE(refused.error().retryable);
  asked.request.instances.resize(1);
  auto taken = Await(ledger_->commitments().Add(asked));
  ASSERT_TRUE(taken) << taken.error().detail;
  EXPECT_EQ(taken->outcome, AddedCommitment::Outcome::kNew) << "nothing was left of the first";
}

TEST_F(SqliteLedgerTest, ExpiredExistenceIsForgottenInTime) {
  Open();
  Knowledge brief{How::kRelayed, clock_.WallNow() + seconds(1)};
  ASSERT_TRUE(Await(ledger_->Exists(kVmsdbd, {Uid("9.1"), Uid("9.2")}, brief)));
  clock_.Advance(hours(31 * 24));
  ASSERT_TRUE(Accept("1.1"));
  ledger_.reset();
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(paths().Ledger().c_str(), &handle), SQLITE_OK);
  sqlite3_stmt* count = nullptr;
  sqlite3_prepare_v2(handle, "SELECT COUNT(*) FROM existence", -1, &count, nullptr);
  ASSERT_EQ(sqlite3_step(count), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_int(count, 0), 0);
  sqlite3_finalize(count);
  sqlite3_close(handle);
}

class LedgerReaderTest : public SqliteLedgerTest {};

TEST_F(LedgerReaderTest, SeesWhatIsCommittedWhileTheLedgerRuns) {
  Open();
  std::unique_ptr<LedgerReader> reader = LedgerReader::Open(folder_.path()).value();
  RowId id = Accept("1.1", {Needs("9.1"), Needs("9.2")})->row;
  std::vector<HeldRow> held = reader->Held({}).value();
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].row.id, id);
  EXPECT_EQ(held[0].missing.size(), 2u);
  EXPECT_EQ(reader->Missing(id, 1)->size(), 1u);
  EXPECT_EQ(reader->OpenRows()->at(kVmsdbd), 1);
  EXPECT_EQ(reader->ByUid(Uid("1.1"))->size(), 1u);
  EXPECT_EQ(reader->History(id)->size(), 1u);
  EXPECT_EQ(reader->Find(id)->instance.sop_instance, Uid("1.1"));
  EXPECT_EQ(reader->Find(id + 1).error().code, Errc::kNotFound);
  WallTime now = clock_.WallNow();
  EXPECT_FALSE(reader->Seen(kVmsdbd, Uid("9.1")).value());
  ASSERT_TRUE(Await(ledger_->Exists(kVmsdbd, {Uid("9.1")}, {How::kQuery, now + seconds(5)})));
  const Sighting seen = reader->Seen(kVmsdbd, Uid("9.1")).value().value();
  EXPECT_EQ(seen.how, How::kQuery);
  EXPECT_EQ(seen.at, now);
  EXPECT_EQ(seen.expires, now + seconds(5));
  EXPECT_FALSE(reader->Seen("RTPACS", Uid("9.1")).value());
}

TEST_F(LedgerReaderTest, LeavesNoReadOpenThatWouldHoldTheLogBack) {
  Open();
  std::unique_ptr<LedgerReader> reader = LedgerReader::Open(folder_.path()).value();
  ASSERT_TRUE(Accept("1.1", {Needs("9.1")}));
  ASSERT_TRUE(reader->Held({}));
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(paths().Ledger().c_str(), &handle), SQLITE_OK);
  int code =
      sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_close(handle);
  EXPECT_EQ(code, SQLITE_OK);
}

TEST_F(LedgerReaderTest, WithoutALedgerThereIsNothingToRead) {
  EXPECT_FALSE(LedgerReader::Open(folder_.path()));
}

}  // namespace
}  // namespace router::store
