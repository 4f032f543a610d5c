#include "tests/unit/store/ledger_contract.h"

// What every implementation promises of originals that are kept after their delivery.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(KeptContract);

}  // namespace

TEST_P(KeptContract, AnOriginalIsKeptForItsTimeAfterItsDelivery) {
  Acceptance arrival = Retained("1.1");
  const std::string name = arrival.file.name;
  const RowId row = Accept(std::move(arrival)).row;
  EXPECT_EQ(ledger().gauges().kept_bytes, 0);
  Deliver(row);
  EXPECT_EQ(StateOf(row), State::kDelivered);
  EXPECT_TRUE(FileIsThere(name));
  EXPECT_EQ(ledger().gauges().kept_bytes, 5);
  EXPECT_EQ(ledger().gauges().spare_bytes, 5);
  harness_->Restart();
  EXPECT_TRUE(FileIsThere(name));
  EXPECT_EQ(ledger().gauges().kept_bytes, 5);
  EXPECT_EQ(ledger().gauges().spare_bytes, 5);
  EXPECT_TRUE(HasFile("1.1"));
  Pass(minutes(30));
  EXPECT_TRUE(FileIsThere(name));
  Pass(minutes(30));
  EXPECT_FALSE(FileIsThere(name));
  EXPECT_FALSE(HasFile("1.1"));
  EXPECT_EQ(ledger().gauges().kept_bytes, 0);
  EXPECT_EQ(ledger().gauges().spare_bytes, 0);
}

TEST_P(KeptContract, WhatNobodyAskedToKeepGoesWithItsDelivery) {
  Acceptance arrival = Arrival("1.1", Part());
  const std::string name = arrival.file.name;
  Deliver(Accept(std::move(arrival)).row);
  Await(ledger().OpenRows(kVmsdbd));
  EXPECT_FALSE(FileIsThere(name));
}

TEST_P(KeptContract, WhatWasSentAtOnceHasARowAndItsFile) {
  Acceptance arrival = Retained("1.1");
  const std::string name = arrival.file.name;
  const RowId row = Await(ledger().Keep(std::move(arrival))).value();
  harness_->Restart();
  EXPECT_EQ(StateOf(row), State::kDelivered);
  EXPECT_TRUE(FileIsThere(name));
  EXPECT_EQ(Await(ledger().OpenRows(kVmsdbd)).value(), 0);
  EXPECT_EQ(Await(ledger().History(row)).value().size(), 1u);
  const RowId asked = Ask("2.1", "1.1");
  const std::vector<UndecidedInstance> all = Undecided();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].commitment, asked);
  EXPECT_EQ(all[0].state, State::kDelivered);
  ASSERT_EQ(all[0].files.size(), 1u);
  EXPECT_EQ(all[0].files[0].name, name);
  EXPECT_EQ(all[0].files[0].size, 5u);
}

TEST_P(KeptContract, RoomIsMadeOfTheOldestThatNobodyWasPromised) {
  const std::string first = Keep("1.1");
  clock_.Advance(minutes(1));
  const std::string promised = Keep("1.2"), second = Keep("1.3");
  clock_.Advance(minutes(1));
  const std::string third = Keep("1.4");
  EXPECT_EQ(Promise(Ask("2.1", "1.1"), first, Now() + minutes(90)), 1);
  EXPECT_EQ(Promise(Ask("2.2", "1.2"), promised, Now() + minutes(5)), 1);
  const std::string held = [this] {
    Acceptance arrival = Retained("1.5");
    std::string name = arrival.file.name;
    Accept(std::move(arrival));
    return name;
  }();
  EXPECT_EQ(ledger().gauges().kept_bytes, 20);
  EXPECT_EQ(ledger().gauges().spare_bytes, 10) << "what is promised makes no room";
  EXPECT_EQ(MakeRoom(3), 5u);
  EXPECT_EQ(ledger().gauges().spare_bytes, 5);
  EXPECT_FALSE(FileIsThere(second));
  EXPECT_TRUE(FileIsThere(third));
  EXPECT_EQ(MakeRoom(100), 5u);
  EXPECT_FALSE(FileIsThere(third));
  EXPECT_EQ(MakeRoom(100), 0u);
  EXPECT_EQ(ledger().gauges().spare_bytes, 0);
  harness_->Restart();
  EXPECT_EQ(ledger().gauges().spare_bytes, 0);
  EXPECT_EQ(MakeRoom(100), 0u);
  EXPECT_TRUE(FileIsThere(first)) << "promised";
  EXPECT_TRUE(FileIsThere(promised));
  EXPECT_TRUE(FileIsThere(held)) << "not delivered yet";
  EXPECT_EQ(ledger().gauges().kept_bytes, 10);
}

TEST_P(KeptContract, APromiseOutlivesTheTimeOfItsFile) {
  const std::string name = Keep("1.1");
  EXPECT_EQ(Promise(Ask("2.1", "1.1"), name, Now() + hours(3)), 1);
  harness_->Restart();
  Pass(hours(2));
  EXPECT_TRUE(FileIsThere(name));
  Pass(hours(1));
  EXPECT_FALSE(FileIsThere(name));
}

TEST_P(KeptContract, APromiseStandsWhateverBecomesOfTheInstance) {
  Acceptance arrival = Arrival("1.1", Part());
  const std::string name = arrival.file.name;
  const RowId row = Accept(std::move(arrival)).row;
  EXPECT_EQ(Promise(Ask("2.1", "1.1"), name, Now() + hours(3)), 1);
  ASSERT_TRUE(Await(ledger().Discard(row, "wrong", "me")));
  Pass(hours(2));
  EXPECT_TRUE(FileIsThere(name));
  Pass(hours(1));
  EXPECT_FALSE(FileIsThere(name));
}

