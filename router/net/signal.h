#pragma once
#include <chrono>
#include <coroutine>
#include <deque>
#include <memory>
#include <utility>

#include "router/net/loop.h"

namespace router::net {

// A wake-up for one waiter, with a deadline. Notify before Wait is not lost: the next Wait returns
// at once. Lives on one loop; must not end while somebody waits.
class Signal {
 public:
  explicit Signal(Loop& loop);
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void Notify();

  // True if notified, false if `at_most` went by first; a negative time waits for ever.
  struct Awaiter {
    Signal& signal;
    std::chrono::milliseconds at_most;
    bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter);
    bool await_resume();
  };
  Awaiter Wait(std::chrono::milliseconds at_most = std::chrono::milliseconds(-1)) {
    return Awaiter{*this, at_most};
  }

 private:
  struct Timer;
  Loop& loop_;
  Timer* timer_;  // freed by libuv's close callback
  std::coroutine_handle<> waiter_;
  bool notified_ = false;
};

// Whoever needs the same thing one after another, in the order of asking: the right to send a
// message on an association. On one loop. The guard gives the turn to the next in line. Must not
// end before its guards, nor while somebody waits.
class Turn {
 public:
  class [[nodiscard]] Guard {
   public:
    Guard() = default;
    explicit Guard(Turn* turn) : turn_(turn) {}
    Guard(Guard&& other) noexcept : turn_(std::exchange(other.turn_, nullptr)) {}
    Guard& operator=(Guard&& other) noexcept {
      Release();
      turn_ = std::exchange(other.turn_, nullptr);
      return *this;
    }
    ~Guard() { Release(); }
    explicit operator bool() const { return turn_ != nullptr; }
    void Release() {
      if (Turn* turn = std::exchange(turn_, nullptr)) turn->Next();
    }

   private:
    Turn* turn_ = nullptr;
  };

  explicit Turn(Loop& loop) : loop_(loop) {}
  ~Turn() {
    if (!line_.empty()) log::Fatal("a turn ended while somebody waited for it");
  }

  struct Awaiter {
    Turn& turn;
    bool await_ready() const { return !turn.taken_; }
    void await_suspend(std::coroutine_handle<> waiter) { turn.line_.push_back(waiter); }
    Guard await_resume() {
      turn.taken_ = true;
      return Guard(&turn);
    }
  };
  Awaiter Take() { return Awaiter{*this}; }

 private:
  // Stays taken while it is handed over, so that nobody slips in between.
  void Next() {
    if (line_.empty()) {
      taken_ = false;
      return;
    }
    loop_.Soon(line_.front());
    line_.pop_front();
  }
  Loop& loop_;
  bool taken_ = false;
  std::deque<std::coroutine_handle<>> line_;
};

}  // namespace router::net
