#pragma once
#include <gmock/gmock.h>

#include "router/delivery/destination.h"
#include "router/dimse/sop_classes.h"
#include "tests/unit/delivery/bench.h"

// What tests of a destination share.
namespace router::delivery {

using store::Cause;
using store::State;
using testing::ApplicationStandIn;
using testing::Bench;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kName;
using testing::Needing;
using Reply = ApplicationStandIn::Reply;
using StoredInstance = ApplicationStandIn::StoredInstance;
using Change = std::function<void(config::Application&)>;

inline constexpr net::Milliseconds kPatience{10'000};
inline const std::string kCt(dimse::uid::kCtImage);
inline const std::string kPlan(dimse::uid::kRtPlan);
inline const std::string kImplicit("1.2.840.10008.1.2");

// A destination in front of the stand-in, with what it told its hooks.
struct Subject {
  explicit Subject(Bench& bench, Change change = {}, bool somebody_verifies = true)
      : Subject(bench, bench.Configured(std::move(change)), somebody_verifies) {}
  Subject(Bench& bench, std::shared_ptr<const config::Config> config, bool somebody_verifies)
      : destination({bench.loop, bench.disk, bench.cpu, *bench.ledger, *bench.spool, bench.metrics,
                     bench.clock},
                    std::move(config), kName, Watch(somebody_verifies)) {
    bench.OnReady([this] { destination.Wake(); });
  }

  Hooks Watch(bool somebody_verifies) {
    Hooks hooks;
    hooks.on_stored = [this](const store::Instance& one) {
      stored.push_back(one.sop_instance.str());
    };
    hooks.on_known = [this](const store::Instance& one) {
      known.push_back(one.sop_instance.str());
    };
    hooks.on_waiting = [this] { ++waiting; };
    if (somebody_verifies) hooks.on_verifying = [this] { ++verifying; };
    return hooks;
  }

  std::vector<std::string> stored, known;
  int waiting = 0, verifying = 0;
  Destination destination;
};

class DestinationTest : public net::NetTest {
 protected:
  void SetUp() override { ASSERT_TRUE(dataset::Start().has_value()); }
};

// The last steps of every test: nothing is left behind.
inline Task<> End(Bench& bench, Subject& subject) {
  co_await subject.destination.Drain(kPatience);
  auto condition = co_await subject.destination.Describe();
  EXPECT_EQ(condition.slots_used, 0u);
  bench.OnReady({});
  co_await bench.application.Close();
}

inline double Attempts(Bench& bench, const char* outcome) {
  return bench.metrics.Get<metrics::Id::kDeliveryAttempts>(kName, outcome).Value();
}

}  // namespace router::delivery
