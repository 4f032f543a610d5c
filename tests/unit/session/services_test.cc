#include "router/session/services.h"

#include <gtest/gtest.h>

namespace router::session {
namespace {

TEST(Entrance, LetsNobodyInOnceClosedAndWaitsForThoseInside) {
  Entrance entrance;
  auto pass = entrance.Enter();
  ASSERT_TRUE(pass);
  entrance.Close();
  EXPECT_FALSE(entrance.Enter());
  EXPECT_FALSE(entrance.AwaitEmpty(config::Duration(1)));
  pass.reset();
  EXPECT_TRUE(entrance.AwaitEmpty(config::Duration(0)));
}

TEST(Refusals, RememberTheLatestAndNoMoreThanTheyKeep) {
  Refusals refusals;
  for (size_t i = 0; i <= Refusals::kKept; ++i)
    refusals.Note({WallTime(std::chrono::seconds(i)),
                   Uid(i == 0 ? "1.1" : "1.2"),
                   "VMSDBD",
                   {},
                   static_cast<uint16_t>(i)});
  EXPECT_TRUE(refusals.Of(Uid("1.1")).empty()) << "the oldest was let go";
  const std::vector<Refusal> kept = refusals.Of(Uid("1.2"));
  ASSERT_EQ(kept.size(), Refusals::kKept);
  EXPECT_EQ(kept.front().status, Refusals::kKept);
}

}  // namespace
}  // namespace router::session
