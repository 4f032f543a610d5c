#include "router/store/clock_step.h"

#include "tests/unit/store/ledger_contract.h"

// A wall clock that is set back delays nothing.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ClockWatch, SeesOnlyStepsBackOfMoreThanAMinute) {
  ClockWatch watch;
  SteadyTime steady{};
  WallTime wall = TestClock::FromStart(0);
  EXPECT_FALSE(watch.WentBack(steady, wall));
  EXPECT_FALSE(watch.WentBack(steady += seconds(1), wall += hours(9)));
  EXPECT_FALSE(watch.WentBack(steady += seconds(1), wall -= seconds(50)));
  EXPECT_EQ(watch.WentBack(steady += minutes(10), wall -= hours(1)),
            std::chrono::milliseconds(minutes(70)));
  EXPECT_FALSE(watch.WentBack(steady, wall)) << "once";
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ClockStep);

TEST_P(ClockStep, WhatIsDueStaysAsFarAwayAsItWas) {
  for (bool restarted : {false, true}) {
    const std::string uid = restarted ? "1.2" : "1.1";
    RowId id = Accept(uid).row;
    RowId waiting = Accept(uid + ".9", {Needs(uid + ".8")}).row;
    ASSERT_EQ(Claim().size(), 1u);
    ASSERT_TRUE(Await(ledger().Absent(kVmsdbd, {{Uid(uid + ".8"), Now() + seconds(60)}})));
    ASSERT_TRUE(Await(ledger().Fail(id, {Cause::kRetry, ""}, Now() + seconds(30))));
    clock_.Advance(-hours(5));
    if (restarted) harness_->Restart();
    EXPECT_THAT(Claim(), IsEmpty());
    NextDue due = Await(ledger().Due(kVmsdbd)).value();
    ASSERT_TRUE(due.attempt && due.check);
    EXPECT_LE(*due.attempt, Now() + seconds(31));
    EXPECT_GT(*due.attempt, Now() + seconds(20));
    EXPECT_LE(*due.check, Now() + seconds(61));
    clock_.Advance(seconds(31));
    EXPECT_THAT(ClaimedUids(), ElementsAre(uid));
    ASSERT_TRUE(Await(ledger().Complete(id, std::nullopt)));
    ASSERT_TRUE(Await(ledger().Discard(waiting, "", "me")));
  }
}

}  // namespace
}  // namespace router::store
