#include "tests/unit/store/ledger_contract.h"

// What every implementation of Ledger promises: what is due is found, whatever else is held.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LedgerDueContract);

// ---- questions

TEST_P(LedgerDueContract, WhatIsMoreThanOneInstanceIsFoundBesideAnyBacklog) {
  MakeBacklog(20);
  Requirement series = Needs("7.1");
  series.level = Level::kSeries;
  Accept("1.1", {series});
  std::vector<Absence> absent;
  absent.push_back({Uid("7.1"), Now() + hours(1)});
  ASSERT_TRUE(Await(ledger().Absent(kVmsdbd, absent)));
  std::vector<WantedUid> all = Await(ledger().WantedCollections(kVmsdbd, 10)).value();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].uid, Uid("7.1"));
  EXPECT_EQ(all[0].level, Level::kSeries);
}

TEST_P(LedgerDueContract, WhatIsMoreThanOneInstanceIsWantedAndMetInEachStudyApart) {
  auto in_study = [](std::string_view uid, Level level, std::string_view study) {
    Requirement one = Needs(uid);
    one.level = level;
    one.study = Uid(study);
    return one;
  };
  auto wanted_in = [&] {
    std::vector<std::string> studies;
    std::vector<WantedUid> all = Await(ledger().Wanted(kVmsdbd, Now(), 100)).value();
    for (const WantedUid& one : all) studies.push_back(one.uid.str() + " in " + one.study.str());
    return studies;
  };
  auto found = [&](Uid uid, Uid study) {
    std::vector<RowId> ids;
    std::vector<Collection> collections;
    collections.push_back({std::move(uid), std::move(study)});
    std::vector<ReadyRow> rows =
        Await(ledger().CollectionsFound(kVmsdbd, std::move(collections))).value();
    for (const ReadyRow& row : rows) ids.push_back(row.id);
    return ids;
  };
  const Level frame = Level::kFrameOfReference, series = Level::kSeries;
  const RowId a = Accept("1.1", {in_study("8.1", frame, "6.1")}).row;
  const RowId b = Accept("1.2", {in_study("8.1", frame, "6.2")}).row;
  Accept("1.3", {in_study("8.1", frame, "6.3")});
  ASSERT_THAT(wanted_in(), UnorderedElementsAre("8.1 in 6.1", "8.1 in 6.2", "8.1 in 6.3"));
  std::vector<Absence> absent;
  absent.push_back({Uid("8.1"), Now() + minutes(1), Uid("6.1")});
  ASSERT_TRUE(Await(ledger().Absent(kVmsdbd, absent)));
  EXPECT_THAT(wanted_in(), UnorderedElementsAre("8.1 in 6.2", "8.1 in 6.3"));
  EXPECT_THAT(found(Uid("8.1"), Uid("6.2")), ElementsAre(b));
  EXPECT_EQ(StateOf(a), State::kWaiting);
  EXPECT_THAT(Await(ledger().Unknown(kVmsdbd, {Uid("8.1")})).value(), ElementsAre(Uid("8.1")));
  clock_.Advance(minutes(1));
  ASSERT_THAT(wanted_in(), UnorderedElementsAre("8.1 in 6.1", "8.1 in 6.3"));
  ASSERT_TRUE(Await(ledger().Relax(a, {Uid("8.1")}, {})));
  EXPECT_THAT(wanted_in(), ElementsAre("8.1 in 6.3"));

  // A series is one, whatever study it is thought to be of; an instance is as well.
  const RowId c = Accept("2.1", {in_study("7.1", series, "6.1")}).row;
  const RowId d = Accept("2.2", {in_study("7.1", series, "6.2")}).row;
  EXPECT_THAT(found(Uid("7.1"), Uid()), UnorderedElementsAre(c, d));
  Accept("3.1", {in_study("9.1", Level::kInstance, "6.1")});
  Accept("3.2", {in_study("9.1", Level::kInstance, "6.2")});
  EXPECT_THAT(wanted_in(), UnorderedElementsAre("8.1 in 6.3", "9.1 in 6.1"));
}

TEST_P(LedgerDueContract, WhatWasJustStoredIsAskedAboutBeforeAnyBacklog) {
  MakeBacklog(20);
  clock_.Advance(minutes(1));
  Accept("1.1", {Needs("9.1")});
  ASSERT_EQ(Await(ledger().AskSoon(kVmsdbd, {Uid("9.1")}, Now() + seconds(1))).value().size(), 1u);
  EXPECT_NE(FirstWanted().uid, Uid("9.1")) << "not before its time";
  clock_.Advance(seconds(1));
  EXPECT_EQ(FirstWanted().uid, Uid("9.1"));
  EXPECT_TRUE(FirstWanted().soon);
  harness_->Restart();
  EXPECT_EQ(FirstWanted().uid, Uid("9.1"));
}

