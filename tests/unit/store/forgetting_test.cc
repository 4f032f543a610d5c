#include "router/store/database.h"
#include "tests/unit/store/store_fixture.h"

// What is known to exist is forgotten some time after it is last believed, as fast as it comes.
namespace router::store {
namespace {

class ForgettingTest : public ::testing::Test {
 protected:
  template <class T>
  T Await(Task<T> task) {
    return awaiter_.Await(std::move(task));
  }
  void Relay(int first, int count) {
    std::vector<Uid> uids;
    for (int i = first; i < first + count; ++i) uids.push_back(Uid("1." + std::to_string(i)));
    Knowledge relayed{How::kRelayed, clock_.WallNow() + hours(24)};
    ASSERT_TRUE(Await(ledger_->Exists("VMSDBD", std::move(uids), relayed)));
  }
  void Note(int first, int count) {
    const Patient patient{dataset::Sha256::Of(AsBytes("1")), {}};
    for (int i = first; i < first + count; ++i) {
      Uid uid("2." + std::to_string(i));
      ASSERT_TRUE(Await(ledger_->NotePatient("VMSDBD", std::move(uid), patient, false)));
    }
  }
  int64_t Remembered(const std::string& table = "existence") {
    auto database =
        Database::Open(StorePaths{folder_.path()}.Ledger(), Database::Access::kReadOnly).value();
    Rows rows = database->Ask("SELECT COUNT(*) FROM " + table);
    return rows.Next() ? rows.Int() : -1;
  }

  TestClock clock_;
  ScratchFolder folder_;
  Awaiter awaiter_;
  std::unique_ptr<SqliteLedger> ledger_ =
      SqliteLedger::Open({.directory = folder_.path()}, clock_).value();
};

TEST_F(ForgettingTest, WhatIsRelayedIsForgottenAsFastAsItComesHoweverMuchComes) {
  Relay(0, 4000);
  clock_.Advance(hours(32 * 24));
  for (int i = 0; i < 12; ++i) Relay(10'000 + i, 1);  // all within one minute
  EXPECT_EQ(Remembered(), 12);
}

TEST_F(ForgettingTest, WhoseItWasIsForgottenAsFastAsItComesHoweverMuchComes) {
  Note(0, 1200);
  clock_.Advance(hours(32 * 24));
  for (int i = 0; i < 5; ++i) Relay(i, 1);  // all within one minute, and nothing else to forget
  EXPECT_EQ(Remembered("patient"), 0);
  EXPECT_EQ(Remembered(), 5);
}

TEST_F(ForgettingTest, WhatIsNoLongerBelievedIsRememberedForAWhile) {
  Relay(0, 10);
  clock_.Advance(hours(30 * 24));
  Relay(10, 1);
  EXPECT_EQ(Remembered(), 11);
}

}  // namespace
}  // namespace router::store
