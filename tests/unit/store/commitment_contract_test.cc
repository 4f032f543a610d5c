#include "tests/unit/store/ledger_contract.h"

// What every implementation of CommitmentLedger promises.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CommitmentContract);

constexpr uint16_t kUsed = 0x0131;
const Uid kCt("1.2.840.10008.5.1.4.1.1.2");  // as Arrival says

NewCommitment Asked(std::string_view transaction, std::vector<std::string> uids,
                    std::string_view client = kTpsTitle) {
  NewCommitment asked;
  asked.application = kVmsdbd;
  asked.client = AeTitle::FromWire(client);
  asked.called = AeTitle::FromWire("ARIA");
  asked.address = "10.1.0.7";
  asked.request.transaction = Uid(transaction);
  for (const std::string& uid : uids) asked.request.instances.push_back({kCt, Uid(uid)});
  asked.used_reason = kUsed;
  return asked;
}

}  // namespace

TEST_P(CommitmentContract, WhatWasAddedIsOwedAfterARestart) {
  const RowId id = AddNew(Asked("2.1", {"1.2", "1.1"}));
  harness_->Restart();
  const std::vector<UndecidedInstance> all = Undecided();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].commitment, id);
  EXPECT_EQ(all[0].position, 0);
  EXPECT_EQ(all[0].sop, (dataset::ReferencedSop{kCt, Uid("1.2")}));
  EXPECT_EQ(all[0].deadline, Now() + hours(1));
  EXPECT_EQ(all[1].sop.sop_instance, Uid("1.1"));
  EXPECT_THAT(Due(), IsEmpty());
}

TEST_P(CommitmentContract, EachApplicationHasItsOwn) {
  NewCommitment other = Asked("2.1", {"1.1"});
  other.application = "PACS";
  AddNew(std::move(other));
  EXPECT_THAT(Undecided(), IsEmpty());
  AddNew(Asked("2.1", {"1.2"}));
  EXPECT_THAT(UndecidedUids(), ElementsAre("1.2"));
}

TEST_P(CommitmentContract, AnInstanceComesWithWhatIsKnownOfItsLatestRow) {
  AddNew(Asked("2.1", {"1.1", "1.2", "1.3"}));
  Acceptance waiting = Arrival("1.1", Part(), {Needs("9.1")});
  waiting.instance.series = Uid("7.1");
  Accept(std::move(waiting));
  const RowId bad = Accept("1.2").row;
  ASSERT_TRUE(Await(ledger().Quarantine(bad, {Cause::kRefused, "no"})));
  std::vector<UndecidedInstance> all = Undecided();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].state, State::kWaiting);
  EXPECT_EQ(all[0].held_class, kCt);
  EXPECT_EQ(all[0].series, Uid("7.1"));
  EXPECT_EQ(all[1].state, State::kQuarantined);
  EXPECT_EQ(all[2].state, std::nullopt);

  ASSERT_TRUE(Await(ledger().Discard(bad, "wrong", "me")));
  Accept("1.2", {Needs("9.2")});
  EXPECT_EQ(Undecided()[1].state, State::kWaiting) << "the row before it was discarded";
}

TEST_P(CommitmentContract, OnlyWhatAQuestionFoundAndStillHoldsIsBelieved) {
  AddNew(Asked("2.1", {"1.1", "1.2", "1.3"}));
  ASSERT_TRUE(Await(ledger().Exists(kVmsdbd, {Uid("1.1")}, Known(How::kQuery))));
  ASSERT_TRUE(Await(ledger().Exists(kVmsdbd, {Uid("1.2")}, Known(How::kStatus))));
  ASSERT_TRUE(Await(ledger().Exists(kVmsdbd, {Uid("1.3")}, Known(How::kRelayed))));
  std::vector<UndecidedInstance> all = Undecided();
  EXPECT_TRUE(all[0].believed_there);
  EXPECT_FALSE(all[1].believed_there) << "an answer with success is no promise";
  EXPECT_FALSE(all[2].believed_there);
  clock_.Advance(hours(25));
  EXPECT_FALSE(Undecided()[0].believed_there);
}

TEST_P(CommitmentContract, WhatWasFoundBeforeTheRequestIsNoProof) {
  ASSERT_TRUE(Await(ledger().Exists(kVmsdbd, {Uid("1.1")}, Known(How::kQuery))));
  clock_.Advance(minutes(1));
  AddNew(Asked("2.1", {"1.1"}));
  EXPECT_FALSE(Undecided()[0].believed_there) << "it may have been deleted and sent again since";
  ASSERT_TRUE(Await(ledger().Exists(kVmsdbd, {Uid("1.1")}, Known(How::kQuery))));
  EXPECT_TRUE(Undecided()[0].believed_there);
}

