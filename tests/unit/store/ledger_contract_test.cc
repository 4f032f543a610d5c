#include "tests/unit/store/ledger_contract.h"

// What every implementation of Ledger promises: acceptance, existence, release.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Outcome = Accepted::Outcome;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LedgerContract);

TEST_P(LedgerContract, WhatWasAcceptedComesBackWholeAfterARestart) {
  Acceptance arrival = Arrival("1.1", Part("the bytes"), {Needs("9.9", Kind::kStructureSet)});
  arrival.instance.kind = Kind::kPlan;
  arrival.instance.series = Uid("1.2.3.4");
  arrival.instance.instance_number = -7;
  arrival.canonical = dataset::Sha256::Of(AsBytes("canonical"));
  arrival.deadline = Now() + hours(168);
  arrival.warn_after = Now() + minutes(30);
  arrival.file.dataset_offset = 3;
  RowId id = Accept(arrival).row;
  harness_->Restart();

  Row row = Find(id);
  EXPECT_EQ(row.instance.sop_instance, Uid("1.1"));
  EXPECT_EQ(row.instance.sop_class, arrival.instance.sop_class);
  EXPECT_EQ(row.instance.kind, Kind::kPlan);
  EXPECT_EQ(row.instance.application, kVmsdbd);
  EXPECT_EQ(row.instance.client.view(), kTpsTitle);
  EXPECT_EQ(row.instance.called.view(), "VMSDBD");
  EXPECT_EQ(row.instance.calling_as.view(), "SLUICE");
  EXPECT_EQ(row.instance.study, Uid("1.2.3"));
  EXPECT_EQ(row.instance.series, Uid("1.2.3.4"));
  EXPECT_EQ(row.instance.instance_number, -7);
  EXPECT_EQ(row.instance.transfer_syntax, arrival.instance.transfer_syntax);
  EXPECT_EQ(row.file.name, arrival.file.name);
  EXPECT_EQ(row.file.size, arrival.file.size);
  EXPECT_EQ(row.file.dataset_offset, 3u);
  EXPECT_EQ(row.file.sha256, arrival.file.sha256);
  EXPECT_EQ(row.canonical, arrival.canonical);
  EXPECT_EQ(row.state, State::kWaiting);
  EXPECT_EQ(row.reason.cause, Cause::kReferences);
  EXPECT_EQ(row.accepted_at, Now());
  EXPECT_EQ(row.since, Now());
  EXPECT_EQ(row.deadline, arrival.deadline);
  EXPECT_EQ(row.warn_after, arrival.warn_after);
  EXPECT_EQ(row.missing, 1);
  EXPECT_EQ(row.waits_for, Kind::kStructureSet);
  EXPECT_TRUE(FileIsThere(arrival.file.name));
}

TEST_P(LedgerContract, WithoutRequirementsARowIsReadyAtOnce) {
  Accepted accepted = Accept("1.1");
  EXPECT_EQ(accepted.outcome, Outcome::kNew);
  EXPECT_EQ(accepted.state, State::kReady);
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1"));
}

TEST_P(LedgerContract, WhatExistsAlreadyHoldsNothing) {
  Exist({Uid("9.1")});
  Accepted accepted = Accept("1.1", {Needs("9.1")});
  EXPECT_EQ(accepted.state, State::kReady);
  EXPECT_THAT(WantedNow(), IsEmpty());
}

TEST_P(LedgerContract, OnlyTheLastRequirementReleases) {
  RowId id = Accept("1.1", {Needs("9.1"), Needs("9.2")}).row;
  EXPECT_THAT(Exist({Uid("9.1")}), IsEmpty());
  EXPECT_EQ(StateOf(id), State::kWaiting);
  EXPECT_THAT(Exist({Uid("9.2")}), ElementsAre(id));
  EXPECT_EQ(StateOf(id), State::kReady);
}

