#include "router/delivery/backoff.h"

#include <gtest/gtest.h>

namespace router::delivery {
namespace {

using config::Duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

const config::Retry kRetry{.first = seconds(5), .most = seconds(60)};

TEST(BackOff, DoublesUpToTheMostAndNeverBeyond) {
  const double nearly_all = 0.999999;
  for (auto [attempts, bound] : {std::pair{1u, seconds(5)},
                                 {2u, seconds(10)},
                                 {3u, seconds(20)},
                                 {4u, seconds(40)},
                                 {5u, seconds(60)},
                                 {6u, seconds(60)},
                                 {4'000'000'000u, seconds(60)}}) {
    const Duration wait = BackOff(kRetry, attempts, nearly_all);
    EXPECT_LE(wait, bound) << attempts;
    EXPECT_GE(wait, bound - milliseconds(2)) << attempts;
  }
}

TEST(BackOff, JitterReachesOverTheWholeBound) {
  EXPECT_EQ(BackOff(kRetry, 3, 0.5), seconds(10));
  EXPECT_EQ(BackOff(kRetry, 3, 0.25), seconds(5));
}

TEST(BackOff, NeverSpins) {
  EXPECT_EQ(BackOff(kRetry, 1, 0.0), milliseconds(500));
  EXPECT_EQ(BackOff(kRetry, 9, 0.0), milliseconds(500));
  EXPECT_EQ(BackOff({.first = Duration(0), .most = Duration(0)}, 1, 0.0), Duration(1));
}

TEST(BackOff, TakesMostThatIsLessThanFirstForFirst) {
  EXPECT_EQ(BackOff({.first = seconds(8), .most = seconds(2)}, 5, 0.5), seconds(4));
}

}  // namespace
}  // namespace router::delivery