TEST_P(CommitmentContract, ARequestIsReportedOnceAllOfItIsDecided) {
  const RowId id = AddNew(Asked("2.1", {"1.1", "1.2", "1.3"}));
  EXPECT_EQ(Decide({{id, 1, 0x0112}}), 0);
  EXPECT_THAT(UndecidedUids(), ElementsAre("1.1", "1.3"));
  EXPECT_THAT(Due(), IsEmpty());
  EXPECT_FALSE(Await(commitments().ResultOf(id))) << "half of it is no result";
  EXPECT_EQ(Decide({{id, 0, 0}, {id, 1, 0}, {id, 2, 0x0110}}), 1);
  EXPECT_THAT(UndecidedUids(), IsEmpty());
  EXPECT_THAT(Due(), ElementsAre(id));
  EXPECT_EQ(Await(commitments().NextDue(kVmsdbd)).value(), Now());
  CommitmentResult result = Await(commitments().ResultOf(id)).value();
  EXPECT_THAT(result.committed, ElementsAre(dataset::ReferencedSop{kCt, Uid("1.1")}));
  EXPECT_THAT(result.failed, ElementsAre(dataset::FailedSop{{kCt, Uid("1.2")}, 0x0112},
                                         dataset::FailedSop{{kCt, Uid("1.3")}, 0x0110}))
      << "what was decided first stays";
}

TEST_P(CommitmentContract, AReportNamesWhoAskedAndWhom) {
  const RowId id = Decided(AddNew(Asked("2.1", {"1.1"})));
  std::vector<Commitment> due = Await(commitments().Due(kVmsdbd, Now(), 100)).value();
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].id, id);
  EXPECT_EQ(due[0].application, kVmsdbd);
  EXPECT_EQ(due[0].client.view(), kTpsTitle);
  EXPECT_EQ(due[0].called.view(), "ARIA");
  EXPECT_EQ(due[0].address, "10.1.0.7");
  EXPECT_EQ(due[0].transaction, Uid("2.1"));
  EXPECT_EQ(due[0].decided_at, Now());
  EXPECT_EQ(due[0].attempts, 0);
}

TEST_P(CommitmentContract, AReportThatFailedComesAgainWhenItIsDueAlsoAfterARestart) {
  const RowId id = Decided(AddNew(Asked("2.1", {"1.1"})));
  ASSERT_TRUE(Await(commitments().NotReported(id, Now() + minutes(5))));
  harness_->Restart();
  EXPECT_THAT(Due(), IsEmpty());
  EXPECT_EQ(Await(commitments().NextDue(kVmsdbd)).value(), Now() + minutes(5));
  clock_.Advance(minutes(5));
  EXPECT_THAT(Due(), ElementsAre(id));
  EXPECT_EQ(Await(commitments().Due(kVmsdbd, Now(), 1)).value()[0].attempts, 1);
}

TEST_P(CommitmentContract, WhatWasReportedOrGivenUpIsOwedNoMore) {
  const RowId told = Decided(AddNew(Asked("2.1", {"1.1"}))),
              lost = Decided(AddNew(Asked("2.2", {"1.1"}, "OTHER")));
  EXPECT_THAT(Due(), ElementsAre(told, lost));
  ASSERT_TRUE(Await(commitments().Reported(told)));
  ASSERT_TRUE(Await(commitments().GiveUp(lost)));
  harness_->Restart();
  EXPECT_THAT(Due(), IsEmpty());
  EXPECT_EQ(Await(commitments().NextDue(kVmsdbd)).value(), std::nullopt);
  for (RowId id : {told, lost, RowId(99)}) {
    EXPECT_EQ(Await(commitments().Reported(id)).error().code, Errc::kNotFound);
    EXPECT_EQ(Await(commitments().GiveUp(id)).error().code, Errc::kNotFound);
    EXPECT_EQ(Await(commitments().NotReported(id, Now())).error().code, Errc::kNotFound);
  }
  const RowId open = AddNew(Asked("2.3", {"1.1"}));
  EXPECT_FALSE(Await(commitments().Reported(open))) << "nothing of it is decided";
}

