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
  harness_->Restart();
  EXPECT_TRUE(FileIsThere(name));
  EXPECT_EQ(ledger().gauges().kept_bytes, 5);
  EXPECT_TRUE(HasFile("1.1"));
  Pass(minutes(30));
  EXPECT_TRUE(FileIsThere(name));
  Pass(minutes(30));
  EXPECT_FALSE(FileIsThere(name));
  EXPECT_FALSE(HasFile("1.1"));
  EXPECT_EQ(ledger().gauges().kept_bytes, 0);
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
  ASSERT_TRUE(all[0].file);
  EXPECT_EQ(all[0].file->name, name);
  EXPECT_EQ(all[0].file->size, 5u);
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
  EXPECT_EQ(MakeRoom(3), 5u);
  EXPECT_FALSE(FileIsThere(second));
  EXPECT_TRUE(FileIsThere(third));
  EXPECT_EQ(MakeRoom(100), 5u);
  EXPECT_FALSE(FileIsThere(third));
  EXPECT_EQ(MakeRoom(100), 0u);
  harness_->Restart();
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
  EXPECT_FALSE(Undecided()[0].file);
}

}  // namespace router::store