TEST_P(KeptContract, ADiscardedInstanceIsKeptForNobody) {
  Acceptance arrival = Retained("1.1");
  const std::string name = arrival.file.name;
  ASSERT_TRUE(Await(ledger().Discard(Accept(std::move(arrival)).row, "wrong", "me")));
  Await(ledger().OpenRows(kVmsdbd));
  EXPECT_FALSE(FileIsThere(name));
}

// Between looking it up and promising it.
TEST_P(KeptContract, WhatIsGoneIsPromisedToNobody) {
  const std::string name = Keep("1.1");
  const RowId asked = Ask("2.1", "1.1");
  EXPECT_EQ(MakeRoom(1), 5u);
  EXPECT_EQ(Promise(asked, name, Now() + hours(3)), 0);
  EXPECT_THAT(UndecidedUids(), ElementsAre("1.1"));
  EXPECT_THAT(Undecided()[0].files, IsEmpty());
}

// A report that comes late, or again, says no less than the first.
TEST_P(KeptContract, APromiseIsRenewedWithEachReport) {
  const std::string name = Keep("1.1");
  const RowId asked = Ask("2.1", "1.1");
  EXPECT_EQ(Promise(asked, name, Now() + hours(1)), 1);
  clock_.Advance(minutes(50));
  EXPECT_EQ(Await(commitments().Renew(asked, Now() + hours(3), 0x0110)).value(), 0);
  harness_->Restart();
  Pass(hours(2));
  EXPECT_TRUE(FileIsThere(name));
  EXPECT_EQ(Await(commitments().ResultOf(asked)).value().committed.size(), 1u);
  Pass(hours(1));
  EXPECT_FALSE(FileIsThere(name));
}

TEST_P(KeptContract, WhatIsGoneBeforeItsReportIsNotReportedAsCommitted) {
  const std::string name = Keep("1.1");
  const RowId asked = Ask("2.1", "1.1");
  EXPECT_EQ(Promise(asked, name, Now() + hours(1)), 1);
  Pass(hours(2));
  ASSERT_FALSE(FileIsThere(name));
  EXPECT_EQ(Await(commitments().Renew(asked, Now() + hours(3), 0x0110)).value(), 1);
  const CommitmentResult result = Await(commitments().ResultOf(asked)).value();
  EXPECT_THAT(result.committed, IsEmpty());
  ASSERT_EQ(result.failed.size(), 1u);
  EXPECT_EQ(result.failed[0].reason, 0x0110);
}

TEST_P(KeptContract, WhatAnotherClientSentIsPromisedToNobodyElse) {
  Acceptance sent = Retained("1.1");
  sent.instance.client = AeTitle::FromWire("OTHER");
  ASSERT_TRUE(Await(ledger().Keep(std::move(sent))));
  Ask("2.1", "1.1");
  const std::vector<UndecidedInstance> all = Undecided();
  EXPECT_EQ(all[0].state, State::kDelivered) << "it may be asked about upstream";
  EXPECT_THAT(all[0].files, IsEmpty());
}

TEST_P(KeptContract, EveryContentThatAClientSentIsPromised) {
  const std::string first = Keep("1.1", "of the first"), second = Keep("1.1", "of the second");
  Keep("1.1", "of the first");
  const std::string third = Keep("1.1", "of the second");
  Ask("2.1", "1.1");
  std::vector<std::string> names;
  const std::vector<UndecidedInstance> all = Undecided();
  for (const SpoolFile& file : all[0].files) names.push_back(file.name);
  ASSERT_EQ(names.size(), 2u) << "each content once";
  EXPECT_EQ(names[0], third) << "the latest first";
}

TEST_P(KeptContract, WhatWasSentAgainAndDiscardedLeavesTheFirst) {
  const std::string name = Keep("1.1");
  ASSERT_TRUE(Await(ledger().Discard(Accept("1.1", {Needs("9.1")}).row, "wrong", "me")));
  Ask("2.1", "1.1");
  const std::vector<UndecidedInstance> all = Undecided();
  EXPECT_EQ(all[0].state, State::kDelivered);
  ASSERT_EQ(all[0].files.size(), 1u);
  EXPECT_EQ(all[0].files[0].name, name);
}

TEST_P(KeptContract, AClockThatGoesForwardEndsNoPromise) {
  const std::string promised = Keep("1.1"), kept = Keep("1.2");
  EXPECT_EQ(Promise(Ask("2.1", "1.1"), promised, Now() + hours(3)), 1);
  clock_.StepWall(hours(24 * 365));
  Pass(minutes(10));
  EXPECT_TRUE(FileIsThere(promised));
  EXPECT_TRUE(FileIsThere(kept));
  clock_.StepWall(-hours(24 * 365));
  Pass(hours(4));
  EXPECT_FALSE(FileIsThere(promised)) << "as long as it was promised, and no longer";
  EXPECT_FALSE(FileIsThere(kept));
}

TEST_P(KeptContract, AClockThatWasAheadKeepsNothingForEver) {
  const std::string kept = Keep("1.1");
  clock_.StepWall(-hours(24 * 365));
  Await(ledger().OpenRows(kVmsdbd));  // it is seen
  Pass(hours(2));
  EXPECT_FALSE(FileIsThere(kept));
}

}  // namespace router::store
