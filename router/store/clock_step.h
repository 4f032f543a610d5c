#pragma once
#include <chrono>
#include <optional>
#include <utility>

#include "router/base/clock.h"

namespace router::store {

// Times in the tables are wall time. Where the wall clock is set back, what is due next would come
// later by that much, and a queue that is due in minutes would stand still for hours. Deadlines and
// `not_before` stay: they are promises about the time of day.

// How far `wall` is behind what was expected, if that is more than clocks are usually corrected by.
std::optional<std::chrono::milliseconds> StepBetween(WallTime expected, WallTime wall);

struct ClockStepSeen {
  std::chrono::milliseconds by{0};      // positive: set forward; negative: back
  std::chrono::milliseconds undoes{0};  // of a step back: so much of it takes back steps forward
};

// Compares the two clocks from one look to the next. One thread at a time.
class ClockWatch {
 public:
  std::optional<ClockStepSeen> Stepped(SteadyTime steady, WallTime wall);

 private:
  std::optional<std::pair<SteadyTime, WallTime>> seen_;
  std::chrono::milliseconds ahead_{0};  // by steps forward that were not taken back yet
};

class Transaction;

namespace steps {

// After a step of the clock that was seen while we run.
void FollowClock(Transaction& tx, const ClockStepSeen& step);

}  // namespace steps
}  // namespace router::store
