#include <sqlite3.h>

#include <fstream>

#include "router/store/ledger_reader.h"
#include "router/store/schema.h"
#include "tests/unit/store/store_fixture.h"

// A ledger that an older version wrote, and what becomes of it.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// What SQLite says to a statement, row by row, columns joined by '|'.
std::vector<std::string> Ask(const std::string& path, const std::string& sql) {
  std::vector<std::string> answers;
  sqlite3* handle = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  auto take = [](void* into, int count, char** values, char**) {
    std::string line;
    for (int i = 0; i < count; ++i)
      line += (i ? "|" : "") + std::string(values[i] ? values[i] : "");
    static_cast<std::vector<std::string>*>(into)->push_back(line);
    return 0;
  };
  char* error = nullptr;
  EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), take, &answers, &error), SQLITE_OK) << error;
  sqlite3_free(error);
  sqlite3_close(handle);
  return answers;
}

class MigrationTest : public ::testing::Test {
 protected:
  MigrationTest() {
    std::ifstream sql(std::string(SLUICE_SOURCE_DIR) + "/tests/unit/store/version_1.sql");
    std::string script((std::istreambuf_iterator<char>(sql)), {});
    std::filesystem::create_directories(paths().Spool());
    Ask(paths().Ledger(), script);
    for (int i = 1; i <= 6; ++i)
      std::ofstream(paths().File("f" + std::to_string(i) + ".dcm")) << "content";
  }

  StorePaths paths() const { return {folder_.path()}; }
  Result<> Open(int64_t max_pages = 0) {
    ledger_.reset();
    auto opened =
        SqliteLedger::Open({.directory = folder_.path(), .max_pages = max_pages}, clock_, disk_);
    if (!opened) return std::unexpected(opened.error());
    ledger_ = std::move(*opened);
    return {};
  }
  int VersionOf(const std::string& path) {
    return std::stoi(Ask(path, "PRAGMA user_version").at(0));
  }
  bool HasCopy() const { return std::filesystem::exists(paths().LedgerOf(1)); }
  State StateOf(RowId row) { return Await(ledger_->Find(row)).value().state; }
  template <class T>
  T Await(Task<T> task) {
    return awaiter_.Await(std::move(task));
  }

  TestClock clock_;
  TestDisk disk_;
  ScratchFolder folder_;
  Awaiter awaiter_;
  std::unique_ptr<SqliteLedger> ledger_;
};

TEST_F(MigrationTest, EveryRowOfAnOldLedgerGoesOnAsItWas) {
  ASSERT_TRUE(Open());
  EXPECT_EQ(StateOf(1), State::kWaiting);
  EXPECT_EQ(StateOf(2), State::kWaiting);
  EXPECT_EQ(StateOf(5), State::kVerifying);
  EXPECT_EQ(StateOf(6), State::kQuarantined);
  EXPECT_EQ(StateOf(7), State::kDelivered);
  EXPECT_THAT(ledger_->sweep().files_without_row, IsEmpty());
  EXPECT_THAT(ledger_->sweep().rows_without_file, IsEmpty());
  EXPECT_EQ(Await(ledger_->ReserveMessageIds(kVmsdbd, AeTitle::FromWire("SLUICE"), 1)).value(), 77);
  EXPECT_EQ(Await(ledger_->History(7)).value().size(), 1u);
  std::vector<WantedUid> wanted = Await(ledger_->Wanted(kVmsdbd, clock_.WallNow(), 10)).value();
  ASSERT_EQ(wanted.size(), 2u);
  EXPECT_EQ(wanted[0].uid, Uid("9.2"));
  EXPECT_EQ(wanted[0].asked, 3);
  EXPECT_EQ(wanted[0].waiters, 1);

  // What rests, what is due, what is quiet is found in the new tables.
  std::vector<Row> claimed = Await(ledger_->Claim(kVmsdbd, 10, "a", minutes(5))).value();
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].id, 3);
  clock_.Advance(hours(2));
  claimed = Await(ledger_->Claim(kVmsdbd, 10, "b", minutes(5))).value();
  EXPECT_EQ(claimed.size(), 2u) << "the one whose time has come, and the one whose lease is over";
  std::vector<HeldRow> quiet =
      Await(ledger_->Quiet(kVmsdbd, clock_.WallNow() - minutes(10), 10)).value();
  ASSERT_EQ(quiet.size(), 1u);
  EXPECT_EQ(quiet[0].row.id, 1);
  Knowledge known{How::kQuery, clock_.WallNow() + hours(1)};
  EXPECT_EQ(Await(ledger_->Exists(kVmsdbd, {Uid("9.3")}, known)).value().size(), 1u);
}

