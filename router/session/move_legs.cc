#include "router/session/move_legs.h"

#include <algorithm>

#include "router/net/signal.h"

namespace router::session {

using association::Association;

namespace {

constexpr net::Milliseconds kFirstPause{50}, kMostPause{1'000};

}  // namespace

Task<> MoveLegs::OpenForNegotiation(MoveTarget target, net::Milliseconds at_most) {
  const std::string label = target.label;
  auto leg = co_await For(std::move(target), at_most);
  if (!leg)
    log::Warning("destination of a move not reached",
                 {{"destination", label}, {"why", leg.error().detail}});
}

Task<Result<MoveLegs::Leg*>> MoveLegs::For(MoveTarget target, net::Milliseconds at_most) {
  if (interrupted_) co_return std::unexpected(*interrupted_);
  auto found = std::ranges::find(legs_, target, &Leg::target);
  if (found != legs_.end() && found->association) {
    found->waited = net::Milliseconds(0);
    // Nobody reads on it between messages: whatever has come is its end.
    const bool alive =
        found->association->IsEstablished() && !found->association->stream().HasInput();
    if (alive) co_return &*found;
    Drop(*found, false);
  }
  std::shared_ptr<delivery::SlotWait> wait;
  if (!target.application.empty())
    wait = std::make_shared<delivery::SlotWait>(*services_.Application(target.application).home);
  const auto opening = openings_.insert(openings_.end(), Opening{std::move(wait), {}});
  auto opened = co_await Open(found, std::move(target), at_most, *opening);
  openings_.erase(opening);
  co_return opened;
}

Task<Result<MoveLegs::Leg*>> MoveLegs::Open(std::list<Leg>::iterator found, MoveTarget target,
                                            net::Milliseconds at_most, Opening& opening) {
  const SteadyTime began = loop_.Now();
  Moves::Awaiting awaiting(services_.moves, target);
  delivery::Slot slot;
  if (!target.application.empty()) {
    auto taken =
        co_await TakeSlot(services_.Application(target.application), delivery::Purpose::kRelay,
                          std::max(at_most, net::Milliseconds(1)), opening.slot);
    if (!taken) co_return std::unexpected(taken.error());
    slot = std::move(*taken);
  }
  auto association = co_await Call(target, began + at_most, opening);
  if (!association) co_return std::unexpected(association.error());
  if (interrupted_) {
    co_await (*association)->Abort();
    co_return std::unexpected(*interrupted_);
  }
  if (found == legs_.end()) {
    legs_.push_back({std::move(target), {}, nullptr});
    found = std::prev(legs_.end());
  }
  found->slot = std::move(slot);
  found->association = std::move(*association);
  found->message_id = 0;
  found->opened = loop_.Now();
  found->waited = std::chrono::duration_cast<net::Milliseconds>(found->opened - began);
  co_return &*found;
}

void MoveLegs::CloseTo(const MoveTarget& target, bool anyhow) {
  auto found = std::ranges::find(legs_, target, &Leg::target);
  if (found != legs_.end() && (anyhow || found->slot.IsWanted())) Drop(*found, true);
}

// Calls again for as long as the destination says that it has no room now (PS3.8 9.3.4: transient).
Task<Result<std::unique_ptr<Association>>> MoveLegs::Call(MoveTarget target, SteadyTime by,
                                                          Opening& opening) {
  for (net::Milliseconds pause = kFirstPause;; pause = std::min(2 * pause, kMostPause)) {
    const auto left = std::max(net::Milliseconds(1),
                               std::chrono::duration_cast<net::Milliseconds>(by - loop_.Now()));
    association::Timers timers = target.timers;
    timers.connect = std::min(timers.connect, left);
    timers.negotiation = std::min(timers.negotiation, left);
    timers.artim = std::min(timers.artim, left);
    timers.write_stall = std::min(timers.write_stall, answer_within_);
    auto rq = ul::OriginateRequest(target.calling, target.called, max_pdu_, offered_);
    ul::AssociateRq offered = rq;
    ul::AssociateRj rejected{0, 0, 0};
    auto association = co_await Association::Request(loop_, target.endpoint, std::move(rq), timers,
                                                     &rejected, &opening.association);
    if (!target.application.empty()) {
      Result<> called;
      if (!association) called = std::unexpected(association.error());
      NoteCall(services_.Application(target.application), called);
    }
    if (association) {
      (*association)->SetSendLimit((*association)->answer().user.max_length.value_or(0), max_pdu_);
      services_.moves.Learn(target, offered, (*association)->answer());
      co_return std::move(*association);
    }
    const bool no_room = association.error().code == Errc::kRejected && rejected.result == 2;
    if (!no_room || loop_.Now() + pause >= by) co_return std::unexpected(association.error());
    net::Signal never(loop_);
    co_await never.Wait(pause);
    if (interrupted_) co_return std::unexpected(*interrupted_);
  }
}

void MoveLegs::CloseWanted(net::Milliseconds share) {
  for (Leg& leg : legs_) {
    if (!leg.association || loop_.Now() - leg.opened < share) continue;
    if (leg.slot.HasWaiters() || services_.moves.IsAwaited(leg.target)) Drop(leg, true);
  }
}

bool MoveLegs::HasOpen() const {
  return std::ranges::any_of(legs_, [](const Leg& leg) { return leg.association != nullptr; });
}

Task<> MoveLegs::Close(Leg& leg, bool release) {
  if (!leg.association) co_return;
  co_await End(std::move(leg.association), std::move(leg.slot), release);
}

void MoveLegs::Drop(Leg& leg, bool release) {
  if (!leg.association) return;
  ++dropped_;
  loop_.Spawn(EndDropped(std::move(leg.association), std::move(leg.slot), release));
}

Task<> MoveLegs::EndDropped(std::unique_ptr<Association> association, delivery::Slot slot,
                            bool release) {
  co_await End(std::move(association), std::move(slot), release);
  if (--dropped_ == 0) closed_.Notify();
}

Task<> MoveLegs::End(std::unique_ptr<Association> association, delivery::Slot slot, bool release) {
  if (release && association->IsEstablished())
    co_await association->Release();
  else
    co_await association->Abort();
  co_await association->End();
  auto& registry = services_.metrics;
  registry.Get<metrics::Id::kBytes>("upstream", "in")
      .Add(static_cast<double>(association->stream().bytes_read()));
  registry.Get<metrics::Id::kBytes>("upstream", "out")
      .Add(static_cast<double>(association->stream().bytes_written()));
  slot.Release();
}

void MoveLegs::Interrupt(const Error& why) {
  if (!interrupted_) interrupted_ = why;
  for (Opening& opening : openings_) {
    if (opening.slot) opening.slot->CallOff();
    opening.association.Interrupt();
  }
  for (Leg& leg : legs_)
    if (leg.association) leg.association->Interrupt(why);
}

Task<> MoveLegs::CloseAll(bool release) {
  std::vector<Task<>> all;
  for (Leg& leg : legs_) all.push_back(Close(leg, release));
  co_await net::All(std::move(all));
  while (dropped_ > 0) co_await closed_.Wait();
}

std::vector<const MoveLegs::Leg*> MoveLegs::open() const {
  std::vector<const Leg*> open;
  for (const Leg& leg : legs_)
    if (leg.association) open.push_back(&leg);
  return open;
}

}  // namespace router::session
