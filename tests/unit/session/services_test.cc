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

}  // namespace
}  // namespace router::session
