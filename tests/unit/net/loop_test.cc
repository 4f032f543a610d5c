#include "router/net/loop.h"

#include <atomic>
#include <functional>
#include <latch>
#include <thread>

#include "router/net/future.h"
#include "router/net/pool.h"
#include "tests/unit/net/net_fixture.h"

namespace router::net {
namespace {

using LoopTest = NetTest;

// Two or more loops on threads of their own.
struct Started {
  explicit Started(int index) : loop(index) { loop.Start(); }
  ~Started() { loop.Stop(); }
  Loop loop;
};

TEST_F(LoopTest, WhatWasPostedBeforeTheRunRunsInIt) {
  bool ran = false;
  loop_.Post([&] { ran = true; });
  loop_.RunUntilIdle();
  EXPECT_TRUE(ran);
}

TEST_F(LoopTest, WhatIsPostedDuringTheRunRunsInIt) {
  int left = 100;
  std::function<void()> again = [&] {
    if (--left > 0) loop_.Post([&] { again(); });
  };
  loop_.Post([&] { again(); });
  loop_.RunUntilIdle();
  EXPECT_EQ(left, 0);
}

TEST_F(LoopTest, TheCallerIsOnTheLoopOnlyWhileItRuns) {
  Loop* during = nullptr;
  loop_.Post([&] { during = Loop::Current(); });
  EXPECT_EQ(Loop::Current(), nullptr);
  loop_.RunUntilIdle();
  EXPECT_EQ(during, &loop_);
  EXPECT_EQ(Loop::Current(), nullptr);
}

TEST_F(LoopTest, SoonKeepsTheOrderOfAsking) {
  std::vector<int> order;
  Run(
      [](std::vector<int>& out) -> Task<> {
        std::vector<Task<>> children;
        for (int i = 0; i < 100; ++i)
          children.push_back([](int mine, std::vector<int>& all) -> Task<> {
            co_await NextTurn{};
            all.push_back(mine);
            co_await NextTurn{};
            all.push_back(100 + mine);
          }(i, out));
        co_await All(std::move(children));
      },
      order);
  ASSERT_EQ(order.size(), 200u);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

// A coroutine that always wants to go on must not keep posted work from its turn.
TEST_F(LoopTest, WhoIsResumedSoonForEverStarvesNobody) {
  bool enough = false;
  std::jthread other([&] { loop_.Post([&] { enough = true; }); });
  Run(
      [](bool& end) -> Task<> {
        while (!end) co_await NextTurn{};
      },
      enough);
  EXPECT_TRUE(enough);
}

TEST_F(LoopTest, PostsOfOneThreadKeepTheirOrder) {
  constexpr int kThreads = 4, kPosts = 5000;
  std::vector<int> seen(kThreads, 0);
  bool ordered = true;
  {
    Started other(1);
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < kPosts; ++i)
          other.loop.Post([&, t, i] { ordered = ordered && seen[static_cast<size_t>(t)]++ == i; });
      });
    threads.clear();
  }
  EXPECT_TRUE(ordered);
  EXPECT_EQ(seen, std::vector<int>(kThreads, kPosts));
}

TEST_F(LoopTest, RootsFromOtherThreadsAllRunOnTheLoop) {
  std::atomic<int> done{0}, elsewhere{0};
  {
    Started other(1);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i)
          other.loop.PostSpawn([&] {
            return [](Loop& home, std::atomic<int>& ended, std::atomic<int>& wrong) -> Task<> {
              if (!home.IsCurrent()) ++wrong;
              co_await NextTurn{};
              if (!home.IsCurrent()) ++wrong;
              ++ended;
            }(other.loop, done, elsewhere);
          });
      });
    threads.clear();
  }
  EXPECT_EQ(done, 2000);
  EXPECT_EQ(elsewhere, 0);
}

TEST_F(LoopTest, StopWaitsForRootsUnderWay) {
  std::optional<Promise<int>> promise;
  std::latch begun(1);
  int got = 0;
  Loop other(1);
  other.Start();
  other.PostSpawn([&] {
    return [](std::optional<Promise<int>>& out, std::latch& started, int& value) -> Task<> {
      auto [give, take] = MakePromise<int>();
      out.emplace(std::move(give));
      started.count_down();
      value = co_await take;
      for (int i = 0; i < 100; ++i) co_await NextTurn{};
      ++value;
    }(promise, begun, got);
  });
  begun.wait();
  EXPECT_EQ(other.roots(), 1u);
  std::jthread stopper([&] { other.Stop(); });
  promise->Set(41);
  stopper.join();
  EXPECT_EQ(got, 42);
  EXPECT_EQ(other.roots(), 0u);
}

