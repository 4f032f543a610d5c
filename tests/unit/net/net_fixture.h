#pragma once
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "router/net/chunk.h"
#include "router/net/loop.h"

namespace router::net {

// One loop that runs on the thread of the test until nothing is left to wait for. Every test of a
// fixture ends without roots, without chunks, and (the loop's destructor) without open handles.
class NetTest : public ::testing::Test {
 protected:
  // Runs the coroutine function `make` as a root, and everything it started, to the end. What is
  // handed to it outlives it.
  template <class F, class... A>
  void Run(F make, A&&... with) {
    loop_.PostSpawn([&] { return make(with...); });
    loop_.RunUntilIdle();
  }
  void TearDown() override {
    EXPECT_EQ(loop_.roots(), 0u);
    EXPECT_EQ(ByteBudget::OfChunks().used(), 0u);
  }

  Loop loop_;
};

// Resumes from the loop, in the order of asking.
struct NextTurn {
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) { Loop::Current()->Soon(waiter); }
  void await_resume() {}
};

}  // namespace router::net
