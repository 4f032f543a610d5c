#include "tests/unit/store/ledger_contract.h"

// What every implementation of Ledger promises: attempts, and what is known of their outcome.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(LedgerDeliveryContract, AnExpiredLeaseIsAnUnknownOutcome) {
  RowId id = Accept("1.1").row;
  ASSERT_EQ(Claim().size(), 1u);
  Begin(id);
  clock_.Advance(minutes(4));
  EXPECT_EQ(Await(ledger().Renew({id, 999}, minutes(5))).value(), 1);
  clock_.Advance(minutes(4));
  EXPECT_THAT(Claim(), IsEmpty());
  EXPECT_EQ(StateOf(id), State::kSending);
  clock_.Advance(minutes(1));
  EXPECT_THAT(Claim(), IsEmpty());
  EXPECT_EQ(StateOf(id), State::kVerifying);
  EXPECT_EQ(Find(id).reason.cause, Cause::kLeaseExpired);
  EXPECT_TRUE(Find(id).maybe_there);
}

TEST_P(LedgerDeliveryContract, AnExpiredLeaseOfWhatHadNotBegunIsNoOutcomeAtAll) {
  RowId id = Accept("1.1").row;
  ASSERT_EQ(Claim().size(), 1u);
  clock_.Advance(minutes(6));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1"));
  EXPECT_FALSE(Find(id).maybe_there);
}

TEST_P(LedgerDeliveryContract, WhatWasBeingSentAtTheEndIsVerified) {
  RowId id = Accept("1.1").row;
  ASSERT_EQ(Claim().size(), 1u);
  Begin(id);
  harness_->Restart();
  Row row = Find(id);
  EXPECT_EQ(row.state, State::kVerifying);
  EXPECT_EQ(row.reason.cause, Cause::kRestart);
  EXPECT_EQ(row.owner, "");
  EXPECT_FALSE(row.lease_until);
  EXPECT_FALSE(row.begun);
  EXPECT_TRUE(row.maybe_there);
  EXPECT_EQ(row.attempts, 1);
}

TEST_P(LedgerDeliveryContract, WhatWasClaimedAndHadNotBegunAtTheEndIsReady) {
  RowId first = Accept("1.1").row, second = Accept("1.2").row;
  ASSERT_EQ(Claim().size(), 2u);
  EXPECT_TRUE(Begin(first).begun);
  harness_->Restart();
  EXPECT_EQ(StateOf(first), State::kVerifying);
  Row row = Find(second);
  EXPECT_EQ(row.state, State::kReady);
  EXPECT_EQ(row.attempts, 0);
  EXPECT_FALSE(row.maybe_there);
  EXPECT_EQ(row.owner, "");
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.2"));
}

TEST_P(LedgerDeliveryContract, AnAttemptCountsFromItsBeginning) {
  RowId first = Accept("1.1").row, second = Accept("1.2").row;
  ASSERT_EQ(Claim().size(), 2u);
  clock_.Advance(minutes(4));
  Row row = Await(ledger().Begin({first, second}, minutes(5))).value();
  EXPECT_EQ(row.id, first);
  EXPECT_EQ(row.attempts, 1);
  EXPECT_EQ(Find(second).attempts, 0);
  EXPECT_EQ(Find(second).lease_until, Now() + minutes(5));
  EXPECT_EQ(Await(ledger().Begin({first}, minutes(5))).error().code, Errc::kNotFound);
  ASSERT_TRUE(Await(ledger().Discard(second, "", "me")));
  EXPECT_EQ(Await(ledger().Begin({second}, minutes(5))).error().code, Errc::kNotFound);
}

TEST_P(LedgerDeliveryContract, WhatIsGivenBackIsAsItWas) {
  RowId first = Accept("1.1").row, second = Accept("1.2").row;
  WallTime since = Find(second).since;
  ASSERT_EQ(Claim().size(), 2u);
  Begin(first);
  clock_.Advance(seconds(9));
  ASSERT_TRUE(Await(ledger().GiveBack({first, second, 999})));
  EXPECT_EQ(StateOf(first), State::kSending);
  Row row = Find(second);
  EXPECT_EQ(row.state, State::kReady);
  EXPECT_EQ(row.attempts, 0);
  EXPECT_EQ(row.since, since);
  EXPECT_EQ(row.owner, "");
  EXPECT_EQ(Await(ledger().History(second)).value().size(), 1u);
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.2"));
}