// Work that races a Stop either runs to its end before Stop returns or is destroyed unrun.
TEST_F(LoopTest, RootsThatRaceAStopRunWhollyOrNotAtAll) {
  for (int round = 0; round < 40; ++round) {
    constexpr int kRoots = 50;
    std::atomic<int> begun{0}, ended{0};
    auto alive = std::make_shared<int>();
    {
      Loop other(1);
      other.Start();
      std::latch blocked(1), go(1);
      other.Post([&] {
        blocked.count_down();
        go.wait();
      });
      blocked.wait();
      std::jthread stopper([&] { other.Stop(); });
      for (int i = 0; i < kRoots; ++i) {
        if (i == kRoots / 2) go.count_down();
        std::this_thread::yield();
        other.PostSpawn([&begun, &ended, alive] {
          return [](std::atomic<int>& first, std::atomic<int>& last) -> Task<> {
            ++first;
            co_await NextTurn{};
            ++last;
          }(begun, ended);
        });
      }
      stopper.join();
      EXPECT_EQ(begun, ended);
    }
    EXPECT_EQ(alive.use_count(), 1);
  }
}

TEST_F(LoopTest, WorkPostedAfterStopIsDestroyedWithoutBeingRun) {
  bool ran = false;
  auto alive = std::make_shared<int>();
  Loop other(1);
  other.Start();
  other.Stop();
  other.Post([&ran, alive] { ran = true; });
  EXPECT_FALSE(ran);
  EXPECT_EQ(alive.use_count(), 1);
}

TEST_F(LoopTest, ALoopThatNeverRanEndsInPeace) {
  auto alive = std::make_shared<int>();
  {
    Loop never(7);
    EXPECT_EQ(never.index(), 7);
    never.Post([alive] {});
  }
  EXPECT_EQ(alive.use_count(), 1);
}

Task<std::unique_ptr<int>> Increment(Loop& expected, std::unique_ptr<int> value) {
  EXPECT_TRUE(expected.IsCurrent());
  co_await NextTurn{};
  EXPECT_TRUE(expected.IsCurrent());
  ++*value;
  co_return std::move(value);
}

Task<> HopAround(std::vector<Loop*> loops, int hops, int& total, int& voids) {
  Loop* home = Loop::Current();
  for (int i = 0; i < hops; ++i) {
    Loop& target = *loops[static_cast<size_t>(i) % loops.size()];
    auto value = std::make_unique<int>(total);
    std::move_only_function<Task<std::unique_ptr<int>>()> with_value = [&target, &value] {
      return Increment(target, std::move(value));
    };
    auto got = co_await RunOn(target, std::move(with_value));
    total = *got;
    std::move_only_function<Task<>()> without = [&voids] {
      return [](int& count) -> Task<> {
        co_await NextTurn{};
        ++count;
      }(voids);
    };
    co_await RunOn(target, std::move(without));
    if (Loop::Current() != home) co_return;
  }
}

TEST_F(LoopTest, ThousandsOfHopsBetweenThreeLoopsComeHomeWithTheirValues) {
  constexpr int kTravellers = 6, kHops = 600;
  std::vector<int> totals(kTravellers, 0), voids(kTravellers, 0);
  {
    Started a(0), b(1), c(2);
    std::vector<Loop*> loops{&a.loop, &b.loop, &c.loop};
    std::latch done(kTravellers);
    for (size_t t = 0; t < kTravellers; ++t)
      loops[t % 3]->PostSpawn([&, t] {
        return [](std::vector<Loop*> all, int& total, int& count, std::latch& end) -> Task<> {
          co_await HopAround(std::move(all), kHops, total, count);
          end.count_down();
        }(loops, totals[t], voids[t], done);
      });
    done.wait();  // a loop must not end while another still hops to it
  }
  EXPECT_EQ(totals, std::vector<int>(kTravellers, kHops));
  EXPECT_EQ(voids, std::vector<int>(kTravellers, kHops));
}

TEST_F(LoopTest, APromiseSetBeforeTheAwaitIsNotLost) {
  int got = 0;
  Run(
      [](int& out) -> Task<> {
        auto [give, take] = MakePromise<int>();
        give.Set(5);
        for (int i = 0; i < 10; ++i) co_await NextTurn{};
        out = co_await take;
      },
      got);
  EXPECT_EQ(got, 5);
}

TEST_F(LoopTest, APromiseResumesItsWaiterFromTheLoopAndNotInline) {
  std::vector<std::string> order;
  Run(
      [](std::vector<std::string>& out) -> Task<> {
        auto [give, take] = MakePromise<int>();
        co_await Both(
            [](Future<int> future, std::vector<std::string>& all) -> Task<> {
              co_await future;
              all.push_back("resumed");
            }(std::move(take), out),
            [](Promise<int> promise, std::vector<std::string>& all) -> Task<> {
              promise.Set(1);
              all.push_back("set");
              co_return;
            }(std::move(give), out));
      },
      order);
  EXPECT_EQ(order, (std::vector<std::string>{"set", "resumed"}));
}

