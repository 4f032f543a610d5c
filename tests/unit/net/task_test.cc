#include "router/net/task.h"

#include <memory>
#include <string>

#include "tests/unit/net/net_fixture.h"

namespace router::net {
namespace {

using TaskTest = NetTest;

Task<int> Ready(int value) { co_return value; }
Task<> ReadyVoid() { co_return; }
Task<> Wait() { co_await NextTurn{}; }

TEST_F(TaskTest, AMillionReadyChildrenDoNotGrowTheStack) {
  int64_t sum = 0;
  Run(
      [](int64_t& total) -> Task<> {
        for (int i = 0; i < 1'000'000; ++i) total += co_await Ready(i);
      },
      sum);
  EXPECT_EQ(sum, 499'999'500'000);
}

TEST_F(TaskTest, ReadyChildrenAfterOneThatWaitedDoNotGrowTheStack) {
  int64_t sum = 0;
  Run(
      [](int64_t& total) -> Task<> {
        for (int i = 0; i < 300'000; ++i) {
          if (i % 3 == 0) co_await Wait();
          total += co_await Ready(1);
        }
      },
      sum);
  EXPECT_EQ(sum, 300'000);
}

TEST_F(TaskTest, JoinsInALoopDoNotGrowTheStack) {
  int rounds = 0;
  Run(
      [](int& done) -> Task<> {
        for (int i = 0; i < 50'000; ++i) {
          co_await Both(ReadyVoid(), ReadyVoid());
          co_await Both(Wait(), ReadyVoid());
          ++done;
        }
      },
      rounds);
  EXPECT_EQ(rounds, 50'000);
}

Task<int> Deep(int levels, bool wait) {
  if (levels > 0) {
    int below = co_await Deep(levels - 1, wait);
    co_return below + 1;
  }
  if (wait) co_await NextTurn{};
  co_return 0;
}

TEST_F(TaskTest, ATreeOfAThousandLevelsUnwindsFromReadyAndFromWaiting) {
  int ready = 0, waited = 0;
  Run(
      [](int& first, int& second) -> Task<> {
        first = co_await Deep(1000, false);
        second = co_await Deep(1000, true);
      },
      ready, waited);
  EXPECT_EQ(ready, 1000);
  EXPECT_EQ(waited, 1000);
}

Task<std::unique_ptr<std::string>> Owned(std::unique_ptr<std::string> text) {
  co_await NextTurn{};
  *text += " and back";
  co_return std::move(text);
}

TEST_F(TaskTest, ValuesThatOnlyMoveComeOut) {
  std::unique_ptr<std::string> got;
  Run(
      [](std::unique_ptr<std::string>& out) -> Task<> {
        out = co_await Owned(std::make_unique<std::string>("there"));
      },
      got);
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, "there and back");
}

TEST_F(TaskTest, ATaskThatNobodyAwaitsNeverRuns) {
  bool ran = false;
  {
    Task<> never = [](bool& out) -> Task<> {
      out = true;
      co_return;
    }(ran);
  }
  EXPECT_FALSE(ran);
}

Task<> WaitTurns(int turns, int& left) {
  for (int i = 0; i < turns; ++i) co_await NextTurn{};
  --left;
}

TEST_F(TaskTest, AJoinEndsOnlyWhenEveryChildHasEnded) {
  int left = 0, left_after = -1;
  Run(
      [](int& out, int& after) -> Task<> {
        std::vector<Task<>> children;
        for (int turns : {0, 5, 1, 0, 3, 9, 2}) {
          ++out;
          children.push_back(WaitTurns(turns, out));
        }
        co_await All(std::move(children));
        after = out;
      },
      left, left_after);
  EXPECT_EQ(left_after, 0);
}

TEST_F(TaskTest, AJoinOfNothingIsReady) {
  bool done = false;
  Run(
      [](bool& out) -> Task<> {
        co_await All({});
        out = true;
      },
      done);
  EXPECT_TRUE(done);
}

// Says when its owner lets go of it.
struct Leaver {
  std::vector<std::string>* order;
  ~Leaver() { order->push_back("child let go"); }
};
Task<> Hold(std::unique_ptr<Leaver>, bool wait) {
  if (wait) co_await NextTurn{};
}

// A guard or a chunk that was handed to a child must not outlive the join: what it belongs to may
// end right behind it.
TEST_F(TaskTest, WhatAChildWasGivenIsGoneWhenItsJoinEnds) {
  std::vector<std::string> order;
  Run(
      [](std::vector<std::string>& out) -> Task<> {
        for (bool wait : {false, true}) {
          co_await Both(Hold(std::make_unique<Leaver>(&out), wait), ReadyVoid());
          out.push_back("joined");
          std::vector<Task<>> one;
          one.push_back(Hold(std::make_unique<Leaver>(&out), wait));
          co_await All(std::move(one));
          out.push_back("joined");
        }
      },
      order);
  std::vector<std::string> each{"child let go", "joined"}, expected;
  for (int i = 0; i < 4; ++i) expected.insert(expected.end(), each.begin(), each.end());
  EXPECT_EQ(order, expected);
}

TEST_F(TaskTest, ATaskThatIsDestroyedWhileItWaitsEndsTheProcess) {
  EXPECT_DEATH(
      {
        Loop loop;
        loop.PostSpawn([] {
          return []() -> Task<> {
            Task<> child = Wait();
            child.await_suspend(std::noop_coroutine());
            co_return;
          }();
        });
        loop.RunUntilIdle();
      },
      "a coroutine was destroyed while it waited");
}

}  // namespace
}  // namespace router::net
