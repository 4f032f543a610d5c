#include "router/delivery/retry_budget.h"

#include <gtest/gtest.h>

namespace router::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const SteadyTime kStart{seconds(1000)};

TEST(RetryBudget, AnApplicationThatTakesNothingIsTriedOnceInAWhile) {
  RetryBudget budget(seconds(5));
  int attempts = 0;
  for (; budget.Allowed(kStart) > 0 && attempts < 1000; ++attempts) budget.Attempted(kStart);
  EXPECT_EQ(attempts, RetryBudget::kMost);
  EXPECT_EQ(budget.Wait(kStart), seconds(5));
  attempts = 0;
  for (SteadyTime now = kStart; now < kStart + seconds(100); now += milliseconds(100)) {
    if (budget.Allowed(now) == 0) continue;
    EXPECT_EQ(budget.Allowed(now), 1);
    budget.Attempted(now);
    ++attempts;
  }
  EXPECT_EQ(attempts, 19);
}

TEST(RetryBudget, AttemptsGrowWithSuccesses) {
  RetryBudget budget(seconds(5));
  budget.Exhausted();
  SteadyTime now = kStart;
  int allowed = budget.Allowed(now), made = 0;
  for (int round = 1; round <= 5; ++round) {
    EXPECT_EQ(allowed, round == 1 ? 1 : made * 2) << round;
    made = allowed;
    for (int i = 0; i < made; ++i) budget.Attempted(now);
    for (int i = 0; i < made; ++i) budget.Succeeded();
    allowed = budget.Allowed(now);
  }
  EXPECT_EQ(allowed, RetryBudget::kMost);
}

TEST(RetryBudget, HalfOfThemInVainKeepsThePaceAndMoreSlowsItDown) {
  RetryBudget half(seconds(5)), less(seconds(5));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_GT(half.Allowed(kStart), 0);
    half.Attempted(kStart);
    if (i % 2) half.Succeeded();
  }
  int attempts = 0;
  for (; less.Allowed(kStart) > 0 && attempts < 1000; ++attempts) {
    less.Attempted(kStart);
    if (attempts % 3 == 0) less.Succeeded();
  }
  EXPECT_LT(attempts, 200);
}

TEST(RetryBudget, WhatIsRefusedForGoodCostsNothing) {
  RetryBudget budget(seconds(5));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(budget.Allowed(kStart), RetryBudget::kMost);
    budget.Attempted(kStart);
    budget.Refunded();
  }
}

TEST(RetryBudget, SuccessesAreNotSavedUpForEver) {
  RetryBudget budget(seconds(5));
  for (int i = 0; i < 1000; ++i) budget.Succeeded();
  EXPECT_EQ(budget.Allowed(kStart), RetryBudget::kMost);
}

}  // namespace
}  // namespace router::delivery
