#include "router/hold/schedule.h"

#include <gtest/gtest.h>

namespace router::hold {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const SteadyTime kStart = SteadyTime(seconds(1000));

TEST(Schedule, ANoIsAskedAgainAtDoublingIntervalsForEver) {
  const config::Existence existence{.first = seconds(5), .most = seconds(60)};
  for (auto [asked, wait] : {std::pair{0, seconds(5)},
                             {1, seconds(5)},
                             {2, seconds(10)},
                             {3, seconds(20)},
                             {4, seconds(40)},
                             {5, seconds(60)},
                             {1'000'000, seconds(60)}}) {
    EXPECT_EQ(AskAgainAfter(existence, asked), wait) << asked;
  }
}

TEST(Schedule, NeverAsksWithoutAPause) {
  const config::Existence existence{.first = seconds(0), .most = seconds(0)};
  EXPECT_GE(AskAgainAfter(existence, 3), milliseconds(1));
}

TEST(QuestionRate, NeverMoreThanSoManyInAnySecond) {
  QuestionRate rate(10);
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += rate.Take(kStart) ? 1 : 0;
  EXPECT_EQ(taken, 10);
  EXPECT_EQ(rate.Wait(kStart), milliseconds(100));
  EXPECT_FALSE(rate.Take(kStart + milliseconds(99)));
  EXPECT_TRUE(rate.Take(kStart + milliseconds(100)));
}

TEST(QuestionRate, QuietTimesSaveUpNoMoreThanASecond) {
  QuestionRate rate(10);
  EXPECT_TRUE(rate.Take(kStart));
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += rate.Take(kStart + seconds(3600)) ? 1 : 0;
  EXPECT_EQ(taken, 10);
}

TEST(QuestionRate, WaitIsLongEnough) {
  QuestionRate rate(3);
  SteadyTime now = kStart;
  for (int i = 0; i < 50; ++i) {
    now += rate.Wait(now);
    EXPECT_TRUE(rate.Take(now)) << i;
  }
  EXPECT_GE(now - kStart, seconds(15));
}

TEST(Verification, ThreeNegativesOverTheWholeTimeMeanSendAgain) {
  Verification verification;
  EXPECT_FALSE(verification.Negative(kStart, seconds(60)));
  EXPECT_EQ(verification.next(), kStart + seconds(30));
  EXPECT_FALSE(verification.Negative(kStart + seconds(30), seconds(60)));
  EXPECT_TRUE(verification.Negative(kStart + seconds(60), seconds(60)));
}

TEST(Verification, ManyNegativesInAShortTimeProveNothing) {
  Verification verification;
  for (int i = 0; i < 59; ++i) {
    EXPECT_FALSE(verification.Negative(kStart + seconds(i), seconds(60))) << i;
  }
}

TEST(Verification, NoAnswerCountsForNothing) {
  Verification verification;
  EXPECT_LE(verification.next(), kStart);
  for (int i = 0; i < 5; ++i) verification.Later(kStart + seconds(i * 60));
  EXPECT_EQ(verification.next(), kStart + seconds(240));
  EXPECT_FALSE(verification.Negative(kStart + seconds(300), seconds(60)));
}

TEST(Verification, ALongTimeWithTwoNegativesProvesNothing) {
  Verification verification;
  EXPECT_FALSE(verification.Negative(kStart, seconds(60)));
  EXPECT_FALSE(verification.Negative(kStart + seconds(600), seconds(60)));
  EXPECT_TRUE(verification.Negative(kStart + seconds(601), seconds(60)));
}

}  // namespace
}  // namespace router::hold
