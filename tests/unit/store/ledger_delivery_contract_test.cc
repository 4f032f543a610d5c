#include "tests/unit/store/ledger_contract.h"

// What every implementation of Ledger promises: claims, outcomes, what operators do, questions.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LedgerDeliveryContract);

TEST_P(LedgerDeliveryContract, ClaimsComeInTheOrderOfInjection) {
  Accept(OfKind("1.4", Kind::kDose));
  Accept(OfKind("1.3", Kind::kPlan));
  Accept(OfKind("1.2", Kind::kStructureSet));
  Accept(OfKind("1.1", Kind::kImage));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1", "1.2", "1.3", "1.4"));
}

TEST_P(LedgerDeliveryContract, ASeriesGoesByInstanceNumberAndStaysTogether) {
  Accept(InSeries("1.3", "7.1", 3));
  Accept(InSeries("2.1", "7.2", 1));
  Accept(InSeries("1.0", "7.1", std::nullopt));
  Accept(InSeries("1.1", "7.1", 1));
  Accept(InSeries("2.0", "7.2", 0));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1", "1.3", "1.0", "2.0", "2.1"));
}

TEST_P(LedgerDeliveryContract, NothingIsClaimedTwice) {
  Accept("1.1");
  Accept("1.2");
  EXPECT_THAT(ClaimedUids(1), ElementsAre("1.1"));
  EXPECT_THAT(ClaimedUids(100, "b"), ElementsAre("1.2"));
  EXPECT_THAT(Claim(), IsEmpty());
}

TEST_P(LedgerDeliveryContract, ASeriesIsGivenOutToNobodyWhileOneOfItIsBeingSent) {
  RowId first = Accept(InSeries("1.1", "7.1", 1)).row;
  Accept(InSeries("1.2", "7.1", 2));
  Accept(InSeries("2.1", "7.2", 1));
  EXPECT_THAT(ClaimedUids(1, "a"), ElementsAre("1.1"));
  EXPECT_THAT(ClaimedUids(100, "b"), ElementsAre("2.1"));
  EXPECT_THAT(Claim(100, "a"), IsEmpty()) << "its own owner may have lost track of it";
  ASSERT_TRUE(Await(ledger().Complete(first, std::nullopt)));
  EXPECT_THAT(ClaimedUids(100, "b"), ElementsAre("1.2"));
}

TEST_P(LedgerDeliveryContract, ARetryDoesNotReorderItsSeries) {
  RowId first = Accept(InSeries("1.1", "7.1", 1)).row;
  Accept(InSeries("1.2", "7.1", 2));
  RowId other = Accept(InSeries("2.1", "7.2", 1)).row;
  ASSERT_EQ(Claim(1).size(), 1u);
  ASSERT_TRUE(Await(ledger().Fail(first, {Cause::kRetry, "A700"}, Now() + seconds(30))));
  EXPECT_THAT(ClaimedUids(), ElementsAre("2.1"));
  ASSERT_TRUE(Await(ledger().Complete(other, std::nullopt)));
  clock_.Advance(seconds(30));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1", "1.2"));
}

TEST_P(LedgerDeliveryContract, AnUnknownOutcomeKeepsThoseBehindIt) {
  RowId first = Accept(InSeries("1.1", "7.1", 1)).row;
  Accept(InSeries("1.2", "7.1", 2));
  ASSERT_EQ(Claim(1).size(), 1u);
  ASSERT_TRUE(Await(ledger().Verifying(first, {Cause::kOutcomeUnknown, ""})));
  EXPECT_THAT(Claim(), IsEmpty());
  std::vector<Row> unverified = Await(ledger().Unverified(kVmsdbd, 10)).value();
  ASSERT_EQ(unverified.size(), 1u);
  EXPECT_EQ(unverified[0].id, first);
  ASSERT_TRUE(Await(ledger().Complete(first, Known())));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.2"));
}

TEST_P(LedgerDeliveryContract, DeliveryEndsTheRowAndItsFile) {
  Acceptance arrival = Arrival("1.1", Part());
  RowId id = Accept(arrival).row;
  ASSERT_EQ(Claim().size(), 1u);
  ASSERT_TRUE(Await(ledger().Complete(id, std::nullopt)));
  EXPECT_EQ(StateOf(id), State::kDelivered);
  EXPECT_FALSE(FileIsThere(arrival.file.name));
  EXPECT_EQ(Await(ledger().OpenRows(kVmsdbd)).value(), 0);
}

TEST_P(LedgerDeliveryContract, ADeliveredInstanceReleasesThoseThatReferToIt) {
  RowId image = Accept("1.1").row;
  RowId structures = Accept("1.2", {Needs("1.1")}).row;
  ASSERT_EQ(Claim().size(), 1u);
  Result<std::vector<ReadyRow>> ready = Await(ledger().Complete(image, Known(How::kStatus)));
  ASSERT_TRUE(ready);
  ASSERT_EQ(ready->size(), 1u);
  EXPECT_EQ((*ready)[0].id, structures);
  EXPECT_EQ((*ready)[0].sop_instance, Uid("1.2"));
}