TEST_P(LedgerDueContract, WhatWasStoredBeforeAnybodyWaitedForItIsAskedAboutFirstToo) {
  ASSERT_THAT(Await(ledger().AskSoon(kVmsdbd, {Uid("9.1")}, Now())).value(), IsEmpty());
  MakeBacklog(20);
  clock_.Advance(minutes(1));
  Accept("1.1", {Needs("9.1")});
  EXPECT_EQ(FirstWanted().uid, Uid("9.1"));
}

TEST_P(LedgerDueContract, WhatHasOnceBeenSentIsAskedAboutFirstToo) {
  Exist({Uid("9.1")});
  RowId id = Accept("1.1", {Needs("9.1")}).row;
  MakeBacklog(20);
  ASSERT_EQ(Claim(1).size(), 1u);
  WallTime retry_at = Now() + seconds(20);
  ASSERT_TRUE(Await(ledger().BackToWaiting(id, {Cause::kNotYet, "A900"}, {}, retry_at)));
  clock_.Advance(seconds(20));
  EXPECT_EQ(FirstWanted().uid, Uid("9.1"));
}

TEST_P(LedgerDueContract, TheBacklogIsAskedAboutBehindIt) {
  MakeBacklog(3);
  Accept("1.1", {Needs("9.1")});
  ASSERT_TRUE(Await(ledger().AskSoon(kVmsdbd, {Uid("9.1")}, Now())));
  std::vector<std::string> wanted = WantedNow();
  ASSERT_EQ(wanted.size(), 4u);
  EXPECT_EQ(wanted[0], "9.1");
  wanted.erase(wanted.begin());
  EXPECT_THAT(wanted, UnorderedElementsAre("6.0", "6.1", "6.2"));
}

TEST_P(LedgerDueContract, WhatNeverAppearsIsInTheEndAskedAboutLikeAnythingElse) {
  MakeBacklog(1);
  Accept("1.1", {Needs("9.1")});
  ASSERT_TRUE(Await(ledger().AskSoon(kVmsdbd, {Uid("9.1")}, Now())));
  int asked = 0;
  while (FirstWanted().uid == Uid("9.1") && asked < 100) {
    ++asked;
    ASSERT_TRUE(Await(ledger().Absent(kVmsdbd, {{Uid("9.1"), Now() + seconds(1)}})));
    clock_.Advance(seconds(1));
  }
  EXPECT_GE(asked, 3) << "one negative answer proves nothing";
  EXPECT_LT(asked, 100);
  EXPECT_THAT(WantedNow(), ElementsAre("6.0", "9.1"));
}

// ---- what is given up in a quiet series

TEST_P(LedgerDueContract, WhatMissesListedImagesAloneIsQuietAfterAWhile) {
  RowId id = Accept("1.1", {Needs("9.1"), Listed("9.2"), Listed("9.3")}).row;
  clock_.Advance(hours(1));
  EXPECT_THAT(Quiet(), IsEmpty()) << "a contour misses its image";
  Exist({Uid("9.1")});
  EXPECT_THAT(Quiet(), IsEmpty()) << "one has just come";
  clock_.Advance(minutes(9));
  Exist({Uid("9.2")});
  clock_.Advance(minutes(9));
  EXPECT_THAT(Quiet(), IsEmpty());
  clock_.Advance(minutes(1));
  EXPECT_THAT(Quiet(), ElementsAre(id));
  harness_->Restart();
  EXPECT_THAT(Quiet(), ElementsAre(id));
  std::vector<HeldRow> rows = Await(ledger().Quiet(kVmsdbd, Now(), 1)).value();
  ASSERT_EQ(rows.size(), 1u);
  ASSERT_EQ(rows[0].missing.size(), 1u);
  EXPECT_EQ(rows[0].missing[0].uid, Uid("9.3"));
  EXPECT_EQ(Await(ledger().Relax(id, {Uid("9.3")}, {})).value(), State::kReady);
  EXPECT_THAT(Quiet(), IsEmpty());
}

TEST_P(LedgerDueContract, WhatIsNamedByTheListAloneIsQuietFromItsArrival) {
  RowId id = Accept("1.1", {Listed("9.1")}).row;
  EXPECT_THAT(Quiet(), IsEmpty());
  clock_.Advance(minutes(10));
  EXPECT_THAT(Quiet(), ElementsAre(id));
}

TEST_P(LedgerDueContract, AnImageThatIsForgottenEndsTheQuiet) {
  Exist({Uid("9.1")});
  Accept("1.1", {Needs("9.1"), Listed("9.2")});
  clock_.Advance(minutes(10));
  EXPECT_EQ(Quiet().size(), 1u);
  ASSERT_TRUE(Await(ledger().ForgetExistence(kVmsdbd, {Uid("9.1")})));
  EXPECT_THAT(Quiet(), IsEmpty());
}

