#include "router/delivery/slots.h"

#include <algorithm>

#include "router/base/log.h"
#include "router/net/signal.h"

namespace router::delivery {

// Lies on the stack of the coroutine that waits.
struct Slots::Waiter {
  Waiter(net::Loop& home, Purpose for_what) : purpose(for_what), given(home) {}
  Purpose purpose;
  net::Signal given;
  Slot slot;  // set before `given` is notified
};

Slot& Slot::operator=(Slot&& other) noexcept {
  Release();
  state_ = std::move(other.state_);
  return *this;
}

void Slot::Release() {
  if (!state_) return;
  net::Loop* home = state_->home;
  auto back = [slots = state_->slots, purpose = state_->purpose] { slots->Return(purpose); };
  state_.reset();
  home->Post(std::move(back));
}

void SlotWait::CallOff() {
  home_.Post([self = shared_from_this()] {
    self->called_off_ = true;
    if (self->given_) self->given_->Notify();
  });
}

bool Slot::IsWanted() const {
  if (!state_) return false;
  const Slots& slots = *state_->slots;
  return state_->purpose == Purpose::kRelay
             ? slots.relay_wanted_.load(std::memory_order_relaxed)
             : slots.reserved_wanted_.load(std::memory_order_relaxed);
}

bool Slot::HasWaiters() const {
  return state_ && state_->slots->reserved_wanted_.load(std::memory_order_relaxed);
}

Slots::Slots(net::Loop& home, uint32_t limit) : home_(home), limit_(std::max(limit, 1u)) {}

Slots::~Slots() {
  if (used() != 0 || !line_.empty()) log::Fatal("association slots ended while they were in use");
}

// Reserved work may use every slot; relays leave one to it, unless there is one in all.
bool Slots::MayTake(Purpose purpose) const {
  if (used() >= limit_) return false;
  if (purpose == Purpose::kReserved) return true;
  return used_[static_cast<size_t>(Purpose::kRelay)] < std::max(limit_ - 1, 1u);
}

Slot Slots::Give(Purpose purpose) {
  ++used_[static_cast<size_t>(purpose)];
  return Slot(std::make_unique<Slot::State>(Slot::State{this, &home_, purpose}));
}

void Slots::Return(Purpose purpose) {
  --used_[static_cast<size_t>(purpose)];
  ServeWaiters();
  if (used() == 0 && emptied_) emptied_->Notify();
}

void Slots::ServeWaiters() {
  for (auto it = line_.begin(); it != line_.end();) {
    Waiter* waiter = *it;
    if (!MayTake(waiter->purpose)) {
      ++it;
      continue;
    }
    it = line_.erase(it);
    waiter->slot = Give(waiter->purpose);
    waiter->given.Notify();
  }
  UpdateWanted();
}

void Slots::UpdateWanted() {
  const bool reserved =
      std::ranges::any_of(line_, [](auto* w) { return w->purpose == Purpose::kReserved; });
  relay_wanted_.store(reserved && limit_ == 1, std::memory_order_relaxed);
  reserved_wanted_.store(!line_.empty(), std::memory_order_relaxed);
  if (!line_.empty() && on_wanted_) on_wanted_();
}

namespace {

std::unexpected<Error> NoLongerWaited() {
  return Fail(Errc::kInterrupted, Blame::kInternal, "an association is no longer waited for", true);
}

}  // namespace

Task<Result<Slot>> Slots::Take(Purpose purpose, Milliseconds wait, std::shared_ptr<SlotWait> own) {
  if (closed_ && purpose == Purpose::kRelay) {
    co_return Fail(Errc::kInterrupted, Blame::kInternal, "no further associations: draining", true);
  }
  if (own && own->called_off_) co_return NoLongerWaited();
  // Nobody in line could have taken it, so nobody is passed over.
  if (MayTake(purpose)) co_return Give(purpose);

  Waiter waiter(home_, purpose);
  line_.push_back(&waiter);
  UpdateWanted();
  if (own) own->given_ = &waiter.given;
  co_await waiter.given.Wait(wait);
  if (own) own->given_ = nullptr;
  if (waiter.slot) co_return std::move(waiter.slot);
  line_.remove(&waiter);
  UpdateWanted();
  if (own && own->called_off_) co_return NoLongerWaited();
  if (closed_) {
    co_return Fail(Errc::kInterrupted, Blame::kInternal, "no further associations: draining", true);
  }
  co_return Fail(Errc::kLimit, Blame::kInternal,
                 "all " + std::to_string(limit_) + " associations to the application are in use",
                 true);
}

void Slots::SetLimit(uint32_t limit) {
  limit_ = std::max(limit, 1u);
  ServeWaiters();
}

void Slots::Close() {
  closed_ = true;
  for (Waiter* waiter : line_) waiter->given.Notify();
}

Task<> Slots::AllBack() {
  net::Signal emptied(home_);
  emptied_ = &emptied;
  while (used() != 0) co_await emptied.Wait();
  emptied_ = nullptr;
}

}  // namespace router::delivery