TEST_P(CommitmentContract, OneClientsReportsStandInNobodysWay) {
  const RowId first = Decided(AddNew(Asked("2.1", {"1.1"}, "SILENT")));
  Decided(AddNew(Asked("2.2", {"1.1"}, "SILENT")));
  AddNew(Asked("2.3", {"1.1"}, "UNDECIDED"));
  clock_.Advance(minutes(1));
  const RowId others = Decided(AddNew(Asked("2.4", {"1.1"}, "OTHER")));
  EXPECT_THAT(Due(), ElementsAre(first, others)) << "the first of each, the most overdue first";
  EXPECT_THAT(Await(commitments().Due(kVmsdbd, Now(), 1)).value().size(), 1u);
  ASSERT_TRUE(Await(commitments().Reported(first)));
  EXPECT_EQ(Due().size(), 2u) << "the next of the same client";
}

TEST_P(CommitmentContract, AClientIsOwedOnlySoMuch) {
  auto limited = [](std::string_view transaction, std::string_view client = kTpsTitle) {
    NewCommitment asked = Asked(transaction, {"1.1"}, client);
    asked.most_owed = 2;
    return asked;
  };
  const RowId first = AddNew(limited("2.1"));
  AddNew(limited("2.2"));
  EXPECT_EQ(Await(commitments().Add(limited("2.3"))).error().code, Errc::kLimit);
  harness_->Restart();
  EXPECT_EQ(Await(commitments().Add(limited("2.3"))).error().code, Errc::kLimit);
  EXPECT_EQ(Add(limited("2.1")).id, first) << "what it asks again costs nothing";
  AddNew(limited("2.3", "OTHER"));
  ASSERT_TRUE(Await(commitments().Reported(Decided(first))));
  AddNew(limited("2.3"));
}

// A pattern in the configuration lets in as many titles as a client likes to invent.
TEST_P(CommitmentContract, AllClientsTogetherAreOwedOnlySoMuch) {
  for (int i = 0; i < kClientsOwedAtMost; ++i) {
    NewCommitment asked = Asked("2." + std::to_string(i), {"1.1"}, "TPS" + std::to_string(i));
    asked.most_owed = 1;
    AddNew(asked);
  }
  NewCommitment asked = Asked("2.9", {"1.1"}, "TPS9");
  asked.most_owed = 1;
  EXPECT_EQ(Await(commitments().Add(asked)).error().code, Errc::kLimit);
}

TEST_P(CommitmentContract, AClientThatWasBusyHasNotBeenTried) {
  const RowId id = Decided(AddNew(Asked("2.1", {"1.1"})));
  ASSERT_TRUE(Await(commitments().NotReported(id, Now(), false)));
  EXPECT_EQ(Await(commitments().Due(kVmsdbd, Now(), 1)).value()[0].attempts, 0);
}

TEST_P(CommitmentContract, ManyLongRequestsAreTooMuchAsWell) {
  NewCommitment asked = Asked("2.1", {"1.1"});
  asked.request.instances.resize(kMostInstancesOwed, asked.request.instances[0]);
  AddNew(asked);
  EXPECT_EQ(Await(commitments().Add(Asked("2.2", {"1.1"}))).error().code, Errc::kLimit);
}

TEST_P(CommitmentContract, WhatIsHeldOrOwedConcernsUs) {
  auto concerns = [this](NewCommitment asked) {
    return Await(commitments().Concerns(std::move(asked))).value();
  };
  Accept("1.1", {Needs("9.1")});
  const RowId gone = Accept("1.2").row;
  ASSERT_TRUE(Await(ledger().Discard(gone, "", "me")));
  EXPECT_TRUE(concerns(Asked("2.1", {"1.9", "1.1"})));
  EXPECT_FALSE(concerns(Asked("2.1", {"1.9", "1.2"})));
  NewCommitment elsewhere = Asked("2.1", {"1.1"});
  elsewhere.application = "PACS";
  EXPECT_FALSE(concerns(elsewhere));
  const RowId owed = AddNew(Asked("2.7", {"1.9"}));
  EXPECT_TRUE(concerns(Asked("2.7", {"1.9"}))) << "asked again, it is the same request";
  ASSERT_TRUE(Await(commitments().Reported(Decided(owed))));
  EXPECT_FALSE(concerns(Asked("2.7", {"1.9"})));
}

TEST_P(CommitmentContract, GaugesCountWhatIsOwedAndSurviveARestart) {
  auto owed = [this](std::string state) {
    return ledger().gauges().commitments[{kVmsdbd, std::move(state)}];
  };
  const RowId first = AddNew(Asked("2.1", {"1.1"})), second = AddNew(Asked("2.2", {"1.1"}));
  Add(Asked("2.2", {"1.2"}));  // its Transaction UID is used: decided at once
  EXPECT_EQ(owed("open"), 2);
  EXPECT_EQ(owed("decided"), 1);
  Decided(first);
  harness_->Restart();
  EXPECT_EQ(owed("open"), 1);
  EXPECT_EQ(owed("decided"), 2);
  ASSERT_TRUE(Await(commitments().Reported(first)));
  ASSERT_TRUE(Await(commitments().GiveUp(Decided(second))));
  EXPECT_EQ(owed("open"), 0);
  EXPECT_EQ(owed("decided"), 1);
}

