#include "router/delivery/breaker.h"

#include <algorithm>

namespace router::delivery {

void Breaker::Succeeded() {
  state_ = State::kClosed;
  failures_ = 0;
}

void Breaker::Failed(SteadyTime now) {
  ++failures_;
  const bool opens = state_ == State::kHalfOpen ||
                     (state_ == State::kClosed && failures_ >= std::max(settings_.failures, 1u));
  if (!opens) return;
  state_ = State::kOpen;
  opened_ = now;
}

std::optional<SteadyTime> Breaker::ProbeAt() const {
  if (state_ != State::kOpen) return std::nullopt;
  return opened_ + settings_.probe_every;
}

std::string_view NameOf(Breaker::State state) {
  switch (state) {
    case Breaker::State::kClosed:
      return "closed";
    case Breaker::State::kHalfOpen:
      return "half_open";
    case Breaker::State::kOpen:
      return "open";
  }
  return "open";
}

}  // namespace router::delivery
