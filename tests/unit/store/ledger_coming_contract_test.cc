#include "tests/unit/store/ledger_contract.h"

// What every implementation of Ledger promises to those who wait, or refuse to: what comes by
// itself, and acceptance without a row of one's own.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Outcome = Accepted::Outcome;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LedgerComing);

TEST_P(LedgerComing, WhatNobodyHasDoesNotCome) { EXPECT_THAT(Coming({Uid("9.1")}), IsEmpty()); }

TEST_P(LedgerComing, WhatIsDueOnItsWayOrVerifiedComes) {
  Accept("1.1");
  EXPECT_THAT(Coming({Uid("1.1"), Uid("9.1")}), ElementsAre("1.1"));
  RowId id = Claim().front().id;
  EXPECT_THAT(Coming({Uid("1.1")}), ElementsAre("1.1"));
  LoseAnswer(id);
  EXPECT_THAT(Coming({Uid("1.1")}), ElementsAre("1.1"));
}

TEST_P(LedgerComing, WhatWaitsComesOnlyWithAllThatItWaitsFor) {
  Accept("1.1");
  Accept("1.2", {Needs("1.1")});
  Accept("1.3", {Needs("1.2"), Needs("9.1")});
  Accept("1.4", {Needs("1.2")});
  EXPECT_THAT(Coming({Uid("1.2"), Uid("1.3"), Uid("1.4")}), ElementsAre("1.2", "1.4"));
}

TEST_P(LedgerComing, RowsThatWaitForEachOtherDoNotCome) {
  Accept("1.1", {Needs("1.2")});
  Accept("1.2", {Needs("1.1")});
  EXPECT_THAT(Coming({Uid("1.1"), Uid("1.2")}), IsEmpty());
}

TEST_P(LedgerComing, WhatAPersonHasToDecideOnDoesNotCome) {
  RowId id = Accept("1.1").row;
  ASSERT_TRUE(Await(ledger().Quarantine(id, {Cause::kRefused, ""})));
  EXPECT_THAT(Coming({Uid("1.1")}), IsEmpty());
}

TEST_P(LedgerComing, WhatWasStoredAMomentAgoComesAndThenNoMore) {
  ASSERT_TRUE(Await(ledger().AskSoon(kVmsdbd, {Uid("9.1")}, Now())));
  EXPECT_THAT(Coming({Uid("9.1")}), ElementsAre("9.1"));
  EXPECT_THAT(Await(ledger().Unknown(kVmsdbd, {Uid("9.1")})).value(), ElementsAre(Uid("9.1")));
  clock_.Advance(minutes(2));
  EXPECT_THAT(Coming({Uid("9.1")}), IsEmpty());
}

TEST_P(LedgerComing, WhatComesToAnotherApplicationDoesNotComeHere) {
  Acceptance arrival = Arrival("1.1", Part());
  arrival.instance.application = "RTPACS";
  Accept(std::move(arrival));
  EXPECT_THAT(Coming({Uid("1.1")}), IsEmpty());
}

TEST_P(LedgerComing, WhoseSenderAnswersForItLeavesNothing) {
  Accepted accepted = AcceptIfHeld("1.1");
  EXPECT_EQ(accepted.outcome, Outcome::kNotKept);
  EXPECT_THAT(Await(ledger().ByUid(Uid("1.1"))).value(), IsEmpty());
  EXPECT_THAT(Claim(), IsEmpty());
  EXPECT_EQ(FilesInSpool(), 0u);
}

TEST_P(LedgerComing, WhoseSenderAnswersForItJoinsWhatIsHeld) {
  RowId id = Accept(Arrival("1.1", Part("the same"))).row;
  Accepted accepted = AcceptIfHeld("1.1", "the same");
  EXPECT_EQ(accepted.outcome, Outcome::kDuplicate);
  EXPECT_EQ(accepted.row, id);
  EXPECT_EQ(Claim().size(), 1u);
  EXPECT_EQ(FilesInSpool(), 1u);
}

TEST_P(LedgerComing, WhoseSenderAnswersForItDoesNotJoinWhatNobodySends) {
  RowId id = Accept(Arrival("1.1", Part("the same"))).row;
  ASSERT_TRUE(Await(ledger().Quarantine(id, {Cause::kRefused, ""})));
  Accepted accepted = AcceptIfHeld("1.1", "the same");
  EXPECT_EQ(accepted.outcome, Outcome::kNotKept);
  EXPECT_EQ(accepted.row, id);
  EXPECT_EQ(accepted.state, State::kQuarantined);
  EXPECT_EQ(FilesInSpool(), 1u);
  EXPECT_EQ(Accept(Arrival("1.1", Part("the same"))).outcome, Outcome::kDuplicate);
}

TEST_P(LedgerComing, WhoseSenderAnswersForItReplacesNothing) {
  RowId id = Accept(Arrival("1.1", Part("one"))).row;
  Acceptance other = Arrival("1.1", Part("another"));
  other.only_if_held = true;
  other.on_conflict = OnConflict::kReplace;
  EXPECT_EQ(Accept(std::move(other)).outcome, Outcome::kConflict);
  EXPECT_EQ(StateOf(id), State::kReady);
}

}  // namespace
}  // namespace router::store
