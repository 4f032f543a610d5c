#pragma once
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "router/net/loop.h"

namespace router::net {

// How a value crosses threads. Promise: set once, on any thread. Future: awaited once, on the
// loop that made the pair; it resumes there. A promise that goes away unset leaves its waiter
// waiting for ever, so whoever holds one sets it on every way out.
template <class T>
class Promise;

template <class T>
class [[nodiscard]] Future {
 public:
  bool await_ready() const { return state_->value.has_value(); }
  void await_suspend(std::coroutine_handle<> waiter) { state_->waiter = waiter; }
  T await_resume() { return std::move(*state_->value); }

 private:
  template <class U>
  friend std::pair<Promise<U>, Future<U>> MakePromise();
  friend class Promise<T>;
  struct State {
    Loop* home;
    std::optional<T> value;  // touched on the home loop only
    std::coroutine_handle<> waiter;
  };
  explicit Future(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

template <class T>
class Promise {
 public:
  Promise(Promise&&) noexcept = default;
  Promise& operator=(Promise&&) noexcept = default;

  void Set(T value) {
    auto state = std::move(state_);
    Loop* home = state->home;
    home->Post([state = std::move(state), value = std::move(value)]() mutable {
      state->value.emplace(std::move(value));
      if (state->waiter) std::exchange(state->waiter, {}).resume();
    });
  }

 private:
  template <class U>
  friend std::pair<Promise<U>, Future<U>> MakePromise();
  explicit Promise(std::shared_ptr<typename Future<T>::State> state) : state_(std::move(state)) {}
  std::shared_ptr<typename Future<T>::State> state_;
};

// On a loop's thread.
template <class T>
std::pair<Promise<T>, Future<T>> MakePromise() {
  Loop* home = Loop::Current();
  if (!home) log::Fatal("a future was made on a thread that runs no loop");
  auto state = std::make_shared<typename Future<T>::State>();
  state->home = home;
  return {Promise<T>(state), Future<T>(state)};
}

struct Nothing {};

// Runs the task that `make` makes on `target` and hands its value back to the calling loop. On
// the same loop it is awaited directly. What `make` captures lives until its task has ended.
template <class T>
Task<T> RunOn(Loop& target, std::move_only_function<Task<T>()> make) {
  if (target.IsCurrent()) {
    Task<T> here = make();
    co_return co_await here;
  }
  using Value = std::conditional_t<std::is_void_v<T>, Nothing, T>;
  auto [promise, future] = MakePromise<Value>();
  target.PostSpawn([make = std::move(make), promise = std::move(promise)]() mutable -> Task<> {
    return [](std::move_only_function<Task<T>()>& maker, Promise<Value>& out) -> Task<> {
      // The task and what it was made from go before the caller, on its own thread, goes on.
      std::optional<Value> value;
      {
        Task<T> there = maker();
        if constexpr (std::is_void_v<T>) {
          co_await there;
          value.emplace();
        } else {
          value.emplace(co_await there);
        }
      }
      maker = nullptr;
      out.Set(std::move(*value));
    }(make, promise);
  });
  if constexpr (std::is_void_v<T>) {
    co_await future;
  } else {
    co_return co_await future;
  }
}

}  // namespace router::net
