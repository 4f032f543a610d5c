#include "tests/unit/store/ledger_contract.h"

// What every implementation of Ledger promises of one instance for several applications.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LedgerCopiesContract);

TEST_P(LedgerCopiesContract, OneFileServesBothAndGoesWithTheLast) {
  std::vector<Acceptance> both = Copies("1.1", {Needs("9.1")}, "12345");
  const std::string name = both[0].file.name;
  const std::vector<Accepted> rows = AcceptBoth(std::move(both));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].state, State::kWaiting);
  EXPECT_EQ(rows[1].state, State::kReady);
  EXPECT_EQ(FilesInSpool(), 1u);
  EXPECT_EQ(ledger().gauges().spool_files, 1);
  EXPECT_EQ(ledger().gauges().spool_bytes, 5);
  Deliver(rows[1].row);
  EXPECT_TRUE(FileIsThere(name));
  harness_->Restart();
  EXPECT_TRUE(FileIsThere(name));
  EXPECT_EQ(ledger().gauges().spool_bytes, 5);
  EXPECT_THAT(Exist({Uid("9.1")}), ElementsAre(rows[0].row));
  Deliver(rows[0].row);
  EXPECT_FALSE(FileIsThere(name));
  EXPECT_EQ(ledger().gauges().spool_files, 0);
  EXPECT_EQ(ledger().gauges().spool_bytes, 0);
}

TEST_P(LedgerCopiesContract, DiscardingOneLeavesTheOther) {
  std::vector<Acceptance> both = Copies("1.1");
  const std::string name = both[0].file.name;
  const std::vector<Accepted> rows = AcceptBoth(std::move(both));
  ASSERT_TRUE(Await(ledger().Discard(rows[0].row, "wrong", "me")));
  Await(ledger().OpenRows(kVmsdbd));
  EXPECT_TRUE(FileIsThere(name));
  EXPECT_EQ(StateOf(rows[1].row), State::kReady);
  Deliver(rows[1].row);
  EXPECT_FALSE(FileIsThere(name));
}

TEST_P(LedgerCopiesContract, ADuplicateOfOneIsNewToTheOther) {
  const RowId held = Accept(Arrival("1.1", Part("same"))).row;
  std::vector<Acceptance> both = Copies("1.1", {}, "same");
  const std::string second = both[0].file.name;
  const std::vector<Accepted> rows = AcceptBoth(std::move(both));
  EXPECT_EQ(rows[0].outcome, Accepted::Outcome::kDuplicate);
  EXPECT_EQ(rows[0].row, held);
  EXPECT_EQ(rows[1].outcome, Accepted::Outcome::kNew);
  EXPECT_TRUE(FileIsThere(second));
  Deliver(held);
  EXPECT_TRUE(FileIsThere(second)) << "the file of the other";
  Deliver(rows[1].row);
  EXPECT_EQ(FilesInSpool(), 0u);
}

TEST_P(LedgerCopiesContract, DuplicatesOfBothLeaveNoSecondFile) {
  const std::vector<Accepted> first = AcceptBoth(Copies("1.1", {}, "same"));
  const std::vector<Accepted> again = AcceptBoth(Copies("1.1", {}, "same"));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(again[i].outcome, Accepted::Outcome::kDuplicate);
    EXPECT_EQ(again[i].row, first[i].row);
  }
  Await(ledger().OpenRows(kVmsdbd));
  EXPECT_EQ(FilesInSpool(), 1u);
}

TEST_P(LedgerCopiesContract, AConflictWithOneKeepsTheFileForTheOther) {
  const RowId held = Accept(Arrival("1.1", Part("first"))).row;
  const std::vector<Accepted> rows = AcceptBoth(Copies("1.1", {}, "second"));
  EXPECT_EQ(rows[0].outcome, Accepted::Outcome::kConflict);
  EXPECT_EQ(rows[0].row, held);
  EXPECT_EQ(rows[1].outcome, Accepted::Outcome::kNew);
  EXPECT_EQ(FilesInSpool(), 2u);
  EXPECT_NE(Find(held).file.name, Find(rows[1].row).file.name);
}

TEST_P(LedgerCopiesContract, WhatReplacesOneLeavesTheOtherItsContent) {
  std::vector<Acceptance> both = Copies("1.1", {}, "first");
  const std::string name = both[0].file.name;
  const std::vector<Accepted> rows = AcceptBoth(std::move(both));
  Acceptance other = Arrival("1.1", Part("second"));
  other.on_conflict = OnConflict::kReplace;
  const Accepted replaced = Accept(std::move(other));
  EXPECT_EQ(replaced.outcome, Accepted::Outcome::kReplaced);
  EXPECT_EQ(StateOf(rows[0].row), State::kDiscarded);
  EXPECT_EQ(StateOf(rows[1].row), State::kReady);
  EXPECT_TRUE(FileIsThere(name));
  Deliver(rows[1].row);
  EXPECT_FALSE(FileIsThere(name));
  EXPECT_EQ(FilesInSpool(), 1u);
}

