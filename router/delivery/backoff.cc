#include "router/delivery/backoff.h"

#include <algorithm>

namespace router::delivery {

config::Duration BackOff(const config::Retry& retry, uint32_t attempts, double random) {
  const auto first = std::max(retry.first, config::Duration(1));
  const auto most = std::max(retry.most, first);
  config::Duration bound = first;
  for (uint32_t i = 1; i < attempts && bound < most; ++i) bound *= 2;
  bound = std::min(bound, most);
  const double picked = static_cast<double>(bound.count()) * std::clamp(random, 0.0, 1.0);
  const config::Duration least = std::max(first / 10, config::Duration(1));
  return std::clamp(config::Duration(static_cast<int64_t>(picked)), least, most);
}

}  // namespace router::delivery
