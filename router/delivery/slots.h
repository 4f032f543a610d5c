#pragma once
#include <atomic>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>

#include "router/base/result.h"
#include "router/net/future.h"
#include "router/net/loop.h"
#include "router/net/signal.h"
#include "router/net/stream.h"

namespace router::delivery {

using net::Milliseconds;
using net::Task;

// What an association to the application is for. One slot of `max_associations` is kept for
// kReserved, so that clients cannot lock out what they wait for.
enum class Purpose : uint8_t {
  kRelay,     // a client's own traffic
  kReserved,  // release of held instances, confirmation, questions, probes
};

class Slots;

// The patience of one who waits for a slot: it may end before a slot is free, and costs no place in
// the line until then. Shared by who waits and the line. Serves once.
class SlotWait : public std::enable_shared_from_this<SlotWait> {
 public:
  explicit SlotWait(net::Loop& home) : home_(home) {}  // the application's
  SlotWait(const SlotWait&) = delete;
  SlotWait& operator=(const SlotWait&) = delete;

  // Who waits gets kInterrupted, as does who only comes to wait. Any thread.
  void CallOff();

 private:
  friend class Slots;
  net::Loop& home_;
  bool called_off_ = false;  // these on the home loop
  net::Signal* given_ = nullptr;
};

// The right to one association to an application. Move-only. Whoever has one gives it up after the
// association has ended, on any thread: the way back is posted to the home loop.
class [[nodiscard]] Slot {
 public:
  Slot() = default;
  Slot(Slot&&) noexcept = default;
  Slot& operator=(Slot&& other) noexcept;
  ~Slot() { Release(); }

  explicit operator bool() const { return state_ != nullptr; }
  void Release();

  // Somebody waits who can only go on if this slot is given back: for a relay that is reserved
  // work where there is one slot in all; for reserved work it is anybody. Look at it between
  // messages. Any thread.
  bool IsWanted() const;
  // Anybody waits for an association. For who can give one up without a loss.
  bool HasWaiters() const;

 private:
  friend class Slots;
  struct State {
    Slots* slots;  // outlives every slot: see Slots
    net::Loop* home;
    Purpose purpose;
  };
  explicit Slot(std::unique_ptr<State> state) : state_(std::move(state)) {}
  std::unique_ptr<State> state_;
};

// The associations that we may have to one application at once, in the order of asking. Owned by
// the Destination; on the home loop but for what Slot says. Must not end before every slot is back
// (Destination::Drain waits for that).
class Slots {
 public:
  Slots(net::Loop& home, uint32_t limit);
  ~Slots();
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // On the home loop. A negative `wait` has no end but that of `own`, if there is one. Errors:
  // kLimit (none within `wait`, retryable), kInterrupted (Close, or `own` was called off).
  Task<Result<Slot>> Take(Purpose purpose, Milliseconds wait,
                          std::shared_ptr<SlotWait> own = nullptr);

  // Who waits, and who asks from now on for kRelay, gets kInterrupted.
  void Close();
  // Until no slot is out. One caller.
  Task<> AllBack();
  // Called when somebody begins to wait: what keeps slots that it does not need gives them back.
  void OnWanted(std::function<void()> on_wanted) { on_wanted_ = std::move(on_wanted); }

  void SetLimit(uint32_t limit);
  uint32_t used() const { return used_[0] + used_[1]; }
  uint32_t limit() const { return limit_; }

 private:
  friend class Slot;
  struct Waiter;
  bool MayTake(Purpose purpose) const;
  Slot Give(Purpose purpose);
  void Return(Purpose purpose);
  void ServeWaiters();
  void UpdateWanted();

  net::Loop& home_;
  uint32_t limit_;
  bool closed_ = false;
  uint32_t used_[2] = {0, 0};
  std::list<Waiter*> line_;
  std::function<void()> on_wanted_;
  net::Signal* emptied_ = nullptr;
  std::atomic<bool> relay_wanted_{false}, reserved_wanted_{false};
};

}  // namespace router::delivery
