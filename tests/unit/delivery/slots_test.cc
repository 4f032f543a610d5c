#include "router/delivery/slots.h"

#include <gmock/gmock.h>

#include "tests/unit/net/net_fixture.h"

namespace router::delivery {
namespace {

using net::NextTurn;
using ::testing::ElementsAre;

constexpr Milliseconds kLong{60'000};
constexpr Milliseconds kShort{5};

class SlotsTest : public net::NetTest {};

// Takes a slot, writes down that it has it, gives it back when told.
struct Worker {
  std::string name;
  Purpose purpose;
  bool leave = false;
};

Task<> Work(Slots& slots, Worker& worker, std::vector<std::string>& log) {
  auto slot = co_await slots.Take(worker.purpose, kLong);
  EXPECT_TRUE(slot.has_value());
  log.push_back(worker.name);
  while (!worker.leave) co_await NextTurn();
}

Task<> Turns(int count) {
  for (int i = 0; i < count; ++i) co_await NextTurn();
}

TEST_F(SlotsTest, OneSlotStaysForReservedWorkWhateverClientsTake) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Slots slots(loop, 3);
        auto one = co_await slots.Take(Purpose::kRelay, kShort);
        auto two = co_await slots.Take(Purpose::kRelay, kShort);
        auto three = co_await slots.Take(Purpose::kRelay, kShort);
        EXPECT_TRUE(one && two);
        EXPECT_FALSE(three);
        if (!three) {
          EXPECT_EQ(three.error().code, Errc::kLimit);
        }
        auto reserved = co_await slots.Take(Purpose::kReserved, kShort);
        EXPECT_TRUE(reserved.has_value());
        EXPECT_EQ(slots.used(), 3u);
        one->Release();
        two->Release();
        reserved->Release();
        co_await slots.AllBack();
        EXPECT_EQ(slots.used(), 0u);
      },
      loop_);
}

TEST_F(SlotsTest, ReservedWorkMayUseEverySlot) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Slots slots(loop, 2);
        {
          auto one = co_await slots.Take(Purpose::kReserved, kShort);
          auto two = co_await slots.Take(Purpose::kReserved, kShort);
          EXPECT_TRUE(one && two);
        }
        co_await slots.AllBack();
      },
      loop_);
}

TEST_F(SlotsTest, WaitersAreServedInTheOrderOfAsking) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Slots slots(loop, 1);
        std::vector<std::string> log;
        Worker a{"a", Purpose::kRelay}, b{"b", Purpose::kReserved}, c{"c", Purpose::kRelay};
        loop.Spawn(Work(slots, a, log));
        loop.Spawn(Work(slots, b, log));
        loop.Spawn(Work(slots, c, log));
        for (Worker* worker : {&a, &b, &c}) {
          worker->leave = true;
          co_await Turns(20);
        }
        co_await slots.AllBack();
        EXPECT_THAT(log, ElementsAre("a", "b", "c"));
      },
      loop_);
}

TEST_F(SlotsTest, AReservedWaiterIsNotHeldUpByRelaysThatMayNotTakeTheLastSlot) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Slots slots(loop, 2);
        std::vector<std::string> log;
        Worker relay{"relay", Purpose::kRelay}, second{"second relay", Purpose::kRelay},
            reserved{"reserved", Purpose::kReserved};
        loop.Spawn(Work(slots, relay, log));
        loop.Spawn(Work(slots, second, log));
        loop.Spawn(Work(slots, reserved, log));
        co_await Turns(20);
        EXPECT_THAT(log, ElementsAre("relay", "reserved"));
        relay.leave = second.leave = reserved.leave = true;
        co_await Turns(20);
        co_await slots.AllBack();
        EXPECT_THAT(log, ElementsAre("relay", "reserved", "second relay"));
      },
      loop_);
}

TEST_F(SlotsTest, TheOnlySlotIsWantedBackWhenReservedWorkWaits) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Slots slots(loop, 1);
        int told = 0;
        slots.OnWanted([&told] { ++told; });
        auto relay = co_await slots.Take(Purpose::kRelay, kShort);
        EXPECT_FALSE(relay->IsWanted());
        std::vector<std::string> log;
        Worker reserved{"reserved", Purpose::kReserved};
        loop.Spawn(Work(slots, reserved, log));
        co_await Turns(2);
        EXPECT_TRUE(relay->IsWanted());
        EXPECT_GE(told, 1);
        relay->Release();
        EXPECT_FALSE(relay->IsWanted());
        co_await Turns(20);
        EXPECT_THAT(log, ElementsAre("reserved"));
        reserved.leave = true;
        co_await slots.AllBack();
      },
      loop_);
}