TEST_P(LedgerContract, ExistenceAtAnotherApplicationReleasesNothing) {
  RowId id = Accept("1.1", {Needs("9.1")}).row;
  EXPECT_THAT(Await(ledger().Exists("RTPACS", {Uid("9.1")}, Known())).value(), IsEmpty());
  EXPECT_EQ(StateOf(id), State::kWaiting);
}

TEST_P(LedgerContract, ANotedReferenceNeverHolds) {
  Requirement noted = Needs("9.1");
  noted.strength = Strength::kNoted;
  EXPECT_EQ(Accept("1.1", {noted}).state, State::kReady);
}

TEST_P(LedgerContract, OfTwoMentionsTheStrongerHolds) {
  Requirement noted = Needs("9.1");
  noted.strength = Strength::kNoted;
  RowId id = Accept("1.1", {noted, Needs("9.1"), Needs("9.1")}).row;
  EXPECT_EQ(Find(id).missing, 1);
  EXPECT_THAT(Exist({Uid("9.1")}), ElementsAre(id));
}

TEST_P(LedgerContract, OneExistenceReleasesAllWhoWaitForIt) {
  RowId first = Accept("1.1", {Needs("9.1")}).row;
  RowId second = Accept("1.2", {Needs("9.1")}).row;
  RowId third = Accept("1.3", {Needs("9.1"), Needs("9.2")}).row;
  EXPECT_THAT(Exist({Uid("9.1")}), UnorderedElementsAre(first, second));
  EXPECT_EQ(StateOf(third), State::kWaiting);
}

TEST_P(LedgerContract, ExpiredExistenceIsNotBelieved) {
  Knowledge brief{How::kQuery, Now() + seconds(10)};
  ASSERT_TRUE(Await(ledger().Exists(kVmsdbd, {Uid("9.1")}, brief)));
  clock_.Advance(seconds(11));
  EXPECT_THAT(Await(ledger().Unknown(kVmsdbd, {Uid("9.1")})).value(), ElementsAre(Uid("9.1")));
  EXPECT_EQ(Accept("1.1", {Needs("9.1")}).state, State::kWaiting);
}

TEST_P(LedgerContract, ForgottenExistenceHoldsWhatWasReady) {
  Exist({Uid("9.1")});
  RowId ready = Accept("1.1", {Needs("9.1")}).row;
  RowId waiting = Accept("1.2", {Needs("9.1"), Needs("9.2")}).row;
  ASSERT_TRUE(Await(ledger().ForgetExistence(kVmsdbd, {Uid("9.1")})));
  EXPECT_EQ(StateOf(ready), State::kWaiting);
  EXPECT_EQ(Find(waiting).missing, 2);
  EXPECT_THAT(WantedNow(), UnorderedElementsAre("9.1", "9.2"));
  EXPECT_THAT(Exist({Uid("9.1")}), ElementsAre(ready));
}

TEST_P(LedgerContract, AcceptAndExistsInEitherOrderLoseNoWakeUp) {
  for (int i = 0; i < 50; ++i) {
    std::string uid = "1." + std::to_string(i), needed = "9." + std::to_string(i);
    Acceptance arrival = Arrival(uid, Part(), {Needs(needed)});
    awaiter_.Await(
        [](Ledger& ledger, Acceptance instance, Uid exists, Knowledge known, bool swap) -> Task<> {
          auto accept = [](Ledger& l, Acceptance a) -> Task<> {
            Task<Result<Accepted>> call = l.Accept(std::move(a));
            Result<Accepted> accepted = co_await call;
            EXPECT_TRUE(accepted);
          };
          auto exist = [](Ledger& l, Uid u, Knowledge k) -> Task<> {
            std::vector<Uid> uids(1, std::move(u));
            Task<Result<std::vector<ReadyRow>>> call = l.Exists(kVmsdbd, std::move(uids), k);
            Result<std::vector<ReadyRow>> ready = co_await call;
            EXPECT_TRUE(ready);
          };
          Task<> a = accept(ledger, std::move(instance)), e = exist(ledger, exists, known);
          Task<> both =
              swap ? net::Both(std::move(e), std::move(a)) : net::Both(std::move(a), std::move(e));
          co_await both;
        }(ledger(), arrival, Uid(needed), Known(), i % 2 == 0));
  }
  EXPECT_EQ(Claim(100).size(), 50u);
}