TEST_F(MigrationTest, TheOldLedgerLiesBesideIt) {
  ASSERT_TRUE(Open());
  ledger_.reset();
  EXPECT_EQ(VersionOf(paths().Ledger()), SchemaVersion());
  ASSERT_TRUE(HasCopy());
  EXPECT_EQ(VersionOf(paths().LedgerOf(1)), 1);
  EXPECT_THAT(Ask(paths().LedgerOf(1), "PRAGMA integrity_check"), ElementsAre("ok"));
  EXPECT_THAT(Ask(paths().LedgerOf(1), "SELECT COUNT(*), MAX(state) FROM delivery"),
              ElementsAre("7|waiting"));
}

TEST_F(MigrationTest, ALedgerOfThisVersionIsNotCopied) {
  ASSERT_TRUE(Open());
  ledger_.reset();
  std::filesystem::remove(paths().LedgerOf(1));
  ASSERT_TRUE(Open());
  EXPECT_FALSE(HasCopy());
}

TEST_F(MigrationTest, WithoutACopyNothingIsChanged) {
  for (const char* call : {"sync", "rename", "sync_directory"}) {
    disk_.Fail(call, true);
    Result<> opened = Open();
    ASSERT_FALSE(opened) << call;
    EXPECT_EQ(opened.error().code, Errc::kDisk);
    EXPECT_EQ(VersionOf(paths().Ledger()), 1) << call;
  }
  disk_.Heal();
  ASSERT_TRUE(Open());
  EXPECT_TRUE(HasCopy());
}

TEST_F(MigrationTest, AMigrationThatDoesNotFitOnTheDiskLeavesTheOldTables) {
  int64_t pages = std::stoll(Ask(paths().Ledger(), "PRAGMA page_count").at(0));
  Result<> opened = Open(pages);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kDisk);
  EXPECT_EQ(VersionOf(paths().Ledger()), 1);
  EXPECT_THAT(Ask(paths().Ledger(), "PRAGMA integrity_check"), ElementsAre("ok"));
  ASSERT_TRUE(Open());
  EXPECT_EQ(StateOf(1), State::kWaiting);
}

TEST_F(MigrationTest, ADamagedOldLedgerIsLeftAsItIs) {
  Ask(paths().Ledger(), "PRAGMA ignore_check_constraints = ON; UPDATE delivery SET state = 'gone'");
  Result<> opened = Open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kCorrupt);
  EXPECT_EQ(VersionOf(paths().Ledger()), 1);
  EXPECT_FALSE(HasCopy());
}

// So the tables of version 1 in migrations.cc are still those that version 1 had.
TEST_F(MigrationTest, AMigratedLedgerHasTheVeryTablesOfANewOne) {
  ASSERT_TRUE(Open());
  ledger_.reset();
  ScratchFolder other;
  ASSERT_TRUE(SqliteLedger::Open({.directory = other.path()}, clock_));
  const std::string schema = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name";
  EXPECT_EQ(Ask(paths().Ledger(), schema), Ask(StorePaths{other.path()}.Ledger(), schema));
}

}  // namespace
}  // namespace router::store
