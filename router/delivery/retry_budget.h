#pragma once
#include <chrono>

#include "router/base/clock.h"
#include "router/config/config.h"

namespace router::delivery {

// How many attempts the queue may make at an application that does not take what it is sent. Rows
// back off each for itself, so a thousand of them would still be a thousand in every `most`; and
// all that has come due in an outage comes at once when it ends. Here attempts are paid for with
// successes: each costs one, a success brings two, so that they double while all goes well; with
// nothing left, one is made in every `every`, to find out.
//
// Pure: time comes in with every call. Owned by its Destination, on the home loop.
class RetryBudget {
 public:
  static constexpr int kMost = 32;  // attempts, saved up

  explicit RetryBudget(config::Duration every) : every_(every) {}

  // Attempts that may be made now, one after another.
  int Allowed(SteadyTime now) const;
  // How long until there is one; zero: now.
  std::chrono::milliseconds Wait(SteadyTime now) const;

  void Attempted(SteadyTime now);
  void Succeeded();
  // It was refused for good, or nothing came of it for reasons of its own: no sign of a load that
  // the application cannot take.
  void Refunded();
  // It cannot be reached: what comes due until it can shall not all come at once.
  void Exhausted() { left_ = 0; }

  void Configure(config::Duration every) { every_ = every; }

 private:
  config::Duration every_;
  int left_ = kMost;
  SteadyTime attempted_{};
};

}  // namespace router::delivery
