#include "router/delivery/retry_budget.h"

#include <algorithm>

namespace router::delivery {

int RetryBudget::Allowed(SteadyTime now) const {
  if (left_ > 0) return left_;
  return Wait(now).count() == 0 ? 1 : 0;
}

std::chrono::milliseconds RetryBudget::Wait(SteadyTime now) const {
  const std::chrono::milliseconds none(0);
  if (left_ > 0) return none;
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(attempted_ + every_ - now), none);
}

void RetryBudget::Attempted(SteadyTime now) {
  attempted_ = now;
  if (left_ > 0) --left_;
}

void RetryBudget::Succeeded() { left_ = std::min(left_ + 2, kMost); }

void RetryBudget::Refunded() { left_ = std::min(left_ + 1, kMost); }

}  // namespace router::delivery
