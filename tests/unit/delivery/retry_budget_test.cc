#include "router/delivery/retry_budget.h"

#include <gtest/gtest.h>

namespace router::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const SteadyTime kStart{seconds(1000)};

using Of = RetryBudget::Of;

TEST(RetryBudget, AnApplicationThatTakesNothingIsTriedOnceInAWhile) {
  RetryBudget budget(seconds(5));
  int attempts = 0;
  for (; budget.Next(kStart).attempts > 0 && attempts < 1000; ++attempts)
    budget.Attempted(kStart, true);
  EXPECT_EQ(attempts, RetryBudget::kMost);
  EXPECT_EQ(budget.Wait(kStart), seconds(5));
  attempts = 0;
  for (SteadyTime now = kStart; now < kStart + seconds(100); now += milliseconds(100)) {
    if (budget.Next(now).attempts == 0) continue;
    EXPECT_EQ(budget.Next(now).attempts, 1);
    // Rows of both sorts have their turn.
    EXPECT_EQ(budget.Next(now).of, attempts % 2 == 0 ? Of::kFresh : Of::kLongestDue);
    budget.Attempted(now, attempts % 2 == 0);
    ++attempts;
  }
  EXPECT_EQ(attempts, 19);
}

TEST(RetryBudget, WhatFailsAgainAndAgainUsesUpNothingOfWhatWasNeverTried) {
  RetryBudget budget(seconds(5));
  int attempts = 0;
  for (; budget.Next(kStart).of == Of::kAny && attempts < 1000; ++attempts)
    budget.Attempted(kStart, false);
  EXPECT_EQ(attempts, RetryBudget::kMost);
  EXPECT_EQ(budget.Next(kStart).of, Of::kFresh);
  EXPECT_EQ(budget.Next(kStart).attempts, RetryBudget::kMost);
  for (int tried = 0; tried < 10; ++tried) budget.Attempted(kStart + seconds(4), true);
  EXPECT_EQ(budget.Next(kStart + seconds(5)).of, Of::kLongestDue);
  EXPECT_EQ(budget.Next(kStart + seconds(5)).attempts, 1);
}

TEST(RetryBudget, AttemptsGrowWithSuccesses) {
  RetryBudget budget(seconds(5));
  budget.Exhausted();
  SteadyTime now = kStart;
  int allowed = budget.Next(now).attempts, made = 0;
  for (int round = 1; round <= 5; ++round) {
    EXPECT_EQ(allowed, round == 1 ? 1 : made * 2) << round;
    made = allowed;
    for (int i = 0; i < made; ++i) budget.Attempted(now, true);
    for (int i = 0; i < made; ++i) budget.Succeeded();
    allowed = budget.Next(now).attempts;
  }
  EXPECT_EQ(allowed, RetryBudget::kMost);
}

TEST(RetryBudget, HalfOfThemInVainKeepsThePaceAndMoreSlowsItDown) {
  RetryBudget half(seconds(5)), less(seconds(5));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_GT(half.Next(kStart).attempts, 0);
    half.Attempted(kStart, true);
    if (i % 2) half.Succeeded();
  }
  int attempts = 0;
  for (; less.Next(kStart).attempts > 0 && attempts < 1000; ++attempts) {
    less.Attempted(kStart, true);
    if (attempts % 3 == 0) less.Succeeded();
  }
  EXPECT_LT(attempts, 200);
}

TEST(RetryBudget, WhatIsRefusedForGoodCostsNothing) {
  RetryBudget budget(seconds(5));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(budget.Next(kStart).attempts, RetryBudget::kMost);
    const bool first = i % 2 == 0;
    budget.Attempted(kStart, first);
    budget.Refunded(first);
  }
}

TEST(RetryBudget, SuccessesAreNotSavedUpForEver) {
  RetryBudget budget(seconds(5));
  for (int i = 0; i < 1000; ++i) budget.Succeeded();
  EXPECT_EQ(budget.Next(kStart).attempts, RetryBudget::kMost);
}

}  // namespace
}  // namespace router::delivery
