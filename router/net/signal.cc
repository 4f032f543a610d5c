#include "router/net/signal.h"

#include <uv.h>

#include <algorithm>

namespace router::net {

struct Signal::Timer {
  uv_timer_t uv;
};

Signal::Signal(Loop& loop) : loop_(loop), timer_(new Timer) {
  uv_timer_init(loop.uv(), &timer_->uv);
  timer_->uv.data = this;
}

Signal::~Signal() {
  if (waiter_) log::Fatal("a signal ended while somebody waited for it");
  timer_->uv.data = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_->uv),
           [](uv_handle_t* closed) { delete reinterpret_cast<Timer*>(closed); });
}

void Signal::Notify() {
  notified_ = true;
  if (!waiter_) return;
  uv_timer_stop(&timer_->uv);
  loop_.Soon(std::exchange(waiter_, {}));
}

bool Signal::Awaiter::await_ready() { return signal.notified_; }

void Signal::Awaiter::await_suspend(std::coroutine_handle<> waiter) {
  if (signal.waiter_) log::Fatal("two wait for one signal");
  signal.waiter_ = waiter;
  if (at_most.count() < 0) return;
  // At least 1: libuv runs timers until none is due, so a loop of waits of 0 would never leave it.
  auto milliseconds = std::max<uint64_t>(static_cast<uint64_t>(at_most.count()), 1);
  uv_timer_start(
      &signal.timer_->uv,
      [](uv_timer_t* timer) {
        auto* self = static_cast<Signal*>(timer->data);
        if (self && self->waiter_) std::exchange(self->waiter_, {}).resume();
      },
      milliseconds, 0);
}

bool Signal::Awaiter::await_resume() { return std::exchange(signal.notified_, false); }

}  // namespace router::net
