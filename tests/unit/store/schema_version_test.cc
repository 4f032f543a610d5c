#include <sqlite3.h>

#include "tests/unit/store/store_fixture.h"

// Ledgers that an earlier version wrote.
namespace router::store {
namespace {

class SchemaVersion : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteLedger> Open() {
    SqliteLedger::Options options;
    options.directory = folder_.path();
    auto opened = SqliteLedger::Open(std::move(options), clock_);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().detail);
    return opened ? std::move(*opened) : nullptr;
  }
  void Script(const char* sql) {
    sqlite3* handle = nullptr;
    const std::string path = StorePaths{folder_.path()}.Ledger();
    ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(handle);
  }

  ScratchFolder folder_;
  TestClock clock_;
  Awaiter awaiter_;
};

TEST_F(SchemaVersion, OneIsTakenOverWithItsRows) {
  auto ledger = Open();
  const StorePaths paths{folder_.path()};
  auto accepted = awaiter_.Await(
      ledger->Accept(Arrival("1.1", WritePart(paths, "f1.dcm", "content"), {Needs("9.1")})));
  ASSERT_TRUE(accepted);
  ledger.reset();
  Script("DROP TABLE patient; PRAGMA user_version = 1");

  ledger = Open();
  ASSERT_TRUE(ledger);
  EXPECT_EQ(awaiter_.Await(ledger->Find(accepted->row))->state, State::kWaiting);
  Patient patient{dataset::Sha256::Of(AsBytes("1")), {}};
  EXPECT_TRUE(awaiter_.Await(ledger->NotePatient(kVmsdbd, Uid("1.1"), patient, false)));
  ledger.reset();
  ledger = Open();  // and stays taken over
  ASSERT_TRUE(ledger);
  patient.id = dataset::Sha256::Of(AsBytes("2"));
  EXPECT_EQ(awaiter_.Await(ledger->OtherPatients(kVmsdbd, {Uid("1.1")}, patient))->size(), 1u);
}

}  // namespace
}  // namespace router::store
