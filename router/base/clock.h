#pragma once
#include <chrono>

namespace router {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

// Time comes in through constructors so that tests need not wait. Safe to call on any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual SteadyTime Now() const { return std::chrono::steady_clock::now(); }
  virtual WallTime WallNow() const { return std::chrono::system_clock::now(); }
};

}  // namespace router