TEST_P(LedgerContract, NotedExistenceReleasesWithoutAWaiter) {
  RowId id = Accept("1.1", {Needs("9.1")}).row;
  ledger().NoteExists(kVmsdbd, {Uid("9.1")}, Known(How::kRelayed));
  EXPECT_EQ(StateOf(id), State::kReady);
}

TEST_P(LedgerContract, TheSameContentAgainIsOneCopy) {
  Acceptance first = Arrival("1.1", Part("one")), second = Arrival("1.1", Part("two"));
  first.canonical = second.canonical = dataset::Sha256::Of(AsBytes("canonical"));
  RowId id = Accept(first).row;
  Accepted again = Accept(second);
  EXPECT_EQ(again.outcome, Outcome::kDuplicate);
  EXPECT_EQ(again.row, id);
  EXPECT_EQ(again.state, State::kReady);
  Find(id);  // the unused file is removed behind the answer
  EXPECT_EQ(FilesInSpool(), 1u);
  EXPECT_TRUE(FileIsThere(first.file.name));
}

TEST_P(LedgerContract, WithoutCanonicalDigestsTheBytesDecide) {
  Accept(Arrival("1.1", Part("same")));
  EXPECT_EQ(Accept(Arrival("1.1", Part("same"))).outcome, Outcome::kDuplicate);
  EXPECT_EQ(Accept(Arrival("1.1", Part("other"))).outcome, Outcome::kConflict);
  Acceptance other_syntax = Arrival("1.1", Part("same"));
  other_syntax.instance.transfer_syntax = Uid("1.2.840.10008.1.2");
  EXPECT_EQ(Accept(other_syntax).outcome, Outcome::kConflict);
}

TEST_P(LedgerContract, OtherContentUnderTheSameUidLeavesTheFirst) {
  RowId id = Accept(Arrival("1.1", Part("one"))).row;
  Accepted second = Accept(Arrival("1.1", Part("two")));
  EXPECT_EQ(second.outcome, Outcome::kConflict);
  EXPECT_EQ(second.row, id);
  EXPECT_EQ(Find(id).file.sha256, dataset::Sha256::Of(AsBytes("one")));
  EXPECT_EQ(FilesInSpool(), 1u);
}

TEST_P(LedgerContract, OtherContentReplacesTheFirstOnRequest) {
  RowId id = Accept(Arrival("1.1", Part("one"), {Needs("9.1")})).row;
  Acceptance second = Arrival("1.1", Part("two"));
  second.on_conflict = OnConflict::kReplace;
  Accepted replaced = Accept(second);
  EXPECT_EQ(replaced.outcome, Outcome::kReplaced);
  EXPECT_NE(replaced.row, id);
  EXPECT_EQ(Find(id).state, State::kDiscarded);
  EXPECT_EQ(Find(id).reason.cause, Cause::kReplaced);
  EXPECT_THAT(WantedNow(), IsEmpty());
  EXPECT_EQ(FilesInSpool(), 1u);
}

TEST_P(LedgerContract, WhatIsBeingSentIsNotReplaced) {
  RowId id = Accept(Arrival("1.1", Part("one"))).row;
  ASSERT_EQ(Claim().size(), 1u);
  Acceptance second = Arrival("1.1", Part("two"));
  second.on_conflict = OnConflict::kReplace;
  EXPECT_EQ(Accept(second).outcome, Outcome::kConflict);
  EXPECT_EQ(StateOf(id), State::kSending);
}

