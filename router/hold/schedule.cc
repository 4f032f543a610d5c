#include "router/hold/schedule.h"

#include <algorithm>
#include <cmath>

namespace router::hold {

config::Duration AskAgainAfter(const config::Existence& existence, int asked) {
  config::Duration wait = std::max(existence.first, config::Duration(1));
  const config::Duration most = std::max(existence.most, wait);
  for (int i = 1; i < asked && wait < most; ++i) wait *= 2;
  return std::min(wait, most);
}

void QuestionRate::Refill(SteadyTime now) {
  if (!started_) {
    started_ = true;
    filled_ = now;
    tokens_ = per_second_;
    return;
  }
  const double elapsed = std::chrono::duration<double>(now - filled_).count();
  tokens_ = std::min(per_second_, tokens_ + elapsed * per_second_);
  filled_ = std::max(filled_, now);
}

bool QuestionRate::Take(SteadyTime now) {
  Refill(now);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

std::chrono::milliseconds QuestionRate::Wait(SteadyTime now) {
  Refill(now);
  if (tokens_ >= 1) return std::chrono::milliseconds(0);
  return std::chrono::milliseconds(
      static_cast<int64_t>(std::ceil((1 - tokens_) / per_second_ * 1000)));
}

bool Verification::Negative(SteadyTime now, config::Duration verify_for) {
  if (negatives_ == 0) first_ = now;
  ++negatives_;
  next_ = now + verify_for / (kNegatives - 1);
  return negatives_ >= kNegatives && now - first_ >= verify_for;
}

}  // namespace router::hold
