#include "router/session/move_legs.h"

#include <algorithm>

#include "router/net/signal.h"

namespace router::session {

using association::Association;

namespace {

constexpr net::Milliseconds kFirstPause{50}, kMostPause{1'000};

}  // namespace

Task<> MoveLegs::OpenForNegotiation(net::Loop& loop, MoveTarget target, net::Milliseconds at_most) {
  const std::string label = target.label;
  auto leg = co_await For(loop, std::move(target), at_most);
  if (!leg)
    log::Warning("destination of a move not reached",
                 {{"destination", label}, {"why", leg.error().detail}});
}

Task<Result<MoveLegs::Leg*>> MoveLegs::For(net::Loop& loop, MoveTarget target,
                                           net::Milliseconds at_most) {
  auto found = std::ranges::find(legs_, target, &Leg::target);
  if (found != legs_.end() && found->association) {
    found->waited = net::Milliseconds(0);
    // Nobody reads on it between messages: whatever has come is its end.
    const bool alive =
        found->association->IsEstablished() && !found->association->stream().HasInput();
    if (alive) co_return &*found;
    co_await Close(*found, false);
  }
  const SteadyTime began = loop.Now();
  Moves::Awaiting awaiting(services_.moves, target);
  delivery::Slot slot;
  if (!target.application.empty()) {
    auto taken = co_await TakeSlot(services_.Application(target.application),
                                   delivery::Purpose::kRelay, at_most);
    if (!taken) co_return std::unexpected(taken.error());
    slot = std::move(*taken);
  }
  auto association = co_await Call(loop, target, began + at_most);
  if (!association) co_return std::unexpected(association.error());
  if (found == legs_.end()) {
    legs_.push_back({std::move(target), {}, nullptr});
    found = std::prev(legs_.end());
  }
  found->slot = std::move(slot);
  found->association = std::move(*association);
  found->message_id = 0;
  found->opened = loop.Now();
  found->waited = std::chrono::duration_cast<net::Milliseconds>(found->opened - began);
  co_return &*found;
}

Task<> MoveLegs::CloseTo(const MoveTarget& target, bool anyhow) {
  auto found = std::ranges::find(legs_, target, &Leg::target);
  if (found == legs_.end() || !(anyhow || found->slot.IsWanted())) co_return;
  co_await Close(*found, true);
}

// Calls again for as long as the destination says that it has no room now (PS3.8 9.3.4: transient).
Task<Result<std::unique_ptr<Association>>> MoveLegs::Call(net::Loop& loop, MoveTarget target,
                                                          SteadyTime by) {
  for (net::Milliseconds pause = kFirstPause;; pause = std::min(2 * pause, kMostPause)) {
    const auto left = std::max(net::Milliseconds(1),
                               std::chrono::duration_cast<net::Milliseconds>(by - loop.Now()));
    association::Timers timers = target.timers;
    timers.connect = std::min(timers.connect, left);
    timers.negotiation = std::min(timers.negotiation, left);
    timers.artim = std::min(timers.artim, left);
    auto rq = ul::OriginateRequest(target.calling, target.called, max_pdu_, offered_);
    ul::AssociateRq offered = rq;
    ul::AssociateRj rejected{0, 0, 0};
    auto association =
        co_await Association::Request(loop, target.endpoint, std::move(rq), timers, &rejected);
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
    if (!no_room || interrupted_ || loop.Now() + pause >= by)
      co_return std::unexpected(association.error());
    net::Signal never(loop);
    co_await never.Wait(pause);
  }
}

Task<> MoveLegs::CloseWanted(net::Milliseconds share) {
  for (Leg& leg : legs_) {
    if (!leg.association || leg.association->loop().Now() - leg.opened < share) continue;
    if (leg.slot.HasWaiters() || services_.moves.IsAwaited(leg.target)) co_await Close(leg, true);
  }
}

bool MoveLegs::HasOpen() const {
  return std::ranges::any_of(legs_, [](const Leg& leg) { return leg.association != nullptr; });
}

Task<> MoveLegs::Close(Leg& leg, bool release) {
  if (!leg.association) co_return;
  std::unique_ptr<Association> association = std::move(leg.association);
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
  leg.slot.Release();
}

void MoveLegs::Interrupt(const Error& why) {
  interrupted_ = true;
  for (Leg& leg : legs_)
    if (leg.association) leg.association->Interrupt(why);
}

Task<> MoveLegs::CloseAll(bool release) {
  std::vector<Task<>> all;
  for (Leg& leg : legs_) all.push_back(Close(leg, release));
  co_await net::All(std::move(all));
}

std::vector<const MoveLegs::Leg*> MoveLegs::open() const {
  std::vector<const Leg*> open;
  for (const Leg& leg : legs_)
    if (leg.association) open.push_back(&leg);
  return open;
}

}  // namespace router::session
