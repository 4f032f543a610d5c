#include "router/net/loop.h"

#include <uv.h>

#include <algorithm>
#include <csignal>

#include "router/net/chunk.h"

namespace router::net {
namespace {

thread_local Loop* current_loop = nullptr;
constexpr uint64_t kTickMilliseconds = 1000;

template <class H>
uv_handle_t* AsHandle(H* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

}  // namespace

struct Loop::Handles {
  uv_loop_t loop;
  uv_async_t wake;  // posted work
  uv_idle_t soon;   // running only while something is due this turn
  uv_timer_t tick;  // measures the lag; does not keep the loop alive
  uint64_t tick_due = 0;
};

Loop::Loop(int index)
    : index_(index), handles_(std::make_unique<Handles>()), chunks_(std::make_unique<ChunkPool>()) {
  // libuv writes without MSG_NOSIGNAL: a peer that is gone must be an error, not our end.
  std::signal(SIGPIPE, SIG_IGN);
  if (uv_loop_init(&handles_->loop) != 0 ||
      uv_async_init(&handles_->loop, &handles_->wake,
                    [](uv_async_t* h) { static_cast<Loop*>(h->data)->RunPosted(); }) != 0)
    log::Fatal("an event loop cannot be made");
  uv_idle_init(&handles_->loop, &handles_->soon);
  uv_timer_init(&handles_->loop, &handles_->tick);
  handles_->wake.data = handles_->soon.data = handles_->tick.data = this;
  uv_timer_start(
      &handles_->tick,
      [](uv_timer_t* h) {
        auto* self = static_cast<Loop*>(h->data);
        uint64_t now = uv_hrtime() / 1'000'000, due = self->handles_->tick_due;
        // Both ends by the loop's own clock: one that ran ahead would keep an old lag on show.
        if (due != 0)
          self->lag_.store(static_cast<double>(std::max(now, due) - due) / 1000,
                           std::memory_order_relaxed);
        self->handles_->tick_due = uv_now(h->loop) + kTickMilliseconds;
      },
      kTickMilliseconds, kTickMilliseconds);
  uv_unref(AsHandle(&handles_->tick));
}

Loop::~Loop() {
  if (thread_.joinable()) Stop();
  if (!closing_) {
    CloseHandles();
    uv_run(&handles_->loop, UV_RUN_DEFAULT);
  }
  if (uv_loop_close(&handles_->loop) != 0) log::Fatal("an event loop ended with open handles");
}

Loop* Loop::Current() { return current_loop; }
uv_loop_s* Loop::uv() { return &handles_->loop; }
SteadyTime Loop::Now() const {
  return SteadyTime(std::chrono::milliseconds(uv_now(&handles_->loop)));
}

void Loop::Start() {
  thread_ = std::thread([this] {
    current_loop = this;
    uv_run(&handles_->loop, UV_RUN_DEFAULT);
    current_loop = nullptr;
  });
}

void Loop::RunUntilIdle() {
  current_loop = this;
  uv_unref(AsHandle(&handles_->wake));
  do {
    uv_update_time(&handles_->loop);
    RunPosted();  // what was posted while nothing else kept the loop alive
    uv_run(&handles_->loop, UV_RUN_DEFAULT);
    // Work of other threads may still be on its way while a root waits for it.
    if (roots_ > 0)
      uv_ref(AsHandle(&handles_->wake)), uv_run(&handles_->loop, UV_RUN_ONCE),
          uv_unref(AsHandle(&handles_->wake));
  } while (roots_ > 0 || uv_loop_alive(&handles_->loop) || HasPosted());
  uv_ref(AsHandle(&handles_->wake));
  current_loop = nullptr;
}

void Loop::Stop() {
  if (IsCurrent()) log::Fatal("a loop cannot join itself");
  Post([this] {
    stopping_ = true;
    EndIfIdle();
  });
  if (thread_.joinable()) thread_.join();
}

void Loop::EndIfIdle() {
  if (stopping_ && !closing_ && roots_ == 0) CloseHandles();
}

void Loop::CloseHandles() {
  closing_ = true;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  uv_close(AsHandle(&handles_->wake), nullptr);
  uv_close(AsHandle(&handles_->soon), nullptr);
  uv_close(AsHandle(&handles_->tick), nullptr);
}

void Loop::Post(std::move_only_function<void()> work) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  posted_.push_back(std::move(work));
  if (posted_.size() == 1) uv_async_send(&handles_->wake);
}

bool Loop::HasPosted() {
  std::lock_guard lock(mutex_);
  return !posted_.empty();
}

void Loop::RunPosted() {
  std::vector<std::move_only_function<void()>> due;
  {
    std::lock_guard lock(mutex_);
    due.swap(posted_);
  }
  for (auto& work : due) {
    if (closing_) return;  // it came after Stop
    work();
  }
}

void Loop::Soon(std::coroutine_handle<> waiter) {
  soon_.push_back(waiter);
  if (soon_.size() == 1)
    uv_idle_start(&handles_->soon, [](uv_idle_t* h) { static_cast<Loop*>(h->data)->RunSoon(); });
}

void Loop::RunSoon() {
  std::vector<std::coroutine_handle<>> due;
  due.swap(soon_);
  uv_idle_stop(&handles_->soon);
  for (std::coroutine_handle<> waiter : due) waiter.resume();
}

detail::Detached Loop::RunRoot(Loop* loop, Task<> root) {
  {
    Task<> running = std::move(root);
    co_await running;
  }
  --loop->roots_;
  loop->EndIfIdle();
}

void Loop::Spawn(Task<> root) {
  ++roots_;
  RunRoot(this, std::move(root));
}

void Loop::PostSpawn(std::move_only_function<Task<>()> make) {
  Post([this, make = std::move(make)]() mutable {
    // The maker outlives the task: a coroutine may refer to what it was made from.
    Spawn([](std::move_only_function<Task<>()> maker) -> Task<> {
      Task<> task = maker();
      co_await task;
    }(std::move(make)));
  });
}

}  // namespace router::net
