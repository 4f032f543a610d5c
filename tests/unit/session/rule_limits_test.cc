#include "router/session/rule_limits.h"

#include <gtest/gtest.h>

namespace router::session {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RuleLimitsTest : public ::testing::Test {
 protected:
  // When the next message of the rule goes, in ms from the beginning; -1: it is refused.
  int64_t Take(int64_t at_ms, const rules::Limit& limit, const std::string& client = "",
               const std::string& rule = "a") {
    const SteadyTime now = begin_ + milliseconds(at_ms);
    auto at = limits_.Take(rule, client, limit, now, now + seconds(20));
    return at ? std::chrono::duration_cast<milliseconds>(*at - begin_).count() : -1;
  }
  const SteadyTime begin_ = SteadyTime() + std::chrono::hours(1);
  const rules::Limit two_a_second_{2, milliseconds(1000), false};
  RuleLimits limits_;
};

TEST_F(RuleLimitsTest, NoMoreThanTheCountGoesInAnyWindow) {
  EXPECT_EQ(Take(0, two_a_second_), 0);
  EXPECT_EQ(Take(400, two_a_second_), 400);
  EXPECT_EQ(Take(500, two_a_second_), 1000);
  EXPECT_EQ(Take(500, two_a_second_), 1400);
  EXPECT_EQ(Take(500, two_a_second_), 2000);
}

TEST_F(RuleLimitsTest, WhatWasNotUsedIsNotSavedForLater) {
  Take(0, two_a_second_);
  EXPECT_EQ(Take(5000, two_a_second_), 5000);
  EXPECT_EQ(Take(5000, two_a_second_), 5000);
  EXPECT_EQ(Take(5000, two_a_second_), 6000);
}

TEST_F(RuleLimitsTest, WhoeverWouldWaitTooLongTakesNoPlace) {
  const rules::Limit one_a_quarter{1, seconds(15), false};
  EXPECT_EQ(Take(0, one_a_quarter), 0);
  EXPECT_EQ(Take(0, one_a_quarter), 15'000);
  EXPECT_EQ(Take(0, one_a_quarter), -1);
  EXPECT_EQ(Take(10'000, one_a_quarter), 30'000);
}

TEST_F(RuleLimitsTest, RulesAndClientsHaveLimitsOfTheirOwn) {
  const rules::Limit one{1, seconds(15), true};
  EXPECT_EQ(Take(0, one, "A"), 0);
  EXPECT_EQ(Take(0, one, "B"), 0);
  EXPECT_EQ(Take(0, one, "A", "another rule"), 0);
  EXPECT_EQ(Take(0, one, "A"), 15'000);
}

TEST_F(RuleLimitsTest, ALimitThatBecameLowerCountsFromThenOn) {
  const rules::Limit ten{10, seconds(10), false}, one{1, seconds(10), false};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Take(i * 100, ten), i * 100);
  EXPECT_EQ(Take(1000, one), 10'900);
}

}  // namespace
}  // namespace router::session
