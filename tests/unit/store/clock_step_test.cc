#include "router/store/clock_step.h"

#include "tests/unit/store/ledger_contract.h"

// A wall clock that is set back delays nothing.
namespace router::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ClockWatch, SeesOnlyStepsOfMoreThanAMinute) {
  ClockWatch watch;
  SteadyTime steady{};
  WallTime wall = TestClock::FromStart(0);
  EXPECT_FALSE(watch.Stepped(steady, wall));
  EXPECT_FALSE(watch.Stepped(steady += seconds(1), wall += seconds(50)));
  EXPECT_FALSE(watch.Stepped(steady += seconds(1), wall -= seconds(50)));
  auto forward = watch.Stepped(steady += seconds(1), wall += hours(9));
  ASSERT_TRUE(forward);
  EXPECT_EQ(forward->by, hours(9) - seconds(1));
  auto back = watch.Stepped(steady += minutes(10), wall -= hours(1));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->by, -minutes(70));
  EXPECT_EQ(back->undoes, minutes(70)) << "of the nine hours";
  EXPECT_FALSE(watch.Stepped(steady, wall)) << "once";
  back = watch.Stepped(steady, wall -= hours(24));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->undoes, hours(9) - seconds(1) - minutes(70))
      << "no more than it had gone forward";
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
    clock_.StepWall(-hours(5));
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
