#include "router/hold/unrest.h"

#include <algorithm>

namespace router::hold {

void Unrest::Stir(const Uid& uid, SteadyTime now, std::chrono::milliseconds quiet_for) {
  auto [at, is_new] = stirred_.insert_or_assign(uid, now);
  if (!is_new || stirred_.size() <= kMost) return;
  std::erase_if(stirred_, [&](const auto& one) { return now - one.second >= quiet_for; });
  // At least half of them go, so that they are looked through once for many that come.
  if (stirred_.size() > kMost / 2) StirAll(now);
}

void Unrest::StirAll(SteadyTime now) {
  stirred_.clear();
  all_stirred_ = now;
}

std::chrono::milliseconds Unrest::Left(const Uid& uid, SteadyTime now,
                                       std::chrono::milliseconds quiet_for) const {
  SteadyTime last = all_stirred_;
  if (auto at = stirred_.find(uid); at != stirred_.end()) last = std::max(last, at->second);
  const std::chrono::milliseconds none(0);
  if (last == SteadyTime::min()) return none;
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(last + quiet_for - now), none);
}

}  // namespace router::hold