TEST_P(LedgerDueContract, OnlyWhatWaitsIsQuietAndTheLongestComesFirst) {
  RowId first = Accept("1.1", {Listed("9.1")}).row;
  clock_.Advance(minutes(1));
  RowId second = Accept("1.2", {Listed("9.2")}).row;
  RowId third = Accept("1.3", {Listed("9.3")}).row;
  clock_.Advance(hours(1));
  ASSERT_TRUE(Await(ledger().Quarantine(third, {Cause::kDeadline, ""})));
  EXPECT_THAT(Quiet(), ElementsAre(first, second));
  EXPECT_THAT(Quiet(minutes(10), 1), ElementsAre(first));
  ASSERT_TRUE(Await(ledger().Retry(third, "", "me")));
  EXPECT_EQ(Quiet().size(), 3u);
}

// ---- claims

TEST_P(LedgerDueContract, WhatRestsIsClaimedWhenItsTimeHasCome) {
  RowId first = Accept("1.1").row, second = Accept("1.2").row;
  ASSERT_EQ(Claim().size(), 2u);
  ASSERT_TRUE(Await(ledger().Fail(first, {Cause::kRetry, ""}, Now() + seconds(30))));
  ASSERT_TRUE(Await(ledger().Fail(second, {Cause::kRetry, ""}, Now() + seconds(10))));
  EXPECT_THAT(ClaimedUids(), IsEmpty());
  clock_.Advance(seconds(10));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.2"));
  harness_->Restart();  // 1.2 had not begun
  clock_.Advance(seconds(20));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1", "1.2"));
}

// Where further attempts are few: what was never tried passes what fails, but not within a series.
TEST_P(LedgerDueContract, WhatWasNeverAttemptedIsClaimedApartInTheOrderOfItsSeries) {
  auto in_series = [&](std::string_view uid, std::string_view series, int number) {
    Acceptance arrival = Arrival(uid, Part());
    arrival.instance.series = Uid(series);
    arrival.instance.instance_number = number;
    return Accept(std::move(arrival)).row;
  };
  const RowId failed = in_series("1.1", "7.1", 1);
  in_series("1.2", "7.1", 2);
  const RowId lone = Accept("2.1").row;
  ASSERT_EQ(Claim(1).size(), 1u);
  ASSERT_TRUE(Await(ledger().Fail(failed, {Cause::kRetry, "A700"}, Now() + seconds(30))));
  ASSERT_EQ(Claim(1).size(), 1u);
  ASSERT_TRUE(Await(ledger().Fail(lone, {Cause::kRetry, "A700"}, Now() + seconds(20))));
  clock_.Advance(seconds(60));
  in_series("3.1", "7.3", 2);
  in_series("3.0", "7.3", 1);
  auto fresh = [&] {
    std::vector<std::string> uids;
    std::vector<Row> rows = Await(ledger().ClaimFresh(kVmsdbd, 100, "a", minutes(5))).value();
    for (const Row& row : rows) uids.push_back(row.instance.sop_instance.str());
    return uids;
  };
  EXPECT_THAT(fresh(), ElementsAre("3.0", "3.1"));
  EXPECT_THAT(fresh(), IsEmpty());
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1", "1.2", "2.1"));
}

TEST_P(LedgerDueContract, EachThatIsFirstInItsSeriesHasItsTurnAsLongAsItHasBeenDue) {
  for (int i = 0; i < 40; ++i) {  // behind one that is not due, and due before all else
    Acceptance arrival = Arrival("1." + std::to_string(i), Part());
    arrival.instance.series = Uid("7.1");
    arrival.instance.instance_number = i;
    Accept(std::move(arrival));
  }
  const RowId later = Accept("2.1").row, sooner = Accept("2.2").row;
  std::vector<Row> rows = Claim();
  for (const Row& row : rows) {
    const bool first = row.instance.instance_number == 0;
    const seconds in(row.id == later ? 20 : row.id == sooner ? 10 : first ? 90 : 0);
    ASSERT_TRUE(Await(ledger().Fail(row.id, {Cause::kRetry, "A700"}, Now() + in)));
  }
  clock_.Advance(seconds(60));
  auto longest = [&] {
    std::vector<std::string> uids;
    std::vector<Row> claimed = Await(ledger().ClaimLongestDue(kVmsdbd, "a", minutes(5))).value();
    for (const Row& row : claimed) uids.push_back(row.instance.sop_instance.str());
    return uids;
  };
  EXPECT_THAT(longest(), ElementsAre("2.2"));
  EXPECT_THAT(longest(), ElementsAre("2.1"));
  EXPECT_THAT(longest(), IsEmpty());
  clock_.Advance(seconds(30));
  EXPECT_THAT(longest(), ElementsAre("1.0"));
  EXPECT_THAT(longest(), IsEmpty());  // its series is on its way
}

TEST_P(LedgerDueContract, WhatRestsIsClaimedAtOnceWhereAPersonSaysSo) {
  RowId id = Accept("1.1").row;
  ASSERT_EQ(Claim().size(), 1u);
  ASSERT_TRUE(Await(ledger().Fail(id, {Cause::kRetry, ""}, Now() + hours(1))));
  ASSERT_TRUE(Await(ledger().Retry(id, "", "me")));
  EXPECT_THAT(ClaimedUids(), ElementsAre("1.1"));
}

}  // namespace
}  // namespace router::store