TEST_F(SlotsTest, ARelayAmongSeveralSlotsIsNeverAskedToLeave) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Slots slots(loop, 2);
        {
          auto relay = co_await slots.Take(Purpose::kRelay, kShort);
          auto reserved = co_await slots.Take(Purpose::kReserved, kShort);
          std::vector<std::string> log;
          Worker other{"other", Purpose::kReserved};
          loop.Spawn(Work(slots, other, log));
          co_await Turns(2);
          EXPECT_FALSE(relay->IsWanted());
          EXPECT_TRUE(reserved->IsWanted());
          other.leave = true;
          reserved->Release();
          co_await Turns(20);
        }
        co_await slots.AllBack();
      },
      loop_);
}

Task<> WaitWithoutEnd(Slots& slots, std::shared_ptr<SlotWait> own, std::string name,
                      std::vector<std::string>& log) {
  auto slot = co_await slots.Take(Purpose::kRelay, Milliseconds(-1), own);
  log.push_back(name + (slot ? " has one" : " was called off"));
  if (!slot) {
    EXPECT_EQ(slot.error().code, Errc::kInterrupted);
  }
}

TEST_F(SlotsTest, WhoIsCalledOffLeavesTheLineAndTheOthersKeepTheirPlaces) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Slots slots(loop, 1);
        std::vector<std::string> log;
        auto first = std::make_shared<SlotWait>(loop), second = std::make_shared<SlotWait>(loop),
             late = std::make_shared<SlotWait>(loop);
        auto slot = co_await slots.Take(Purpose::kRelay, kShort);
        loop.Spawn(WaitWithoutEnd(slots, first, "first", log));
        loop.Spawn(WaitWithoutEnd(slots, second, "second", log));
        first->CallOff();
        late->CallOff();
        co_await Turns(20);
        EXPECT_THAT(log, ElementsAre("first was called off"));
        loop.Spawn(WaitWithoutEnd(slots, late, "late", log));
        co_await Turns(20);
        slot->Release();
        co_await Turns(20);
        EXPECT_THAT(log,
                    ElementsAre("first was called off", "late was called off", "second has one"));
        second->CallOff();  // nobody waits any more
        co_await slots.AllBack();
      },
      loop_);
}

TEST_F(SlotsTest, CloseEndsThoseWhoWaitAndLetsNoRelayIn) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Slots slots(loop, 1);
        std::optional<Errc> outcome;
        {
          auto held = co_await slots.Take(Purpose::kRelay, kShort);
          auto waits = [](Slots& of, std::optional<Errc>& ended) -> Task<> {
            auto slot = co_await of.Take(Purpose::kReserved, kLong);
            if (!slot) ended = slot.error().code;
          };
          loop.Spawn(waits(slots, outcome));
          slots.Close();
          co_await Turns(5);
        }
        EXPECT_EQ(outcome, Errc::kInterrupted);
        co_await slots.AllBack();
        auto late = co_await slots.Take(Purpose::kRelay, kShort);
        EXPECT_FALSE(late.has_value());
        if (!late) {
          EXPECT_EQ(late.error().code, Errc::kInterrupted);
        }
      },
      loop_);
}

TEST_F(SlotsTest, ASlotThatCameBackOnAnotherThreadIsFreeAgain) {
  Run(
      [](net::Loop& loop) -> Task<> {
        Slots slots(loop, 1);
        auto slot = co_await slots.Take(Purpose::kRelay, kShort);
        std::thread([moved = std::move(*slot)]() mutable { moved.Release(); }).join();
        co_await slots.AllBack();
        auto again = co_await slots.Take(Purpose::kRelay, kShort);
        EXPECT_TRUE(again.has_value());
        again->Release();
        co_await slots.AllBack();
      },
      loop_);
}

}  // namespace
}  // namespace router::delivery
