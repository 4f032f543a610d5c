#pragma once
#include <chrono>
#include <cstdint>

#include "router/base/clock.h"
#include "router/config/config.h"

namespace router::hold {

// When to ask again about what was not found, after `asked` negative answers (1 or more): `first`,
// then doubling up to `most`. A single "no" proves nothing, and no number of them is final.
config::Duration AskAgainAfter(const config::Existence& existence, int asked);

// At most `per_second` questions, none saved up beyond one second's worth. Pure: time comes in.
// Owned by the Gate, on its home loop.
class QuestionRate {
 public:
  explicit QuestionRate(uint32_t per_second) : per_second_(per_second == 0 ? 1 : per_second) {}

  // Takes the right to one question, or returns false.
  bool Take(SteadyTime now);
  // How long until Take can succeed; zero: now.
  std::chrono::milliseconds Wait(SteadyTime now);

 private:
  void Refill(SteadyTime now);
  double per_second_;
  double tokens_ = 1;
  SteadyTime filled_{};
  bool started_ = false;
};

// What is known of an instance whose outcome was lost: found by a question, it is delivered; three
// negatives that lie `verify_for` apart from first to last, it is sent again. Pure.
class Verification {
 public:
  static constexpr int kNegatives = 3;

  // A negative answer at `now`. True: enough, send it again.
  bool Negative(SteadyTime now, config::Duration verify_for);
  // No answer at all: not before `next`.
  void Later(SteadyTime next) { next_ = next; }
  // When to ask next; at first at once.
  SteadyTime next() const { return next_; }
  int negatives() const { return negatives_; }

 private:
  int negatives_ = 0;
  SteadyTime first_{}, next_{};
};

}  // namespace router::hold
