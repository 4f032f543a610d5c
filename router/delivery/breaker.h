#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "router/base/clock.h"
#include "router/config/config.h"

namespace router::delivery {

// Keeps a dead destination from being called for every row. Closed: sends. Open: nothing is sent
// until a probe (C-ECHO) succeeds. Half-open: the probe is under way.
//
// Pure: time comes in with every call. Owned by its Destination, on the home loop.
class Breaker {
 public:
  enum class State : uint8_t { kClosed, kHalfOpen, kOpen };  // the values of sluice_breaker_state

  explicit Breaker(const config::Breaker& settings) : settings_(settings) {}

  // An association was established and served, or the probe was answered.
  void Succeeded();
  // A connection failed, was rejected or broke before anything was answered. In half-open state
  // the probe failed.
  void Failed(SteadyTime now);

  bool MaySend() const { return state_ == State::kClosed; }
  // When the next probe is due; nullopt while closed or while a probe is under way.
  std::optional<SteadyTime> ProbeAt() const;
  void ProbeStarted() { state_ = State::kHalfOpen; }

  void Configure(const config::Breaker& settings) { settings_ = settings; }

  State state() const { return state_; }
  uint32_t failures() const { return failures_; }  // in a row

 private:
  config::Breaker settings_;
  State state_ = State::kClosed;
  uint32_t failures_ = 0;
  SteadyTime opened_{};
};

std::string_view NameOf(Breaker::State state);

}  // namespace router::delivery