TEST_P(LedgerDeliveryContract, DeliveryAloneMakesNothingKnown) {
  RowId image = Accept("1.1").row;
  RowId structures = Accept("1.2", {Needs("1.1")}).row;
  ASSERT_EQ(Claim().size(), 1u);
  ASSERT_TRUE(Await(ledger().Complete(image, std::nullopt)));
  EXPECT_EQ(StateOf(structures), State::kWaiting);
}

TEST_P(LedgerDeliveryContract, StepsThatTheStateDoesNotAllowAreRefused) {
  RowId id = Accept("1.1").row;
  EXPECT_EQ(Await(ledger().Complete(id, std::nullopt)).error().code, Errc::kNotFound);
  EXPECT_EQ(Await(ledger().Verifying(id, {})).error().code, Errc::kNotFound);
  EXPECT_EQ(Await(ledger().Fail(id, {}, Now())).error().code, Errc::kNotFound);
  EXPECT_EQ(Await(ledger().Release(id, "", "me")).error().code, Errc::kNotFound);
  EXPECT_EQ(Await(ledger().Quarantine(999, {})).error().code, Errc::kNotFound);
  ASSERT_TRUE(Await(ledger().Discard(id, "", "me")));
  EXPECT_EQ(Await(ledger().Discard(id, "", "me")).error().code, Errc::kNotFound);
  EXPECT_EQ(Await(ledger().Quarantine(id, {})).error().code, Errc::kNotFound);
}

TEST_P(LedgerDeliveryContract, NotYetGoesBackToWaitingForWhatWasThoughtToExist) {
  Exist({Uid("9.1"), Uid("9.2")});
  RowId id = Accept("1.1", {Needs("9.1"), Needs("9.2")}).row;
  ASSERT_EQ(Claim().size(), 1u);
  WallTime retry_at = Now() + seconds(20);
  EXPECT_EQ(Await(ledger().BackToWaiting(id, {Cause::kNotYet, "A900"}, {}, retry_at)).value(),
            State::kWaiting);
  EXPECT_EQ(Find(id).missing, 2);
  EXPECT_THAT(WantedNow(), IsEmpty());
  EXPECT_THAT(Exist({Uid("9.1"), Uid("9.2")}), ElementsAre(id));
  EXPECT_THAT(Claim(), IsEmpty()) << "sent before the time that was asked for";
  clock_.Advance(seconds(20));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1"));
}

TEST_P(LedgerDeliveryContract, NotYetMayNameWhatIsMissing) {
  RowId id = Accept("1.1").row;
  ASSERT_EQ(Claim().size(), 1u);
  EXPECT_EQ(Await(ledger().BackToWaiting(id, {Cause::kNotYet, ""}, {Needs("9.1")}, Now())).value(),
            State::kWaiting);
  EXPECT_THAT(WantedNow(), ElementsAre("9.1"));
  EXPECT_THAT(Exist({Uid("9.1")}), ElementsAre(id));
}

TEST_P(LedgerDeliveryContract, NotYetWithoutAnyReferenceIsTriedAgain) {
  RowId id = Accept("1.1").row;
  ASSERT_EQ(Claim().size(), 1u);
  EXPECT_EQ(Await(ledger().BackToWaiting(id, {Cause::kNotYet, ""}, {}, Now() + seconds(9))).value(),
            State::kReady);
  EXPECT_THAT(Claim(), IsEmpty());
  clock_.Advance(seconds(9));
  EXPECT_EQ(Claim().size(), 1u);
}

TEST_P(LedgerDeliveryContract, AnOperatorReleasesWhateverIsMissing) {
  RowId id = Accept("1.1", {Needs("9.1")}).row;
  EXPECT_EQ(Await(ledger().Release(id, "checked by hand", "ann")).value(), State::kReady);
  EXPECT_THAT(WantedNow(), IsEmpty());
  ASSERT_TRUE(Await(ledger().ForgetExistence(kVmsdbd, {Uid("9.1")})));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1"));
  Begin(id);
  std::vector<HistoryStep> steps = Await(ledger().History(id)).value();
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_FALSE(steps[0].from);
  EXPECT_EQ(steps[0].to, State::kWaiting);
  EXPECT_EQ(steps[1].from, State::kWaiting);
  EXPECT_EQ(steps[1].to, State::kReady);
  EXPECT_EQ(steps[1].by, "ann");
  EXPECT_EQ(steps[1].reason, (Reason{Cause::kOperator, "checked by hand"}));
  EXPECT_EQ(steps[2].to, State::kSending);
}

