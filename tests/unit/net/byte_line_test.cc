#include "router/net/byte_line.h"

#include <gmock/gmock.h>

#include <memory>
#include <vector>

#include "router/net/signal.h"
#include "tests/unit/net/net_fixture.h"

namespace router::net {
namespace {

using ::testing::ElementsAre;

class ByteLineTest : public NetTest {
 protected:
  // Takes its share, says so, and keeps it until it is told.
  struct Worker {
    Worker(Loop& loop, int the_name, uint64_t the_bytes)
        : name(the_name), bytes(the_bytes), done(loop) {}
    const int name;
    const uint64_t bytes;
    Signal done;
  };
  static Task<> Work(ByteLine& line, Worker& worker, std::vector<int>& began) {
    auto share = co_await line.Take(worker.bytes);
    began.push_back(worker.name);
    co_await worker.done.Wait();
  }
  // Whoever may begin has begun.
  static Task<> Pause(Loop& loop) {
    Signal pause(loop);
    for (int i = 0; i < 5; ++i) co_await pause.Wait(std::chrono::milliseconds(1));
  }
};

TEST_F(ByteLineTest, AsManyAreDoneAtOnceAsFitAndTheRestWaitsInTheOrderOfAsking) {
  Run(
      [](Loop& loop) -> Task<> {
        ByteLine line(100);
        std::vector<int> began;
        std::vector<std::unique_ptr<Worker>> all;
        for (uint64_t bytes : {60u, 30u, 50u, 10u}) {
          all.push_back(std::make_unique<Worker>(loop, static_cast<int>(all.size()), bytes));
          loop.Spawn(Work(line, *all.back(), began));
        }
        co_await Pause(loop);
        EXPECT_THAT(began, ElementsAre(0, 1));  // 10 would fit, and do not pass 50
        EXPECT_EQ(line.used(), 90u);
        all[1]->done.Notify();
        co_await Pause(loop);
        EXPECT_THAT(began, ElementsAre(0, 1));
        all[0]->done.Notify();
        co_await Pause(loop);
        EXPECT_THAT(began, ElementsAre(0, 1, 2, 3));
        all[2]->done.Notify();
        all[3]->done.Notify();
        co_await Pause(loop);
        EXPECT_EQ(line.used(), 0u);
      },
      loop_);
}

TEST_F(ByteLineTest, WhatIsMoreThanAllThereIsIsDoneAlone) {
  Run(
      [](Loop& loop) -> Task<> {
        ByteLine line(100);
        std::vector<int> began;
        Worker small(loop, 0, 1), huge(loop, 1, 1'000'000), other(loop, 2, 1);
        for (Worker* one : {&small, &huge, &other}) loop.Spawn(Work(line, *one, began));
        co_await Pause(loop);
        EXPECT_THAT(began, ElementsAre(0));
        small.done.Notify();
        co_await Pause(loop);
        EXPECT_THAT(began, ElementsAre(0, 1));
        huge.done.Notify();
        co_await Pause(loop);
        EXPECT_THAT(began, ElementsAre(0, 1, 2));
        other.done.Notify();
        co_await Pause(loop);
        EXPECT_EQ(line.used(), 0u);
      },
      loop_);
}

}  // namespace
}  // namespace router::net