TEST_P(LedgerDeliveryContract, AFailureBeforeTheBeginningIsAnAttemptToo) {
  RowId id = Accept("1.1").row;
  ASSERT_EQ(Claim().size(), 1u);
  ASSERT_TRUE(Await(ledger().Fail(id, {Cause::kUnreachable, ""}, Now())));
  EXPECT_EQ(Find(id).attempts, 1);
  ASSERT_EQ(Claim().size(), 1u);
  Begin(id);
  ASSERT_TRUE(Await(ledger().Fail(id, {Cause::kRetry, ""}, Now())));
  EXPECT_EQ(Find(id).attempts, 2);
  EXPECT_FALSE(Find(id).maybe_there);
  ASSERT_EQ(Claim().size(), 1u);
  Begin(id);
  ASSERT_TRUE(Await(ledger().Fail(id, {Cause::kOutcomeUnknown, ""}, Now())));
  EXPECT_TRUE(Find(id).maybe_there);
}

// Two clients sent the same UID at once; the answer to one of them was lost.
TEST_P(LedgerDeliveryContract, AnotherContentThatWasDeliveredMeanwhileProvesNothing) {
  auto lost = [&](std::string content) {
    Acceptance arrival = Arrival("1.1", Part(std::move(content)));
    arrival.verify = Reason{Cause::kOutcomeUnknown, "lost"};
    return Accept(std::move(arrival)).row;
  };
  const RowId first = Accept(Arrival("1.1", Part("first"))).row;
  ASSERT_EQ(Claim().size(), 1u);
  Begin(first);
  ASSERT_TRUE(Await(ledger().Complete(first, std::nullopt)));
  const RowId other = lost("second");
  EXPECT_TRUE(Find(other).there_before);
  Exist({Uid("1.1")});
  EXPECT_EQ(StateOf(other), State::kVerifying) << "the first is there: of it nobody knows";
  ASSERT_TRUE(Await(ledger().Discard(other, "", "me")));
  const RowId same = lost("first");
  Exist({Uid("1.1")});
  EXPECT_EQ(StateOf(same), State::kDelivered);
}

TEST_P(LedgerDeliveryContract, WhatAQueryFindsEndsWhatIsBeingVerified) {
  RowId id = Accept("1.1").row;
  ASSERT_EQ(Claim().size(), 1u);
  LoseAnswer(id);
  ASSERT_TRUE(Await(ledger().Exists(kVmsdbd, {Uid("1.1")}, Known(How::kRelayed))));
  EXPECT_EQ(StateOf(id), State::kVerifying);
  Exist({Uid("1.1")});
  EXPECT_EQ(StateOf(id), State::kDelivered);
}

// The UID was there with another content: to find it says nothing of this row.
TEST_P(LedgerDeliveryContract, WhatWasThereBeforeTheFirstAttemptProvesNothing) {
  RowId found = Accept("1.1").row, relayed = Accept("1.2").row, again = Accept("1.3").row;
  Exist({Uid("1.1")});
  ASSERT_TRUE(Await(ledger().AskSoon(kVmsdbd, {Uid("1.2")}, Now())));
  clock_.Advance(hours(48));  // no longer believed, still remembered
  ASSERT_EQ(Claim().size(), 3u);
  ASSERT_TRUE(Await(ledger().Complete(again, std::nullopt)));
  RowId after = Accept("1.3").row, fresh = Accept("1.4").row;
  ASSERT_EQ(Claim().size(), 2u);
  for (RowId id : {found, relayed, after}) {
    EXPECT_TRUE(Begin(id).there_before) << id;
    ASSERT_TRUE(Await(ledger().Verifying(id, {Cause::kOutcomeUnknown, "lost"})));
  }
  LoseAnswer(fresh);
  Exist({Uid("1.1"), Uid("1.2"), Uid("1.3"), Uid("1.4")});
  for (RowId id : {found, relayed, after}) EXPECT_EQ(StateOf(id), State::kVerifying) << id;
  EXPECT_EQ(StateOf(fresh), State::kDelivered);
}

TEST_P(LedgerDeliveryContract, WhatIsThereAfterAnAttemptWithoutAnAnswerMayBeItsOwn) {
  RowId id = Accept("1.1").row;
  ASSERT_EQ(Claim().size(), 1u);
  LoseAnswer(id);
  ASSERT_TRUE(Await(ledger().Fail(id, {Cause::kRetry, "not found"}, Now())));
  Exist({Uid("1.1")});
  ASSERT_EQ(Claim().size(), 1u);
  EXPECT_FALSE(Begin(id).there_before);
}

