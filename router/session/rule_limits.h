#pragma once
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "router/base/clock.h"
#include "rules/decisions.h"

namespace router::session {

// When messages that a rule limits may go: at most `count` of them in any `per`, over all loops. In
// memory: after a restart it begins anew. Any thread.
class RuleLimits {
 public:
  // Takes the next place and says when it is, not before `now`. Nothing, and no place is taken, if
  // that would be later than `by`. `client`: empty where all clients share the limit.
  std::optional<SteadyTime> Take(const std::string& rule, const std::string& client,
                                 const rules::Limit& limit, SteadyTime now, SteadyTime by);

 private:
  static constexpr size_t kMostKept = 1000;  // beyond that, what has passed is forgotten
  struct Places {
    std::deque<SteadyTime> taken;  // the last `count`, the earliest first
    rules::Duration per{0};
  };
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Places> places_;  // under mutex_
};

}  // namespace router::session