TEST_P(CommitmentContract, TheSameRequestAgainIsTheSameUntilItIsReported) {
  const RowId id = AddNew(Asked("2.1", {"1.1"}));
  AddedCommitment again = Add(Asked("2.1", {"1.1"}));
  EXPECT_EQ(again.outcome, AddedCommitment::Outcome::kRepeated);
  EXPECT_EQ(again.id, id);
  EXPECT_THAT(UndecidedUids(), ElementsAre("1.1"));
  EXPECT_EQ(Decide({{id, 0, 0}}), 1);
  ASSERT_TRUE(Await(commitments().NotReported(id, Now() + hours(1))));
  EXPECT_EQ(Add(Asked("2.1", {"1.1"})).id, id);
  EXPECT_THAT(Due(), ElementsAre(id)) << "who asks again need not wait";
}

TEST_P(CommitmentContract, ATransactionUidServesOneRequestOnly) {
  const RowId id = AddNew(Asked("2.1", {"1.1"}));
  AddedCommitment other = Add(Asked("2.1", {"1.1", "1.2"}));
  EXPECT_EQ(other.outcome, AddedCommitment::Outcome::kUsed);
  EXPECT_NE(other.id, id);
  EXPECT_THAT(UndecidedUids(), ElementsAre("1.1")) << "the first goes on";
  EXPECT_THAT(Due(), ElementsAre(other.id));
  CommitmentResult result = Await(commitments().ResultOf(other.id)).value();
  EXPECT_THAT(result.committed, IsEmpty());
  EXPECT_THAT(result.failed, ElementsAre(dataset::FailedSop{{kCt, Uid("1.1")}, kUsed},
                                         dataset::FailedSop{{kCt, Uid("1.2")}, kUsed}));
  EXPECT_EQ(Add(Asked("2.1", {"1.9"}, "OTHER")).outcome, AddedCommitment::Outcome::kNew)
      << "another client's UIDs are its own";
}

TEST_P(CommitmentContract, ATransactionUidStaysUsedAfterItsReport) {
  const RowId id = Decided(AddNew(Asked("2.1", {"1.1"})));
  ASSERT_TRUE(Await(commitments().Reported(id)));
  EXPECT_EQ(Add(Asked("2.1", {"1.1"})).outcome, AddedCommitment::Outcome::kUsed);
}

TEST_P(CommitmentContract, WhatWasGivenUpIsDecidedAnewWhenItIsAskedAgain) {
  const RowId id = Decided(AddNew(Asked("2.1", {"1.1"})));
  ASSERT_TRUE(Await(commitments().GiveUp(id)));
  EXPECT_NE(AddNew(Asked("2.1", {"1.1"})), id);
  EXPECT_THAT(UndecidedUids(), ElementsAre("1.1"));
  EXPECT_EQ(Add(Asked("2.1", {"1.2"})).outcome, AddedCommitment::Outcome::kUsed);
}

TEST_P(CommitmentContract, WhatEndedLongAgoIsForgotten) {
  const RowId id = Decided(AddNew(Asked("2.1", {"1.1"})));
  ASSERT_TRUE(Await(commitments().Reported(id)));
  AddNew(Asked("2.2", {"1.2"}));
  clock_.Advance(hours(31 * 24));
  AddNew(Asked("2.1", {"1.1"}));
  EXPECT_THAT(UndecidedUids(), ElementsAre("1.2", "1.1")) << "what is open is never forgotten";
}

TEST_P(CommitmentContract, PagesHaveEveryUndecidedInstanceOnce) {
  const RowId first = AddNew(Asked("2.1", {"1.1", "1.2", "1.3"}));
  AddNew(Asked("2.2", {"1.1", "1.4"}));
  Decide({{first, 1, 0}});
  std::vector<std::string> uids;
  RowId commitment = 0;
  int position = -1;
  for (int page = 0; page < 10; ++page) {
    std::vector<UndecidedInstance> some =
        Await(commitments().Undecided(kVmsdbd, commitment, position, 2)).value();
    if (some.empty()) break;
    for (const UndecidedInstance& one : some) uids.push_back(one.sop.sop_instance.str());
    commitment = some.back().commitment;
    position = some.back().position;
  }
  EXPECT_THAT(uids, ElementsAre("1.1", "1.3", "1.1", "1.4"));
}

}  // namespace router::store