TEST_P(LedgerDeliveryContract, WhatIsSentWithoutARowGoesBehindTheSameInstanceAndItsSeries) {
  auto is_behind = [this](std::string_view uid, std::string_view series, const char* application) {
    Instance instance = InSeries(uid, series, 1).instance;
    instance.application = application;
    return Await(ledger().StandingOf(std::move(instance))).value().is_behind;
  };
  EXPECT_FALSE(is_behind("1.1", "", kVmsdbd));
  RowId held = Accept("1.1", {Needs("9.1")}).row;
  EXPECT_TRUE(is_behind("1.1", "", kVmsdbd)) << "held under the same UID";
  EXPECT_FALSE(is_behind("1.1", "", "RTPACS"));
  EXPECT_FALSE(is_behind("1.2", "", kVmsdbd)) << "no series is not a series";
  ASSERT_TRUE(Await(ledger().Quarantine(held, {Cause::kDeadline, ""})));
  EXPECT_TRUE(is_behind("1.1", "", kVmsdbd));
  ASSERT_TRUE(Await(ledger().Discard(held, "", "me")));
  EXPECT_FALSE(is_behind("1.1", "", kVmsdbd));
  RowId due = Accept(InSeries("1.3", "7.1", 1)).row;
  EXPECT_TRUE(is_behind("1.4", "7.1", kVmsdbd));
  EXPECT_FALSE(is_behind("1.4", "7.2", kVmsdbd));
  ASSERT_TRUE(Await(ledger().Quarantine(due, {Cause::kRefused, ""})));
  EXPECT_FALSE(is_behind("1.4", "7.1", kVmsdbd));
}

TEST_P(LedgerDeliveryContract, WhatWasSentWithoutARowTellsWhatWasThereBefore) {
  Instance instance = Arrival("1.1", SpoolFile()).instance;
  EXPECT_FALSE(Await(ledger().StandingOf(instance)).value().there_before);
  Exist({Uid("1.1")});
  EXPECT_TRUE(Await(ledger().StandingOf(instance)).value().there_before);
  for (bool before : {true, false}) {
    Acceptance arrival = Arrival(before ? "1.1" : "1.2", Part());
    arrival.verify = Reason{Cause::kOutcomeUnknown, "lost"};
    arrival.there_before = before;
    Row row = Find(Accept(std::move(arrival)).row);
    EXPECT_TRUE(row.maybe_there);
    EXPECT_EQ(row.there_before, before);
    EXPECT_EQ(row.attempts, 1);
  }
}

TEST_P(LedgerDeliveryContract, HowLongItIsTriedCountsFromWhenItWasDue) {
  RowId id = Accept("1.1", {Needs("9.1")}).row;
  EXPECT_FALSE(Find(id).ready_since);
  clock_.Advance(hours(2));
  Exist({Uid("9.1")});
  const WallTime due = Now();
  EXPECT_EQ(Find(id).ready_since, due);
  clock_.Advance(minutes(1));
  ASSERT_EQ(Claim().size(), 1u);
  LoseAnswer(id);
  ASSERT_TRUE(Await(ledger().Fail(id, {Cause::kRetry, ""}, Now())));
  EXPECT_EQ(Find(id).ready_since, due);
  ASSERT_TRUE(Await(ledger().Quarantine(id, {Cause::kRetry, ""})));
  EXPECT_FALSE(Find(id).ready_since);
  ASSERT_TRUE(Await(ledger().Retry(id, "", "ann")));
  EXPECT_EQ(Find(id).ready_since, Now());
  ASSERT_TRUE(Await(ledger().BackToWaiting(id, {Cause::kNotYet, ""}, {Needs("9.2")}, Now())));
  EXPECT_FALSE(Find(id).ready_since);
  EXPECT_EQ(Find(Accept("1.2").row).ready_since, Now());
}

TEST_P(LedgerDeliveryContract, WhatCameTooLateForAQuarantineStaysAsItIs) {
  RowId id = Accept("1.1", {Needs("9.1")}).row;
  ASSERT_TRUE(Await(ledger().Release(id, "", "ann")));
  Reason reason{Cause::kDeadline, ""};
  EXPECT_EQ(Await(ledger().Quarantine(id, reason, State::kWaiting)).error().code, Errc::kNotFound);
  EXPECT_EQ(StateOf(id), State::kReady);
  ASSERT_TRUE(Await(ledger().Quarantine(id, reason, State::kReady)));
  EXPECT_EQ(StateOf(id), State::kQuarantined);
}

TEST_P(LedgerDeliveryContract, WhatIsBeingVerifiedIsSeenAndCanBeDecidedByAPerson) {
  Acceptance arrival = Arrival("1.1", Part());
  arrival.warn_after = Now() + minutes(30);
  RowId id = Accept(std::move(arrival)).row;
  ASSERT_EQ(Claim().size(), 1u);
  LoseAnswer(id);
  EXPECT_EQ(Await(ledger().Due(kVmsdbd)).value().warning, Now() + minutes(30));
  clock_.Advance(minutes(30));
  EXPECT_EQ(Await(ledger().TakeWarnings(kVmsdbd, Now(), 10)).value().size(), 1u);
  EXPECT_EQ(Await(ledger().Held({})).value().size(), 1u);
  EXPECT_EQ(Await(ledger().Retry(id, "", "ann")).value(), State::kReady);
  EXPECT_TRUE(Find(id).maybe_there);
  ASSERT_EQ(Claim().size(), 1u);
  LoseAnswer(id);
  EXPECT_EQ(Await(ledger().Release(id, "", "ann")).value(), State::kReady);
}

}  // namespace
}  // namespace router::store
