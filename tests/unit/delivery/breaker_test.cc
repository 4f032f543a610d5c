#include "router/delivery/breaker.h"

#include <gtest/gtest.h>

namespace router::delivery {
namespace {

using std::chrono::seconds;
using State = Breaker::State;

const config::Breaker kSettings{.failures = 3, .probe_every = seconds(30)};
const SteadyTime kStart = SteadyTime(seconds(1000));

TEST(Breaker, OpensAfterSoManyFailuresInARow) {
  Breaker breaker(kSettings);
  breaker.Failed(kStart);
  breaker.Failed(kStart);
  EXPECT_TRUE(breaker.MaySend());
  EXPECT_EQ(breaker.ProbeAt(), std::nullopt);
  breaker.Failed(kStart);
  EXPECT_FALSE(breaker.MaySend());
  EXPECT_EQ(breaker.state(), State::kOpen);
  EXPECT_EQ(breaker.ProbeAt(), kStart + seconds(30));
}

TEST(Breaker, OneSuccessForgetsTheFailuresBefore) {
  Breaker breaker(kSettings);
  for (int i = 0; i < 10; ++i) {
    breaker.Failed(kStart);
    breaker.Failed(kStart);
    breaker.Succeeded();
  }
  EXPECT_TRUE(breaker.MaySend());
  EXPECT_EQ(breaker.failures(), 0u);
}

TEST(Breaker, AProbeThatFailsOpensItForAsLongAgain) {
  Breaker breaker({.failures = 1, .probe_every = seconds(30)});
  breaker.Failed(kStart);
  breaker.ProbeStarted();
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
  EXPECT_FALSE(breaker.MaySend());
  EXPECT_EQ(breaker.ProbeAt(), std::nullopt);
  breaker.Failed(kStart + seconds(31));
  EXPECT_EQ(breaker.ProbeAt(), kStart + seconds(61));
}

TEST(Breaker, AProbeThatSucceedsClosesIt) {
  Breaker breaker({.failures = 1, .probe_every = seconds(30)});
  breaker.Failed(kStart);
  breaker.ProbeStarted();
  breaker.Succeeded();
  EXPECT_EQ(breaker.state(), State::kClosed);
  EXPECT_TRUE(breaker.MaySend());
}

TEST(Breaker, FailuresWhileItIsOpenDoNotPutTheProbeOff) {
  Breaker breaker({.failures = 1, .probe_every = seconds(30)});
  breaker.Failed(kStart);
  breaker.Failed(kStart + seconds(20));
  EXPECT_EQ(breaker.ProbeAt(), kStart + seconds(30));
}

TEST(Breaker, ZeroFailuresMeansTheFirst) {
  Breaker breaker({.failures = 0, .probe_every = seconds(1)});
  EXPECT_TRUE(breaker.MaySend());
  breaker.Failed(kStart);
  EXPECT_FALSE(breaker.MaySend());
}

}  // namespace
}  // namespace router::delivery