TEST_P(LedgerDeliveryContract, RetryOutOfQuarantineWaitsForWhatIsStillMissing) {
  Acceptance arrival = Arrival("1.1", Part(), {Needs("9.1"), Needs("9.2")});
  arrival.deadline = Now() + hours(1);
  RowId id = Accept(arrival).row;
  clock_.Advance(hours(2));
  ASSERT_TRUE(Await(ledger().Quarantine(id, {Cause::kDeadline, ""})));
  EXPECT_THAT(Exist({Uid("9.1")}), IsEmpty());
  EXPECT_EQ(Await(ledger().Retry(id, "", "ann")).value(), State::kWaiting);
  EXPECT_EQ(Find(id).deadline, Now() + hours(1));
  EXPECT_THAT(WantedNow(), ElementsAre("9.2"));
  EXPECT_THAT(Exist({Uid("9.2")}), ElementsAre(id));
}

TEST_P(LedgerDeliveryContract, RetryMakesARowDueNow) {
  RowId id = Accept("1.1").row;
  ASSERT_EQ(Claim().size(), 1u);
  ASSERT_TRUE(Await(ledger().Fail(id, {Cause::kUnreachable, ""}, Now() + hours(1))));
  EXPECT_THAT(Claim(), IsEmpty());
  EXPECT_EQ(Await(ledger().Retry(id, "", "ann")).value(), State::kReady);
  EXPECT_EQ(Claim().size(), 1u);
}

TEST_P(LedgerDeliveryContract, HeldTellsWhatIsMissingAndWhatIsThere) {
  Exist({Uid("9.1")});
  RowId id = Accept("1.1", {Needs("9.1"), Needs("9.2", Kind::kPlan), Needs("9.3")}).row;
  Accept("1.2");
  std::vector<HeldRow> held = Await(ledger().Held({})).value();
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].row.id, id);
  EXPECT_EQ(held[0].existing, 1);
  EXPECT_EQ(held[0].last_met, Now());
  EXPECT_EQ(held[0].next_check, Now());
  ASSERT_EQ(held[0].missing.size(), 2u);
  EXPECT_EQ(held[0].missing[0], Needs("9.3"));
  EXPECT_EQ(held[0].missing[1], Needs("9.2", Kind::kPlan));
}

TEST_P(LedgerDeliveryContract, HeldComesInPagesAndByFilter) {
  for (int i = 0; i < 7; ++i) {
    Acceptance arrival = Arrival("1." + std::to_string(i), Part(), {Needs("9.1")});
    arrival.instance.kind = i == 3 ? Kind::kDose : Kind::kPlan;
    if (i == 5) arrival.instance.application = "RTPACS";
    Accept(arrival);
  }
  HeldFilter filter;
  filter.limit = 3;
  std::vector<RowId> seen;
  for (;;) {
    std::vector<HeldRow> page = Await(ledger().Held(filter)).value();
    if (page.empty()) break;
    EXPECT_LE(page.size(), 3u);
    for (const HeldRow& row : page) seen.push_back(row.row.id);
    filter.after = seen.back();
  }
  EXPECT_THAT(seen, ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_EQ(Await(ledger().Held({.application = "RTPACS"})).value().size(), 1u);
  EXPECT_EQ(Await(ledger().Held({.kind = Kind::kDose})).value().size(), 1u);
  EXPECT_THAT(Await(ledger().Held({.states = {State::kReady}})).value(), IsEmpty());
}

TEST_P(LedgerDeliveryContract, AnInstanceIsFoundByItsUidInEveryState) {
  RowId first = Accept("1.1").row;
  ASSERT_TRUE(Await(ledger().Discard(first, "", "me")));
  RowId second = Accept("1.1", {Needs("9.1")}).row;
  std::vector<HeldRow> rows = Await(ledger().ByUid(Uid("1.1"))).value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].row.id, second);
  EXPECT_EQ(rows[0].missing.size(), 1u);
  EXPECT_EQ(rows[1].row.state, State::kDiscarded);
}

TEST_P(LedgerDeliveryContract, DueNamesTheNextMomentOfEachKind) {
  NextDue never = Await(ledger().Due(kVmsdbd)).value();
  EXPECT_FALSE(never.attempt || never.check || never.deadline || never.warning || never.lease);
  Acceptance arrival = Arrival("1.1", Part(), {Needs("9.1")});
  arrival.warn_after = Now() + minutes(30);
  arrival.deadline = Now() + hours(1);
  Accept(arrival);
  Accept("1.2");
  ASSERT_EQ(Claim().size(), 1u);
  RowId failed = Accept("1.3").row;
  ASSERT_EQ(Claim().size(), 1u);
  ASSERT_TRUE(Await(ledger().Fail(failed, {}, Now() + seconds(7))));
  NextDue due = Await(ledger().Due(kVmsdbd)).value();
  EXPECT_EQ(due.attempt, Now() + seconds(7));
  EXPECT_EQ(due.check, Now());
  EXPECT_EQ(due.deadline, Now() + hours(1));
  EXPECT_EQ(due.warning, Now() + minutes(30));
  EXPECT_EQ(due.lease, Now() + minutes(5));
}

