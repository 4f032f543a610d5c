#include "router/net/signal.h"

#include "tests/unit/net/net_fixture.h"

namespace router::net {
namespace {

using SignalTest = NetTest;
using TurnTest = NetTest;
using std::chrono::milliseconds;

TEST_F(SignalTest, ANotificationBeforeTheWaitIsNotLostAndCountsOnce) {
  std::vector<bool> got;
  Run(
      [](Loop& loop, std::vector<bool>& out) -> Task<> {
        Signal signal(loop);
        signal.Notify();
        signal.Notify();
        out.push_back(co_await signal.Wait());
        out.push_back(co_await signal.Wait(milliseconds(1)));
      },
      loop_, got);
  EXPECT_EQ(got, (std::vector<bool>{true, false}));
}

Task<> WaitOn(Signal& signal, milliseconds at_most, std::vector<std::string>& out) {
  bool notified = co_await signal.Wait(at_most);
  out.push_back(notified ? "notified" : "late");
}

Task<> NotifyAfter(Signal& signal, int turns, std::vector<std::string>& out) {
  for (int i = 0; i < turns; ++i) co_await NextTurn{};
  signal.Notify();
  out.push_back("after Notify");
}

TEST_F(SignalTest, TheWaiterIsResumedFromTheLoopAndNotInline) {
  std::vector<std::string> order;
  Run(
      [](Loop& loop, std::vector<std::string>& out) -> Task<> {
        Signal signal(loop);
        co_await Both(WaitOn(signal, milliseconds(-1), out), NotifyAfter(signal, 0, out));
      },
      loop_, order);
  EXPECT_EQ(order, (std::vector<std::string>{"after Notify", "notified"}));
}

TEST_F(SignalTest, ANotificationInTimeDisarmsTheDeadline) {
  std::vector<std::string> order;
  auto before = std::chrono::steady_clock::now();
  Run(
      [](Loop& loop, std::vector<std::string>& out) -> Task<> {
        Signal signal(loop);
        co_await Both(WaitOn(signal, std::chrono::hours(1), out), NotifyAfter(signal, 3, out));
        // Nothing of the first wait is left for the second.
        co_await WaitOn(signal, milliseconds(0), out);
        co_await Both(WaitOn(signal, milliseconds::max(), out), NotifyAfter(signal, 3, out));
      },
      loop_, order);
  EXPECT_EQ(order, (std::vector<std::string>{"after Notify", "notified", "late", "after Notify",
                                             "notified"}));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::minutes(30));
}

TEST_F(SignalTest, AWaitAfterALateOneIsAWaitLikeAnyOther) {
  std::vector<std::string> order;
  Run(
      [](Loop& loop, std::vector<std::string>& out) -> Task<> {
        Signal signal(loop);
        for (int i = 0; i < 3; ++i) co_await WaitOn(signal, milliseconds(1), out);
        co_await Both(WaitOn(signal, milliseconds(-1), out), NotifyAfter(signal, 2, out));
      },
      loop_, order);
  EXPECT_EQ(order, (std::vector<std::string>{"late", "late", "late", "after Notify", "notified"}));
}

// A notification that comes between the resumption of the waiter and its run is one with it.
TEST_F(SignalTest, NotificationsWhileTheWaiterIsOnItsWayAreOne) {
  std::vector<std::string> order;
  Run(
      [](Loop& loop, std::vector<std::string>& out) -> Task<> {
        Signal signal(loop);
        std::vector<Task<>> all;
        all.push_back(WaitOn(signal, milliseconds(-1), out));
        for (int i = 0; i < 3; ++i) all.push_back(NotifyAfter(signal, 0, out));
        co_await All(std::move(all));
        co_await WaitOn(signal, milliseconds(1), out);
      },
      loop_, order);
  EXPECT_EQ(order.back(), "late");
  EXPECT_EQ(std::count(order.begin(), order.end(), "notified"), 1);
}

TEST_F(SignalTest, ASignalMayEndInTheVeryWakeUpItGave) {
  std::vector<std::string> order;
  Run(
      [](Loop& loop, std::vector<std::string>& out) -> Task<> {
        for (int i = 0; i < 20; ++i) {
          auto signal = std::make_unique<Signal>(loop);
          co_await WaitOn(*signal, milliseconds(i % 2), out);
        }
      },
      loop_, order);
  EXPECT_EQ(order, std::vector<std::string>(20, "late"));
}

// libuv runs what became due while it runs what is due: a wait of no time must not keep it there.
TEST_F(SignalTest, WaitsOfNoTimeStarveNobody) {
  bool enough = false;
  Run(
      [](Loop& loop, bool& end) -> Task<> {
        loop.Post([&end] { end = true; });
        Signal signal(loop);
        while (!end) co_await signal.Wait(milliseconds(0));
      },
      loop_, enough);
  EXPECT_TRUE(enough);
}

TEST_F(SignalTest, TwoWaitersEndTheProcess) {
  EXPECT_DEATH(Run(
                   [](Loop& loop) -> Task<> {
                     std::vector<std::string> out;
                     Signal signal(loop);
                     co_await Both(WaitOn(signal, milliseconds(-1), out),
                                   WaitOn(signal, milliseconds(-1), out));
                   },
                   loop_),
               "two wait for one signal");
}

Task<> Use(Turn& turn, int mine, int hold, int& inside, std::vector<int>& order) {
  Turn::Guard guard = co_await turn.Take();
  EXPECT_TRUE(guard);
  EXPECT_EQ(++inside, 1);
  for (int i = 0; i < hold; ++i) co_await NextTurn{};
  order.push_back(mine);
  --inside;
}

TEST_F(TurnTest, TheOrderOfAskingIsTheOrderOfHaving) {
  std::vector<int> order;
  Run(
      [](Loop& loop, std::vector<int>& out) -> Task<> {
        Turn turn(loop);
        int inside = 0;
        std::vector<Task<>> all;
        for (int i = 0; i < 200; ++i) all.push_back(Use(turn, i, i % 4, inside, out));
        co_await All(std::move(all));
      },
      loop_, order);
  ASSERT_EQ(order.size(), 200u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

// Who asks in the instant between release and hand-over stands behind who waited already.
TEST_F(TurnTest, NobodySlipsInWhileTheTurnIsHandedOver) {
  std::vector<int> order;
  Run(
      [](Loop& loop, std::vector<int>& out) -> Task<> {
        Turn turn(loop);
        int inside = 0;
        Turn::Guard mine = co_await turn.Take();
        co_await Both(
            Use(turn, 1, 0, inside, out),
            [](Turn& shared, Turn::Guard held, int& count, std::vector<int>& all) -> Task<> {
              held.Release();
              EXPECT_FALSE(held);
              co_await Use(shared, 2, 0, count, all);
            }(turn, std::move(mine), inside, out));
      },
      loop_, order);
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST_F(TurnTest, ATurnThatEndsBeforeItsWaitersEndsTheProcess) {
  EXPECT_DEATH(
      {
        Turn turn(loop_);
        Turn::Guard guard = turn.Take().await_resume();
        turn.Take().await_suspend(std::noop_coroutine());
        guard = Turn::Guard();  // hands over to the first in line
        turn.Take().await_suspend(std::noop_coroutine());
      },
      "a turn ended while somebody waited");
}

TEST_F(TurnTest, AGuardThatMovedGivesTheTurnBackOnce) {
  bool free_again = false;
  Run(
      [](Loop& loop, bool& out) -> Task<> {
        Turn turn(loop);
        Turn::Guard first = co_await turn.Take();
        Turn::Guard second = std::move(first);
        first.Release();
        EXPECT_FALSE(turn.Take().await_ready());
        Turn::Guard third;
        third = std::move(second);
        EXPECT_FALSE(turn.Take().await_ready());
        third = Turn::Guard();
        out = turn.Take().await_ready();
        Turn::Guard again = co_await turn.Take();
        again.Release();
        again.Release();
      },
      loop_, free_again);
  EXPECT_TRUE(free_again);
}

}  // namespace
}  // namespace router::net