TEST_P(LedgerCopiesContract, WhereNoneIsAcceptedNothingIsLeft) {
  Result<std::vector<Accepted>> refused;
  {
    std::vector<Acceptance> both = Copies("1.1");
    std::filesystem::remove(harness_->paths().Part(both[0].file.name));
    refused = Await(ledger().AcceptAll(std::move(both)));
  }
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kDisk);
  EXPECT_THAT(Await(ledger().ByUid(Uid("1.1"))).value(), IsEmpty());
  EXPECT_EQ(FilesInSpool(), 0u);
}

TEST_P(LedgerCopiesContract, OneThatItsClientAnswersForNeedsNoFileOfItsOwn) {
  std::vector<Acceptance> both = Copies("1.1");
  both[0].only_if_held = true;
  const std::string name = both[0].file.name;
  const std::vector<Accepted> rows = AcceptBoth(std::move(both));
  EXPECT_EQ(rows[0].outcome, Accepted::Outcome::kNotKept);
  EXPECT_EQ(rows[1].outcome, Accepted::Outcome::kNew);
  EXPECT_TRUE(FileIsThere(name));
}

// The application that retains it has it; the other one never gets it.
TEST_P(LedgerCopiesContract, AnOriginalIsRetainedWhicheverEndsLast) {
  std::vector<Acceptance> both = Copies("1.1");
  both[0].retain_for = hours(1);
  const std::string name = both[0].file.name;
  const std::vector<Accepted> rows = AcceptBoth(std::move(both));
  Deliver(rows[0].row);
  harness_->Restart();
  ASSERT_TRUE(Await(ledger().Discard(rows[1].row, "not wanted there", "me")));
  Await(ledger().OpenRows(kPacs));
  EXPECT_TRUE(FileIsThere(name));
}

TEST_P(LedgerCopiesContract, RoomIsNotMadeOfWhatAnotherApplicationIsStillToGet) {
  std::vector<Acceptance> both = Copies("1.1");
  both[0].retain_for = hours(1);
  const std::string name = both[0].file.name;
  const std::vector<Accepted> rows = AcceptBoth(std::move(both));
  Deliver(rows[0].row);
  EXPECT_EQ(Await(ledger().MakeRoom(1)).value(), 0u);
  EXPECT_TRUE(FileIsThere(name));
}

TEST_P(LedgerCopiesContract, EachSeriesKeepsItsOrderAtEachApplication) {
  for (int number : {3, 1, 2}) {
    std::vector<Acceptance> both = Copies("1." + std::to_string(number));
    for (Acceptance& one : both) {
      one.instance.series = Uid("7.1");
      one.instance.instance_number = number;
    }
    AcceptBoth(std::move(both));
  }
  for (const char* application : {kVmsdbd, kPacs}) {
    std::vector<std::string> uids;
    const std::vector<Row> rows = ClaimFor(application);
    for (const Row& row : rows) uids.push_back(row.instance.sop_instance.str());
    EXPECT_THAT(uids, ElementsAre("1.1", "1.2", "1.3")) << application;
  }
}

TEST_P(LedgerCopiesContract, ACopyInConflictIsKeptInQuarantineForAPerson) {
  Acceptance held = Arrival("1.1", Part("first"));
  held.instance.application = Copies("9.9")[1].instance.application;
  const RowId first = Accept(std::move(held)).row;
  std::vector<Acceptance> both = Copies("1.1", {}, "second");
  both[1].is_copy = true;
  const std::vector<Accepted> rows = AcceptBoth(std::move(both));
  EXPECT_EQ(rows[0].outcome, Accepted::Outcome::kNew);
  EXPECT_EQ(rows[1].outcome, Accepted::Outcome::kConflict);
  ASSERT_NE(rows[1].row, first);
  EXPECT_EQ(rows[1].state, State::kQuarantined);
  EXPECT_EQ(Find(rows[1].row).reason.cause, Cause::kConflict);
  EXPECT_EQ(StateOf(first), State::kReady);
  Deliver(rows[0].row);
  EXPECT_TRUE(FileIsThere(Find(rows[1].row).file.name));
}

TEST_P(LedgerCopiesContract, OfWhatIsInConflictItselfNoCopyIsKept) {
  const RowId held = Accept(Arrival("1.1", Part("first"))).row;
  std::vector<Acceptance> both = Copies("1.1", {}, "second");
  both[1].is_copy = true;
  const std::vector<Accepted> rows = AcceptBoth(std::move(both));
  EXPECT_EQ(rows[0].outcome, Accepted::Outcome::kConflict);
  EXPECT_EQ(rows[1].outcome, Accepted::Outcome::kNotKept);
  Await(ledger().OpenRows(kVmsdbd));
  EXPECT_EQ(FilesInSpool(), 1u);
  EXPECT_TRUE(FileIsThere(Find(held).file.name));
}

}  // namespace
}  // namespace router::store
