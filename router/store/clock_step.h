#pragma once
#include <chrono>
#include <optional>
#include <utility>

#include "router/base/clock.h"

namespace router::store {

// Times in the tables are wall time. Where the wall clock is set back, what is due next would come
// later by that much, and a queue that is due in minutes would stand still for hours.

// How far `wall` is behind what was expected, if that is more than clocks are usually corrected by.
std::optional<std::chrono::milliseconds> StepBetween(WallTime expected, WallTime wall);

// Compares the two clocks from one look to the next. One thread at a time.
class ClockWatch {
 public:
  std::optional<std::chrono::milliseconds> WentBack(SteadyTime steady, WallTime wall);

 private:
  std::optional<std::pair<SteadyTime, WallTime>> seen_;
};

}  // namespace router::store
