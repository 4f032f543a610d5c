#pragma once
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "router/base/log.h"

namespace router::net {

template <class T>
class Task;

namespace detail {

struct PromiseBase {
  std::coroutine_handle<> parent;

  // Resumes the parent from inside the child's last suspension: the parent may destroy the child
  // there, so nothing of the child is touched afterwards.
  struct Final {
    bool await_ready() noexcept { return false; }
    void await_resume() noexcept {}
    template <class P>
    void await_suspend(std::coroutine_handle<P> ended) noexcept {
      if (std::coroutine_handle<> parent = ended.promise().parent) parent.resume();
    }
  };
  std::suspend_always initial_suspend() noexcept { return {}; }
  Final final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { std::terminate(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object();
  template <class U>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
  T Take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() noexcept {}
  void Take() noexcept {}
};

}  // namespace detail

// A lazy coroutine that ends exactly once, on the loop that started it: it runs when it is awaited
// (or given to Loop::Spawn) and hands its value to the one who awaits.
//
// Owned by the awaiting expression. A task that has started may be destroyed only after it has
// ended: nothing destroys a suspended coroutine, it is ended by interrupting what it waits for.
// await_suspend returns bool and resumes the child itself, without symmetric transfer, which
// g++ 12 turns into a stack overflow for children that are ready at once.
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;

  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  Task(Task&& other) noexcept
      : handle_(std::exchange(other.handle_, {})), started_(other.started_) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (!handle_) return;
    if (started_ && !handle_.done()) log::Fatal("a coroutine was destroyed while it waited");
    handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> parent) {
    started_ = true;
    handle_.resume();
    if (handle_.done()) return false;
    handle_.promise().parent = parent;
    return true;
  }
  T await_resume() { return handle_.promise().Take(); }

 private:
  std::coroutine_handle<promise_type> handle_;
  bool started_ = false;
};

template <class T>
Task<T> detail::Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> detail::Promise<void>::get_return_object() {
  return Task<void>(std::coroutine_handle<Promise>::from_promise(*this));
}

namespace detail {

// The root of a tree of tasks: runs at once, frees itself at its end.
struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

struct Joined {
  size_t left;
  std::coroutine_handle<> waiter{};
  bool await_ready() const noexcept { return left == 0; }
  void await_suspend(std::coroutine_handle<> handle) noexcept { waiter = handle; }
  void await_resume() noexcept {}
};
inline Detached RunInto(Task<> task, Joined& join) {
  {
    // Its frame, and what it was given, goes before whoever joined goes on.
    Task<> running = std::move(task);
    co_await running;
  }
  if (--join.left == 0 && join.waiter) join.waiter.resume();
}

}  // namespace detail

// Ends when both have ended. There is no when_any: what must end early is interrupted.
inline Task<> Both(Task<> a, Task<> b) {
  detail::Joined join{2};
  detail::RunInto(std::move(a), join);
  detail::RunInto(std::move(b), join);
  co_await join;
}

inline Task<> All(std::vector<Task<>> tasks) {
  detail::Joined join{tasks.size()};
  for (Task<>& task : tasks) detail::RunInto(std::move(task), join);
  co_await join;
}

}  // namespace router::net