TEST_P(LedgerContract, AfterDeliveryTheSameUidIsANewRow) {
  RowId id = Accept("1.1").row;
  Claim();
  ASSERT_TRUE(Await(ledger().Complete(id, std::nullopt)));
  Accepted again = Accept("1.1");
  EXPECT_EQ(again.outcome, Outcome::kNew);
  EXPECT_NE(again.row, id);
}

TEST_P(LedgerContract, TheSameUidForAnotherApplicationIsARowOfItsOwn) {
  RowId id = Accept("1.1").row;
  Acceptance other = Arrival("1.1", Part());
  other.instance.application = "RTPACS";
  Accepted accepted = Accept(other);
  EXPECT_EQ(accepted.outcome, Outcome::kNew);
  EXPECT_NE(accepted.row, id);
}

TEST_P(LedgerContract, ACopyKeepsItsFileUntilTheLastRowIsGone) {
  Acceptance one = Arrival("1.1", Part());
  Acceptance two = one;
  two.instance.application = "RTPACS";
  Result<std::vector<Accepted>> both = Await(ledger().AcceptAll({one, two}));
  ASSERT_TRUE(both);
  ASSERT_EQ(both->size(), 2u);
  ASSERT_TRUE(Await(ledger().Discard((*both)[0].row, "", "operator")));
  Find(1);
  EXPECT_TRUE(FileIsThere(one.file.name));
  ASSERT_TRUE(Await(ledger().Discard((*both)[1].row, "", "operator")));
  Find(1);
  EXPECT_FALSE(FileIsThere(one.file.name));
}

TEST_P(LedgerContract, WhatArrivesIntoQuarantineIsDurableThere) {
  Acceptance arrival = Arrival("1.1", Part(), {Needs("9.1")});
  arrival.quarantine = Reason{Cause::kUnknownMachine, "machine X"};
  Accepted accepted = Accept(arrival);
  EXPECT_EQ(accepted.state, State::kQuarantined);
  harness_->Restart();
  EXPECT_EQ(Find(accepted.row).reason, (Reason{Cause::kUnknownMachine, "machine X"}));
  EXPECT_THAT(WantedNow(), IsEmpty());
  EXPECT_THAT(Claim(), IsEmpty());
}

TEST_P(LedgerContract, WhatWasSentWithoutAnAnswerIsVerifiedAndNotSentAgain) {
  Acceptance arrival = Arrival("1.1", Part(), {Needs("9.1")});
  arrival.verify = Reason{Cause::kOutcomeUnknown, "the answer was lost"};
  Accepted accepted = Accept(arrival);
  EXPECT_EQ(accepted.state, State::kVerifying);
  harness_->Restart();
  Row row = Find(accepted.row);
  EXPECT_EQ(row.reason, (Reason{Cause::kOutcomeUnknown, "the answer was lost"}));
  EXPECT_EQ(row.attempts, 1);
  EXPECT_EQ(row.missing, 0);
  EXPECT_THAT(WantedNow(), IsEmpty());
  EXPECT_THAT(Claim(), IsEmpty());
  EXPECT_EQ(Await(ledger().Unverified(kVmsdbd, 10)).value().size(), 1u);
  ASSERT_TRUE(Await(ledger().Fail(accepted.row, {Cause::kRetry, "not found there"}, Now())));
  EXPECT_EQ(Claim().size(), 1u);
}

TEST_P(LedgerContract, APartThatIsNotThereIsRefused) {
  SpoolFile file = Part();
  std::filesystem::remove(harness_->paths().Part(file.name));
  Result<Accepted> accepted = Await(ledger().Accept(Arrival("1.1", file)));
  ASSERT_FALSE(accepted);
  EXPECT_EQ(accepted.error().code, Errc::kDisk);
  EXPECT_THAT(Await(ledger().ByUid(Uid("1.1"))).value(), IsEmpty());
}

