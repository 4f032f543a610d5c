#pragma once
#include <atomic>
#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "router/base/clock.h"
#include "router/net/task.h"

struct uv_loop_s;

namespace router::net {

class ChunkPool;

// One libuv event loop and the thread that runs it. Sessions, applications and everything that
// waits for the network live and die on one loop.
//
// Owned by the app (or a test), destroyed on another thread than its own after Stop(). Unless said
// otherwise members are called on the loop's thread.
class Loop {
 public:
  explicit Loop(int index = 0);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs on a thread of its own until Stop(); or on the caller's thread until nothing is left to
  // wait for (tests).
  void Start();
  void RunUntilIdle();

  // Asks the loop to end as soon as no root task is left, and joins its thread. Any thread but
  // its own.
  void Stop();

  // Runs `work` on the loop, in the order of the calls of one thread. Any thread. Work posted
  // after Stop is destroyed without being run.
  void Post(std::move_only_function<void()> work);

  // Starts a root task; the loop does not end before it has. On the loop's thread.
  void Spawn(Task<> root);
  // The same from any thread.
  void PostSpawn(std::move_only_function<Task<>()> make);

  // Resumes `waiter` from the loop, after the callbacks that are running have returned. This is
  // how a coroutine wakes another one: never inline.
  void Soon(std::coroutine_handle<> waiter);

  static Loop* Current();  // null on threads that run no loop
  bool IsCurrent() const { return Current() == this; }
  int index() const { return index_; }
  size_t roots() const { return roots_.load(std::memory_order_relaxed); }  // any thread
  SteadyTime Now() const;  // as of this turn of the loop; milliseconds

  // Seconds between the due time of a one-second tick and its run: what everybody else on this
  // loop waits. Any thread.
  double lag_seconds() const { return lag_.load(std::memory_order_relaxed); }

  uv_loop_s* uv();
  ChunkPool& chunks() { return *chunks_; }

 private:
  struct Handles;
  static detail::Detached RunRoot(Loop* loop, Task<> root);
  void RunPosted();
  bool HasPosted();
  void RunSoon();
  void EndIfIdle();
  void CloseHandles();

  const int index_;
  std::unique_ptr<Handles> handles_;
  std::unique_ptr<ChunkPool> chunks_;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<std::move_only_function<void()>> posted_;  // under mutex_
  bool closed_ = false;                                  // under mutex_
  std::vector<std::coroutine_handle<>> soon_;
  std::atomic<size_t> roots_{0};
  std::atomic<double> lag_{0};
  bool stopping_ = false, closing_ = false;
};

}  // namespace router::net
