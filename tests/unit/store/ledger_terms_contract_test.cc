#include "tests/unit/store/ledger_contract.h"

// What every implementation of Ledger promises: terms that a row was accepted with, its own time,
// its priority, its end.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LedgerTermsContract);

// ---- not_before

TEST_P(LedgerTermsContract, NothingIsDueBeforeItsTime) {
  const RowId id = Accept(NotBefore("1.1", hours(1))).row;
  EXPECT_EQ(StateOf(id), State::kReady);
  EXPECT_THAT(Claim(), IsEmpty());
  EXPECT_EQ(Await(ledger().Due(kVmsdbd)).value().attempt, Now() + hours(1));
  EXPECT_EQ(Find(id).ready_since, Now() + hours(1)) << "trying has not begun";
  harness_->Restart();
  clock_.Advance(hours(1) - seconds(1));
  EXPECT_THAT(Claim(), IsEmpty());
  clock_.Advance(seconds(1));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1"));
}

TEST_P(LedgerTermsContract, WhatIsOverChangesNothing) {
  Accept(NotBefore("1.1", -hours(1)));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1"));
}

TEST_P(LedgerTermsContract, WhoeverReleasesARowReleasesItForItsTime) {
  const RowId found = Accept(NotBefore("1.1", hours(1), {Needs("9.1")})).row;
  const RowId released = Accept(NotBefore("1.2", hours(1), {Needs("9.2")})).row;
  const RowId relaxed = Accept(NotBefore("1.3", hours(1), {Needs("9.3")})).row;
  EXPECT_THAT(Exist({Uid("9.1")}), ElementsAre(found));
  EXPECT_EQ(Await(ledger().Release(released, "deadline", "sluice")).value(), State::kReady);
  EXPECT_EQ(Await(ledger().Relax(relaxed, {Uid("9.3")}, {})).value(), State::kReady);
  EXPECT_THAT(Claim(), IsEmpty());
  EXPECT_EQ(Find(released).ready_since, Now() + hours(1));
  clock_.Advance(hours(1));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1", "1.2", "1.3"));
}

TEST_P(LedgerTermsContract, ARowThatIsWaitedForLongerThanItsTimeIsDueAtOnce) {
  const RowId id = Accept(NotBefore("1.1", hours(1), {Needs("9.1")})).row;
  clock_.Advance(hours(2));
  Exist({Uid("9.1")});
  EXPECT_EQ(Find(id).ready_since, Now());
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1"));
}

TEST_P(LedgerTermsContract, APersonWhoRetriesARowSendsItNow) {
  const RowId ready = Accept(NotBefore("1.1", hours(1))).row;
  const RowId quarantined = Accept(NotBefore("1.2", hours(1))).row;
  ASSERT_TRUE(Await(ledger().Quarantine(quarantined, {Cause::kUnknownMachine, ""})));
  ASSERT_TRUE(Await(ledger().Retry(ready, "", "ann")));
  ASSERT_TRUE(Await(ledger().Retry(quarantined, "", "ann")));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1", "1.2"));
}

TEST_P(LedgerTermsContract, WhatComesLaterInItsSeriesStaysBehindIt) {
  Acceptance first = NotBefore("1.1", hours(1));
  first.instance.series = Uid("7.1");
  first.instance.instance_number = 1;
  Accept(std::move(first));
  Accept(InSeries("1.2", "7.1", 2));
  const RowId other = Accept(InSeries("2.1", "7.2", 1)).row;
  EXPECT_THAT(ClaimedUids(), ElementsAre("2.1"));
  ASSERT_TRUE(Await(ledger().Complete(other, std::nullopt)));
  EXPECT_THAT(Await(ledger().ClaimLongestDue(kVmsdbd, "a", minutes(5))).value(), IsEmpty());
  EXPECT_TRUE(Await(ledger().StandingOf(InSeries("1.3", "7.1", 3).instance)).value().is_behind);
  clock_.Advance(hours(1));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1", "1.2"));
}

// It is a promise about the time of day.
TEST_P(LedgerTermsContract, AClockThatIsSetBackMovesNoTimeThatWasPromised) {
  Accept(NotBefore("1.1", hours(1)));
  const RowId failed = Accept("1.2").row;
  ASSERT_EQ(Claim().size(), 1u);
  ASSERT_TRUE(Await(ledger().Fail(failed, {Cause::kRetry, ""}, Now() + hours(1))));
  clock_.StepWall(-minutes(30));
  Accept("5.1", {Needs("6.1")});  // the step is seen by what is written next
  clock_.Advance(hours(1));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.2"));
  ASSERT_TRUE(Await(ledger().Complete(failed, std::nullopt)));
  clock_.Advance(minutes(29));
  EXPECT_THAT(Claim(), IsEmpty());
  clock_.Advance(minutes(1));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1"));
}

