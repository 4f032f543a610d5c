#include "router/delivery/retry_budget.h"

#include <algorithm>

namespace router::delivery {

RetryBudget::Turn RetryBudget::Next(SteadyTime now) const {
  if (first_ > 0 && further_ > 0) return {std::min(first_, further_), Of::kAny};
  if (Wait(now).count() == 0) return {1, first_ == 0 && fresh_next_ ? Of::kFresh : Of::kLongestDue};
  return {first_, Of::kFresh};
}

std::chrono::milliseconds RetryBudget::Wait(SteadyTime now) const {
  const std::chrono::milliseconds none(0);
  if (first_ > 0 && further_ > 0) return none;
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(attempted_ + every_ - now), none);
}

void RetryBudget::Attempted(SteadyTime now, bool first) {
  if (first_ == 0) fresh_next_ = !fresh_next_;
  int& left = first ? first_ : further_;
  if (left > 0) --left;
  // While first attempts go on, they say nothing of when a further one is due.
  if (!first || left == 0) attempted_ = now;
}

void RetryBudget::Succeeded() {
  first_ = std::min(first_ + 2, kMost);
  further_ = std::min(further_ + 2, kMost);
}

void RetryBudget::Refunded(bool first) {
  int& left = first ? first_ : further_;
  left = std::min(left + 1, kMost);
}

}  // namespace router::delivery
