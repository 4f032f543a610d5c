#pragma once
#include <chrono>
#include <cstdint>

#include "router/base/clock.h"
#include "router/config/config.h"

namespace router::delivery {

// How many attempts the queue may make at an application that does not take what it is sent. Rows
// back off each for itself, so a thousand of them would still be a thousand in every `most`; and
// all that has come due in an outage comes at once when it ends. Here attempts are paid for with
// successes: each costs one, a success brings two, so that they double while all goes well; with
// nothing left, one is made in every `every`, to find out.
//
// First attempts and further ones are paid for apart: rows that fail whenever they are tried use up
// what there is for further attempts, and what was never tried passes them. In each of those single
// attempts the one that has been due for the longest has its turn, or, every other time where first
// attempts fail as well, one that was never tried.
//
// Pure: time comes in with every call. Owned by its Destination, on the home loop.
class RetryBudget {
 public:
  static constexpr int kMost = 32;  // attempts, saved up

  explicit RetryBudget(config::Duration every) : every_(every) {}

  enum class Of : uint8_t { kAny, kFresh, kLongestDue };  // in which order rows are claimed
  struct Turn {
    int attempts = 0;  // that may be made now, one after another
    Of of = Of::kAny;
  };
  Turn Next(SteadyTime now) const;
  // How long until there is more than first attempts; zero: now.
  std::chrono::milliseconds Wait(SteadyTime now) const;

  // `first`: of its row.
  void Attempted(SteadyTime now, bool first);
  void Succeeded();
  // It was refused for good or for now, or nothing came of it for reasons of its own: no sign of a
  // load that the application cannot take.
  void Refunded(bool first);
  // It cannot be reached: what comes due until it can shall not all come at once.
  void Exhausted() { first_ = further_ = 0; }

  void Configure(config::Duration every) { every_ = every; }

 private:
  config::Duration every_;
  int first_ = kMost, further_ = kMost;
  bool fresh_next_ = true;  // with nothing left at all
  SteadyTime attempted_{};
};

}  // namespace router::delivery