TEST_P(LedgerTermsContract, WhatWasDueIsDueNoMoreWhenTheClockIsSetBackBeforeItsTime) {
  Accept(NotBefore("1.1", hours(1)));
  clock_.Advance(hours(1));
  clock_.StepWall(-minutes(30));
  Accept("5.1", {Needs("6.1")});
  EXPECT_THAT(Claim(), IsEmpty());
  clock_.Advance(minutes(30));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1"));
}

// ---- priority

TEST_P(LedgerTermsContract, OfWhatIsDueTheHigherGoesFirst) {
  Accept(WithPriority("1.1", Priority::kLow));
  Accept(WithPriority("1.2", Priority::kMedium));
  Acceptance dose = WithPriority("1.3", Priority::kHigh);
  dose.instance.kind = Kind::kDose;
  Accept(std::move(dose));
  Accept(WithPriority("1.4", Priority::kMedium));
  harness_->Restart();
  EXPECT_THAT(ClaimedUids(1), ElementsAre("1.3"));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.2", "1.4", "1.1"));
}

TEST_P(LedgerTermsContract, NothingOfHighPriorityPassesWhatItRefersTo) {
  Acceptance plan = WithPriority("1.2", Priority::kHigh, {Needs("1.1", Kind::kStructureSet)});
  plan.instance.kind = Kind::kPlan;
  Accept(std::move(plan));
  const RowId structures = Accept(WithPriority("1.1", Priority::kLow)).row;
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1"));
  ASSERT_TRUE(Await(ledger().Complete(structures, Known(How::kStatus))));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.2"));
}

TEST_P(LedgerTermsContract, ASeriesKeepsItsOrderAndHasTheHighestPriorityOfItsRows) {
  Accept(InSeries("2.1", "7.2", 1));
  Accept(InSeries("1.1", "7.1", 1));
  Acceptance urgent = InSeries("1.2", "7.1", 2);
  urgent.priority = Priority::kHigh;
  const RowId raising = Accept(std::move(urgent)).row;
  Acceptance idle = InSeries("1.3", "7.1", 3);
  idle.priority = Priority::kLow;
  const RowId raised = Accept(std::move(idle)).row;
  EXPECT_EQ(Find(raising).priority, Priority::kHigh);
  EXPECT_EQ(Find(raised).priority, Priority::kHigh);
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1", "1.2", "1.3", "2.1"));
}

TEST_P(LedgerTermsContract, WhatOfASeriesIsDoneLendsItNoPriority) {
  Acceptance urgent = InSeries("1.1", "7.1", 1);
  urgent.priority = Priority::kHigh;
  const RowId first = Accept(std::move(urgent)).row;
  ASSERT_EQ(Claim().size(), 1u);
  ASSERT_TRUE(Await(ledger().Complete(first, std::nullopt)));
  Acceptance kept = InSeries("1.2", "7.1", 2);
  kept.priority = Priority::kHigh;
  kept.retain_for = hours(1);
  Acceptance low = InSeries("1.3", "7.1", 3);
  low.priority = Priority::kLow;
  const RowId last = Accept(std::move(low)).row;
  ASSERT_TRUE(Await(ledger().Keep(std::move(kept))));
  EXPECT_EQ(Find(last).priority, Priority::kLow);
}

TEST_P(LedgerTermsContract, WhereAttemptsAreFewWhatWasNeverTriedGoesByPriorityToo) {
  Accept(WithPriority("1.1", Priority::kLow));
  Accept(WithPriority("1.2", Priority::kHigh));
  std::vector<std::string> uids;
  const std::vector<Row> rows = Await(ledger().ClaimFresh(kVmsdbd, 10, "a", minutes(5))).value();
  for (const Row& row : rows) uids.push_back(row.instance.sop_instance.str());
  EXPECT_THAT(uids, ElementsAre("1.2", "1.1"));
}

// ---- the end of waiting

// Another patient's, found out in the moment in which its time was over.
TEST_P(LedgerTermsContract, ADeadlineReleasesNothingThatWasQuarantinedMeanwhile) {
  const RowId id = Accept("1.1", {Needs("9.1")}).row;
  ASSERT_TRUE(Await(ledger().Quarantine(id, PatientDiffersFrom(Uid("9.1")))));
  const Result<State> released = Await(ledger().Release(id, "deadline", "sluice", State::kWaiting));
  ASSERT_FALSE(released);
  EXPECT_EQ(released.error().code, Errc::kNotFound);
  EXPECT_EQ(StateOf(id), State::kQuarantined);
  EXPECT_EQ(Await(ledger().Release(id, "checked", "ann")).value(), State::kReady);
}

TEST_P(LedgerTermsContract, WhatADeadlineDoesIsKeptWithTheRow) {
  Acceptance sent = Arrival("1.1", Part(), {Needs("9.1")});
  sent.at_deadline = AtDeadline::kSend;
  const RowId own = Accept(std::move(sent)).row;
  const RowId configured = Accept("1.2", {Needs("9.1")}).row;
  harness_->Restart();
  EXPECT_EQ(Find(own).at_deadline, AtDeadline::kSend);
  EXPECT_EQ(Find(configured).at_deadline, AtDeadline::kAsConfigured);
}

}  // namespace
}  // namespace router::store
