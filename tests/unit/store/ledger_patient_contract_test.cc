#include "tests/unit/store/ledger_contract.h"

// What every implementation of Ledger promises about whose the instances are.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LedgerPatients);

TEST(PatientTest, WhatIsNotKnownDiffersFromNothing) {
  EXPECT_FALSE(Whose("").DiffersFrom(Whose("1", "A")));
  EXPECT_FALSE(Whose("1").DiffersFrom(Whose("", "A")));
  EXPECT_FALSE(Whose("1", "A").DiffersFrom(Whose("1")));
  EXPECT_TRUE(Whose("1", "A").DiffersFrom(Whose("1", "B")));
  EXPECT_TRUE(Whose("1", "A").DiffersFrom(Whose("2", "A")));
}

TEST_P(LedgerPatients, OthersAreKnownAlsoAfterARestart) {
  Note("9.1", Whose("1"));
  harness_->Restart();
  EXPECT_THAT(Others("9.1", Whose("2")), ElementsAre(Uid("9.1")));
  EXPECT_THAT(Others("9.1", Whose("1")), IsEmpty());
  EXPECT_THAT(Others("9.2", Whose("2")), IsEmpty());
  EXPECT_THAT(Others("9.1", Whose("")), IsEmpty());
}

TEST_P(LedgerPatients, WhatIsMendedDiffersNoMore) {
  Note("9.1", Whose("1"));
  Note("9.1", Whose("2"));
  EXPECT_THAT(Others("9.1", Whose("2")), IsEmpty());
}

TEST_P(LedgerPatients, WhatCameFirstIsComparedWhenTheOtherIsAccepted) {
  Note("9.1", Whose("1"));
  Accepted accepted = AcceptOf("1.1", Whose("2"), {Needs("9.1"), Needs("9.2")});
  EXPECT_THAT(accepted.other_patients, ElementsAre(Uid("9.1")));
  EXPECT_EQ(accepted.state, State::kWaiting);  // only said
  accepted = AcceptOf("1.2", Whose("1"), {Needs("9.1")});
  EXPECT_THAT(accepted.other_patients, IsEmpty());
}

TEST_P(LedgerPatients, WhatIsAcceptedIsRememberedItself) {
  AcceptOf("1.1", Whose("1"));
  EXPECT_THAT(Others("1.1", Whose("2")), ElementsAre(Uid("1.1")));
}

TEST_P(LedgerPatients, WhatRefersToAnotherPatientIsQuarantinedOnRequest) {
  Note("9.1", Whose("1"));
  Accepted accepted = AcceptOf("1.1", Whose("2"), {Needs("9.1")}, true);
  EXPECT_EQ(accepted.state, State::kQuarantined);
  EXPECT_EQ(Find(accepted.row).reason, PatientDiffersFrom(Uid("9.1")));
  EXPECT_THAT(WantedNow(), IsEmpty());
  EXPECT_THAT(Exist({Uid("9.1")}), IsEmpty());
}

TEST_P(LedgerPatients, WhatWaitsIsComparedWhenTheOtherComes) {
  RowId waits = AcceptOf("1.1", Whose("1"), {Needs("9.1")}).row;
  RowId other = AcceptOf("1.2", Whose("2"), {Needs("9.1")}).row;
  AcceptOf("1.3", Whose(""), {Needs("9.1")});
  EXPECT_THAT(Note("9.1", Whose("1")), ElementsAre(other));
  EXPECT_EQ(StateOf(other), State::kWaiting);  // only said
  EXPECT_THAT(Note("9.1", Whose("1"), true), ElementsAre(other));
  EXPECT_EQ(StateOf(other), State::kQuarantined);
  EXPECT_EQ(Find(other).reason, PatientDiffersFrom(Uid("9.1")));
  EXPECT_EQ(StateOf(waits), State::kWaiting);
}

TEST_P(LedgerPatients, WhatIsAcceptedEndsWhatWaitsForItAndIsAnothers) {
  RowId waits = AcceptOf("1.1", Whose("1"), {Needs("9.1")}).row;
  AcceptOf("9.1", Whose("2"), {Needs("8.1")}, true);
  EXPECT_EQ(StateOf(waits), State::kQuarantined);
  EXPECT_EQ(Find(waits).reason, PatientDiffersFrom(Uid("9.1")));
}

TEST_P(LedgerPatients, WhatIsAcceptedOnlyToBeSaidLeavesWhatWaits) {
  RowId waits = AcceptOf("1.1", Whose("1"), {Needs("9.1")}).row;
  AcceptOf("9.1", Whose("2"));
  EXPECT_EQ(StateOf(waits), State::kWaiting);
}

TEST_P(LedgerPatients, WhatIsNotKeptEndsNothingAndIsNotRemembered) {
  RowId waits = AcceptOf("1.1", Whose("1"), {Needs("9.1")}).row;
  Acceptance refused = Arrival("9.1", Part());
  refused.patient = Whose("2");
  refused.quarantine_other_patient = refused.only_if_held = true;
  EXPECT_EQ(Accept(std::move(refused)).outcome, Accepted::Outcome::kNotKept);
  EXPECT_EQ(StateOf(waits), State::kWaiting);
  EXPECT_THAT(Others("9.1", Whose("1")), IsEmpty());
}

TEST_P(LedgerPatients, WhatIsInConflictEndsNothingAndIsNotRemembered) {
  AcceptOf("9.1", Whose("1"), {Needs("8.1")}, true);
  RowId waits = AcceptOf("1.1", Whose("1"), {Needs("9.1")}, true).row;
  EXPECT_EQ(AcceptOf("9.1", Whose("2"), {}, true).outcome, Accepted::Outcome::kConflict);
  EXPECT_EQ(StateOf(waits), State::kWaiting);
  EXPECT_THAT(Others("9.1", Whose("1")), IsEmpty());
}

TEST_P(LedgerPatients, WhatWasSentAlreadyIsVerifiedWhoeverItIs) {
  Note("9.1", Whose("1"));
  Acceptance arrival = Arrival("1.1", Part(), {Needs("9.1")});
  arrival.patient = Whose("2");
  arrival.quarantine_other_patient = true;
  arrival.verify = Reason{Cause::kOutcomeUnknown, "lost"};
  EXPECT_EQ(Accept(std::move(arrival)).state, State::kVerifying);
}

TEST_P(LedgerPatients, WhoseItWasIsForgottenWithTime) {
  Note("9.1", Whose("1"));
  clock_.Advance(hours(24 * 31));
  Note("9.2", Whose("1"));  // what is written cleans up
  clock_.Advance(hours(1));
  Note("9.3", Whose("1"));
  EXPECT_THAT(Others("9.1", Whose("2")), IsEmpty());
  EXPECT_THAT(Others("9.2", Whose("2")), ElementsAre(Uid("9.2")));
}

}  // namespace
}  // namespace router::store