TEST_F(LoopTest, AFutureMadeWithoutALoopEndsTheProcess) {
  EXPECT_DEATH((void)MakePromise<int>(), "no loop");
}

TEST_F(LoopTest, PoolsHandValuesBackToTheLoopThatAsked) {
  WorkPool pool("test", 3);
  int64_t sum = 0;
  Run(
      [](WorkPool& workers, int64_t& total) -> Task<> {
        Loop* home = Loop::Current();
        for (int i = 0; i < 500; ++i) {
          std::move_only_function<std::unique_ptr<int>()> work = [i] {
            return std::make_unique<int>(Loop::Current() == nullptr ? i : -1'000'000);
          };
          auto got = co_await workers.Run(std::move(work));
          if (Loop::Current() != home) co_return;
          std::move_only_function<void()> more = [&total, &got] { total += *got; };
          co_await workers.Run(std::move(more));
        }
      },
      pool, sum);
  EXPECT_EQ(sum, 124'750);
}

// Says by a post, which keeps the order of one thread, when it is let go of.
struct PostingLeaver {
  Loop* home;
  std::vector<std::string>* order;
  ~PostingLeaver() {
    home->Post([out = order] { out->push_back("let go"); });
  }
};
Task<> Note(std::vector<std::string>& order) {
  order.push_back("resumed");
  co_await NextTurn{};
}

// What another thread was given may refer to the one who waits.
TEST_F(LoopTest, WhatAPoolWasGivenIsGoneWhenItsCallerGoesOn) {
  WorkPool pool("test", 1);
  std::vector<std::string> order;
  Run(
      [](Loop& loop, WorkPool& workers, std::vector<std::string>& out) -> Task<> {
        auto first = std::make_unique<PostingLeaver>(&loop, &out);
        std::move_only_function<void()> nothing = [held = std::move(first)] {};
        co_await workers.Run(std::move(nothing));
        co_await Note(out);
        auto second = std::make_unique<PostingLeaver>(&loop, &out);
        std::move_only_function<int()> value = [held = std::move(second)] { return 1; };
        co_await workers.Run(std::move(value));
        co_await Note(out);
      },
      loop_, pool, order);
  EXPECT_EQ(order, (std::vector<std::string>{"let go", "resumed", "let go", "resumed"}));
}

Task<> HoldVoid(std::unique_ptr<PostingLeaver>) { co_await NextTurn{}; }
Task<int> HoldValue(std::unique_ptr<PostingLeaver>) {
  co_await NextTurn{};
  co_return 1;
}

TEST_F(LoopTest, WhatAnotherLoopWasGivenIsGoneWhenItsCallerGoesOn) {
  Started other(1);
  std::vector<std::string> order;
  Run(
      [](Loop& loop, Loop& target, std::vector<std::string>& out) -> Task<> {
        auto kept = std::make_unique<PostingLeaver>(&loop, &out);
        auto given = std::make_unique<PostingLeaver>(&loop, &out);
        std::move_only_function<Task<>()> nothing = [held = std::move(kept),
                                                     moved = std::move(given)]() mutable {
          return HoldVoid(std::move(moved));
        };
        co_await RunOn(target, std::move(nothing));
        co_await Note(out);
        kept = std::make_unique<PostingLeaver>(&loop, &out);
        given = std::make_unique<PostingLeaver>(&loop, &out);
        std::move_only_function<Task<int>()> value = [held = std::move(kept),
                                                      moved = std::move(given)]() mutable {
          return HoldValue(std::move(moved));
        };
        co_await RunOn(target, std::move(value));
        co_await Note(out);
      },
      loop_, other.loop, order);
  EXPECT_EQ(order, (std::vector<std::string>{"let go", "let go", "resumed", "let go", "let go",
                                             "resumed"}));
}

TEST_F(LoopTest, APoolRunsWhatIsQueuedBeforeItEnds) {
  std::atomic<int> ran{0};
  std::latch hold(1);
  {
    WorkPool pool("a name longer than a thread may have", 2);
    for (int i = 0; i < 2; ++i) pool.Queue([&] { hold.wait(); });
    for (int i = 0; i < 1000; ++i) pool.Queue([&] { ++ran; });
    pool.Queue([&] { pool.Queue([&] { ++ran; }); });
    hold.count_down();
  }
  EXPECT_EQ(ran, 1001);
}

}  // namespace
}  // namespace router::net
