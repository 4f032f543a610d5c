#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "router/net/future.h"

namespace router::net {

// Threads for what may block: the disk (16), DCMTK (as many as cores). libuv's own pool is used
// for neither. Owned by the app; destroyed after the loops have stopped, it runs what is queued.
class WorkPool {
 public:
  WorkPool(std::string name, int threads);
  ~WorkPool();

  // Runs `work` on one of the threads and resumes the caller on its own loop with the value.
  template <class T>
  Task<T> Run(std::move_only_function<T()> work) {
    using Value = std::conditional_t<std::is_void_v<T>, Nothing, T>;
    auto [promise, future] = MakePromise<Value>();
    Queue([work = std::move(work), promise = std::move(promise)]() mutable {
      // What the work was made from goes before the caller, on its own thread, goes on.
      if constexpr (std::is_void_v<T>) {
        work();
        work = nullptr;
        promise.Set(Nothing{});
      } else {
        T value = work();
        work = nullptr;
        promise.Set(std::move(value));
      }
    });
    if constexpr (std::is_void_v<T>) {
      co_await future;
    } else {
      co_return co_await future;
    }
  }

  // Without a waiter. Any thread.
  void Queue(std::move_only_function<void()> work);

 private:
  void Work();

  std::string name_;
  std::mutex mutex_;
  std::condition_variable due_;
  std::deque<std::move_only_function<void()>> queue_;  // under mutex_
  bool stopping_ = false;                              // under mutex_
  std::vector<std::thread> threads_;
};

}  // namespace router::net
