#include "router/session/rule_limits.h"

#include <algorithm>

namespace router::session {

std::optional<SteadyTime> RuleLimits::Take(const std::string& rule, const std::string& client,
                                           const rules::Limit& limit, SteadyTime now,
                                           SteadyTime by) {
  std::lock_guard lock(mutex_);
  if (places_.size() >= kMostKept)  // of titles that came once
    std::erase_if(places_,
                  [&](const auto& one) { return one.second.taken.back() + one.second.per <= now; });
  Places& places = places_[{rule, client}];
  std::deque<SteadyTime>& taken = places.taken;
  places.per = limit.per;
  while (taken.size() > limit.count) taken.pop_front();  // the limit has become lower
  while (!taken.empty() && taken.front() + limit.per <= now) taken.pop_front();
  SteadyTime at = now;
  if (taken.size() == limit.count) at = std::max(now, taken.front() + limit.per);
  if (at > by) return std::nullopt;
  if (taken.size() == limit.count) taken.pop_front();
  taken.push_back(at);
  return at;
}

}  // namespace router::session
