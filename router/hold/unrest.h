#pragma once
#include <chrono>
#include <map>

#include "router/base/clock.h"
#include "router/base/uid.h"

namespace router::hold {

// When something was added last to series and studies: "quiet" means that nothing was for a while.
// Remembers a bounded number of them, whatever comes; where there are more at a time, everything
// counts as added to just now. What is noted costs the same on the average, however many there are.
//
// Pure: time comes in with every call. Owned by a Gate, on its home loop.
class Unrest {
 public:
  static constexpr size_t kMost = 10'000;  // series and studies

  // `quiet_for`: what was added to longer ago may be forgotten.
  void Stir(const Uid& uid, SteadyTime now, std::chrono::milliseconds quiet_for);
  void StirAll(SteadyTime now);
  // How long until `uid` is quiet; zero: it is.
  std::chrono::milliseconds Left(const Uid& uid, SteadyTime now,
                                 std::chrono::milliseconds quiet_for) const;
  size_t size() const { return stirred_.size(); }

 private:
  std::map<Uid, SteadyTime> stirred_;
  SteadyTime all_stirred_ = SteadyTime::min();
};

}  // namespace router::hold