TEST_P(LedgerDeliveryContract, DeadlinesAndWarningsPassOnce) {
  Acceptance arrival = Arrival("1.1", Part(), {Needs("9.1")});
  arrival.warn_after = Now() + minutes(30);
  arrival.deadline = Now() + hours(1);
  RowId id = Accept(arrival).row;
  EXPECT_THAT(Await(ledger().TakeWarnings(kVmsdbd, Now(), 10)).value(), IsEmpty());
  EXPECT_THAT(Await(ledger().Overdue(kVmsdbd, Now(), 10)).value(), IsEmpty());
  clock_.Advance(hours(1));
  EXPECT_EQ(Await(ledger().TakeWarnings(kVmsdbd, Now(), 10)).value().size(), 1u);
  EXPECT_THAT(Await(ledger().TakeWarnings(kVmsdbd, Now(), 10)).value(), IsEmpty());
  ASSERT_EQ(Await(ledger().Overdue(kVmsdbd, Now(), 10)).value().size(), 1u);
  ASSERT_TRUE(Await(ledger().Quarantine(id, {Cause::kDeadline, ""})));
  EXPECT_THAT(Await(ledger().Overdue(kVmsdbd, Now(), 10)).value(), IsEmpty());
}

TEST_P(LedgerDeliveryContract, MessageIdsGoOnAfterARestartAndWrap) {
  AeTitle title = AeTitle::FromWire("SLUICE");
  EXPECT_EQ(Await(ledger().ReserveMessageIds(kVmsdbd, title, 100)).value(), 1);
  harness_->Restart();
  EXPECT_EQ(Await(ledger().ReserveMessageIds(kVmsdbd, title, 100)).value(), 101);
  EXPECT_EQ(Await(ledger().ReserveMessageIds("RTPACS", title, 100)).value(), 1);
  EXPECT_EQ(Await(ledger().ReserveMessageIds(kVmsdbd, AeTitle::FromWire("S2"), 1)).value(), 1);
  EXPECT_EQ(Await(ledger().ReserveMessageIds(kVmsdbd, title, 65335)).value(), 201);
  EXPECT_EQ(Await(ledger().ReserveMessageIds(kVmsdbd, title, 2)).value(), 1);
}

TEST_P(LedgerDeliveryContract, GaugesFollowEveryStepAndSurviveARestart) {
  std::tuple waits(std::string(kVmsdbd), Kind::kImage, std::string("image"));
  std::pair kind(std::string(kVmsdbd), Kind::kImage);
  Acceptance held = Arrival("1.1", Part("12345"), {Needs("9.1")});
  RowId id = Accept(held).row;
  Gauges gauges = ledger().gauges();
  EXPECT_EQ(gauges.held[waits], 1);
  EXPECT_EQ(gauges.oldest_held[kind], Now());
  EXPECT_EQ(gauges.spool_bytes, 5);
  harness_->Restart();
  EXPECT_EQ(ledger().gauges().held, gauges.held);
  EXPECT_EQ(ledger().gauges().oldest_held, gauges.oldest_held);
  EXPECT_EQ(ledger().gauges().spool_bytes, 5);

  Exist({Uid("9.1")});
  gauges = ledger().gauges();
  EXPECT_EQ(gauges.held[waits], 0);
  EXPECT_FALSE(gauges.oldest_held.contains(kind));
  EXPECT_EQ(gauges.queue[kVmsdbd], (Gauges::Queue{1, 5}));
  Claim();
  EXPECT_EQ(ledger().gauges().queue.at(kVmsdbd), (Gauges::Queue{1, 5}));
  ASSERT_TRUE(Await(ledger().Quarantine(id, {Cause::kRefused, "A900"})));
  gauges = ledger().gauges();
  EXPECT_EQ(gauges.queue[kVmsdbd], (Gauges::Queue{0, 0}));
  EXPECT_EQ((gauges.quarantined[{kVmsdbd, "refused"}]), 1);
  ASSERT_TRUE(Await(ledger().Discard(id, "", "me")));
  gauges = ledger().gauges();
  EXPECT_EQ((gauges.quarantined[{kVmsdbd, "refused"}]), 0);
  EXPECT_EQ(gauges.spool_bytes, 0);
  EXPECT_EQ(gauges.spool_files, 0);
}

}  // namespace
}  // namespace router::store
