#include "router/session/store_terms.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace router::session {
namespace {

// In the time zone of Zurich, whatever the machine's.
class OpensAtTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const char* zone = std::getenv("TZ")) before_ = zone;
    setenv("TZ", "Europe/Zurich", 1);
    tzset();
  }
  void TearDown() override {
    if (before_)
      setenv("TZ", before_->c_str(), 1);
    else
      unsetenv("TZ");
    tzset();
  }
  static WallTime Local(int month, int day, int hour, int minute, int second = 0) {
    std::tm when{};
    when.tm_year = 126;
    when.tm_mon = month - 1;
    when.tm_mday = day;
    when.tm_hour = hour;
    when.tm_min = minute;
    when.tm_sec = second;
    when.tm_isdst = -1;
    return std::chrono::system_clock::from_time_t(std::mktime(&when));
  }
  static constexpr uint16_t At(int hour, int minute = 0) {
    return static_cast<uint16_t>(hour * 60 + minute);
  }
  std::optional<std::string> before_;
};

TEST_F(OpensAtTest, AnOpenWindowIsOpenNow) {
  const rules::Window nights{At(20), At(6)};
  for (WallTime now : {Local(11, 25, 20, 0), Local(11, 25, 23, 59), Local(11, 26, 5, 59, 59)})
    EXPECT_EQ(OpensAt(nights, now), now);
}

TEST_F(OpensAtTest, AClosedOneOpensTheNextTime) {
  const rules::Window nights{At(20), At(6)}, noon{At(12), At(13)};
  EXPECT_EQ(OpensAt(nights, Local(11, 25, 6, 0)), Local(11, 25, 20, 0));
  EXPECT_EQ(OpensAt(nights, Local(11, 25, 19, 59, 59)), Local(11, 25, 20, 0));
  EXPECT_EQ(OpensAt(noon, Local(11, 25, 13, 0)), Local(11, 26, 12, 0));
  EXPECT_EQ(OpensAt(noon, Local(12, 31, 18, 0)), Local(12, 31, 18, 0) + std::chrono::hours(18));
}

TEST_F(OpensAtTest, WeekdaysAreThoseOnWhichItOpens) {
  // 25 November 2026 is a Wednesday; the nights are those that begin on Friday and Saturday.
  const rules::Window weekend{At(20), At(6), 1 << 4 | 1 << 5};
  EXPECT_EQ(OpensAt(weekend, Local(11, 25, 21, 0)), Local(11, 27, 20, 0));
  EXPECT_EQ(OpensAt(weekend, Local(11, 29, 5, 0)), Local(11, 29, 5, 0));  // Sunday morning
  EXPECT_EQ(OpensAt(weekend, Local(11, 29, 20, 30)), Local(12, 4, 20, 0));
}

TEST_F(OpensAtTest, TheWholeDayIsOpenOnItsWeekdays) {
  const rules::Window sundays{0, 0, 1 << 6};
  EXPECT_EQ(OpensAt(sundays, Local(11, 25, 12, 0)), Local(11, 29, 0, 0));
  EXPECT_EQ(OpensAt(sundays, Local(11, 29, 23, 59)), Local(11, 29, 23, 59));
}

TEST_F(OpensAtTest, TheClockMayChangeMeanwhile) {
  // Summer time ends on 25 October 2026: the night lasts an hour longer.
  const rules::Window nights{At(20), At(6)};
  EXPECT_EQ(OpensAt(nights, Local(10, 25, 6, 0)) - Local(10, 24, 20, 0), std::chrono::hours(25));
}

TEST(TermsOfTest, WhatRulesSayIsForTheGateAndTheLedger) {
  rules::Decisions decided;
  rules::HoldTerms hold;
  hold.at_most = std::chrono::minutes(5);
  hold.then = rules::HoldTerms::Then::kSend;
  hold.dose_plan = rules::HoldTerms::Strength::kNoted;
  const rules::Acknowledge acknowledge{std::chrono::seconds(3), rules::Acknowledge::Then::kRefuse};
  const rules::Priority priority = rules::Priority::kHigh;
  const rules::QueueTerms queue;
  decided.hold = {&hold, 0};
  decided.acknowledge = {&acknowledge, 1};
  decided.priority = {&priority, 2};
  decided.queue = {&queue, 3};
  const StoreTerms terms = TermsOf(decided, WallTime());
  EXPECT_TRUE(terms.hold.hold);
  EXPECT_EQ(terms.hold.at_most, std::chrono::minutes(5));
  EXPECT_EQ(terms.hold.then, config::AfterDeadline::kSend);
  EXPECT_EQ(terms.hold.dose_plan, config::Strength::kNoted);
  EXPECT_EQ(terms.hold.plan_structure_set, std::nullopt);
  ASSERT_TRUE(terms.hold.acknowledge);
  EXPECT_EQ(terms.hold.acknowledge->then, config::Acknowledge::Then::kRefuse);
  EXPECT_EQ(terms.hold.acknowledge->wait, std::chrono::seconds(3));
  EXPECT_EQ(terms.priority, store::Priority::kHigh);
  EXPECT_TRUE(terms.queue);
  EXPECT_EQ(terms.not_before, std::nullopt);
}

TEST(TermsOfTest, WithoutRulesEverythingIsAsConfigured) {
  const StoreTerms terms = TermsOf(rules::Decisions(), WallTime());
  EXPECT_EQ(terms.hold, hold::Terms());
  EXPECT_FALSE(terms.queue);
}

}  // namespace
}  // namespace router::session