TEST_P(LedgerContract, WhatIsWantedIsAskedOnceForAllWhoWait) {
  Requirement slice = Needs("9.1");
  Accept("1.1", {slice, Needs("9.2", Kind::kPlan)});
  slice.series = Uid("9.0");
  slice.study = Uid("9");
  Accept("1.2", {slice});
  std::vector<WantedUid> wanted = Await(ledger().Wanted(kVmsdbd, Now(), 10)).value();
  ASSERT_EQ(wanted.size(), 2u);
  const WantedUid& image = wanted[0].uid == Uid("9.1") ? wanted[0] : wanted[1];
  EXPECT_EQ(image.waiters, 2);
  EXPECT_EQ(image.series, Uid("9.0"));
  EXPECT_EQ(image.study, Uid("9"));
  EXPECT_EQ(image.kind, Kind::kImage);
  EXPECT_EQ(image.asked, 0);
}

TEST_P(LedgerContract, ANegativeAnswerIsAskedAgainLater) {
  Accept("1.1", {Needs("9.1"), Needs("9.2")});
  ASSERT_TRUE(Await(ledger().Absent(
      kVmsdbd, {{Uid("9.1"), Now() + seconds(5)}, {Uid("8.8"), Now() + seconds(1)}})));
  EXPECT_THAT(WantedNow(), ElementsAre("9.2"));
  clock_.Advance(seconds(5));
  EXPECT_THAT(WantedNow(), ElementsAre("9.2", "9.1"));
  EXPECT_EQ(Await(ledger().Wanted(kVmsdbd, Now(), 10)).value()[1].asked, 1);
}

TEST_P(LedgerContract, AskSoonNamesOnlyWhatIsWanted) {
  Accept("1.1", {Needs("9.1")});
  ASSERT_TRUE(Await(ledger().Absent(kVmsdbd, {{Uid("9.1"), Now() + hours(1)}})));
  EXPECT_THAT(Await(ledger().AskSoon(kVmsdbd, {Uid("9.1"), Uid("9.2")}, Now())).value(),
              ElementsAre(Uid("9.1")));
  EXPECT_THAT(WantedNow(), ElementsAre("9.1"));
}

TEST_P(LedgerContract, NobodyWantsWhatTheLastWaiterGaveUp) {
  RowId first = Accept("1.1", {Needs("9.1"), Needs("9.2")}).row;
  RowId second = Accept("1.2", {Needs("9.1")}).row;
  ASSERT_TRUE(Await(ledger().Quarantine(first, {Cause::kDeadline, ""})));
  EXPECT_THAT(WantedNow(), ElementsAre("9.1"));
  ASSERT_TRUE(Await(ledger().Discard(second, "test", "me")));
  EXPECT_THAT(WantedNow(), IsEmpty());
}

TEST_P(LedgerContract, RelaxedRequirementsHoldNoLonger) {
  RowId id = Accept("1.1", {Needs("9.1"), Needs("9.2")}).row;
  Reason quiet{Cause::kNone, "the series is quiet"};
  EXPECT_EQ(Await(ledger().Relax(id, {Uid("9.1")}, quiet)).value(), State::kWaiting);
  EXPECT_THAT(WantedNow(), ElementsAre("9.2"));
  EXPECT_EQ(Await(ledger().Relax(id, {Uid("9.2"), Uid("9.3")}, quiet)).value(), State::kReady);
  EXPECT_THAT(WantedNow(), IsEmpty());
}

TEST_P(LedgerContract, ListenersHearOfEachApplicationWithSomethingReady) {
  std::mutex mutex;
  std::vector<std::string> heard;
  ledger().OnReady([&](const std::string& application) {
    std::lock_guard lock(mutex);
    heard.push_back(application);
  });
  RowId id = Accept("1.1", {Needs("9.1")}).row;
  Find(id);
  {
    std::lock_guard lock(mutex);
    EXPECT_THAT(heard, IsEmpty());
  }
  Exist({Uid("9.1")});
  Find(id);  // a later call is answered after the listener was told
  std::lock_guard lock(mutex);
  EXPECT_THAT(heard, ElementsAre(kVmsdbd));
}

}  // namespace
}  // namespace router::store
