#include "router/session/move_legs.h"

#include <algorithm>

namespace router::session {

using association::Association;

Task<> MoveLegs::OpenAll(net::Loop& loop, std::vector<MoveTarget> targets,
                         net::Milliseconds at_most) {
  std::vector<Task<>> all;
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto before = std::span(targets).first(i);
    if (std::ranges::find(before, targets[i]) != before.end()) continue;
    all.push_back(OpenForNegotiation(loop, targets[i], at_most));
  }
  co_await net::All(std::move(all));
}

Task<> MoveLegs::OpenForNegotiation(net::Loop& loop, MoveTarget target, net::Milliseconds at_most) {
  MoveTarget hurried = target;
  hurried.timers.connect = std::min(target.timers.connect, at_most);
  hurried.timers.negotiation = std::min(target.timers.negotiation, at_most);
  hurried.timers.artim = std::min(target.timers.artim, at_most);
  auto leg = co_await For(loop, std::move(hurried), at_most);
  if (!leg)
    log::Warning("destination of a move not reached",
                 {{"destination", target.label}, {"why", leg.error().detail}});
}

Task<Result<MoveLegs::Leg*>> MoveLegs::For(net::Loop& loop, MoveTarget target,
                                           net::Milliseconds slot_wait) {
  auto found = std::ranges::find(legs_, target, &Leg::target);
  if (found != legs_.end() && found->association) {
    // Nobody reads on it between messages: whatever has come is its end.
    const bool alive =
        found->association->IsEstablished() && !found->association->stream().HasInput();
    if (alive) co_return &*found;
    co_await Close(*found, false);
  }
  delivery::Slot slot;
  if (!target.application.empty()) {
    auto taken = co_await TakeSlot(services_.Application(target.application),
                                   delivery::Purpose::kRelay, slot_wait);
    if (!taken) co_return std::unexpected(taken.error());
    slot = std::move(*taken);
  }
  auto rq = ul::OriginateRequest(target.calling, target.called, max_pdu_, offered_);
  auto association =
      co_await Association::Request(loop, target.endpoint, std::move(rq), target.timers);
  if (!target.application.empty()) {
    Result<> called;
    if (!association) called = std::unexpected(association.error());
    NoteCall(services_.Application(target.application), called);
  }
  if (!association) co_return std::unexpected(association.error());
  (*association)->SetSendLimit((*association)->answer().user.max_length.value_or(0), max_pdu_);
  if (found == legs_.end()) {
    legs_.push_back({std::move(target), {}, nullptr, 0});
    found = std::prev(legs_.end());
  }
  found->slot = std::move(slot);
  found->association = std::move(*association);
  found->message_id = 0;
  co_return &*found;
}

Task<> MoveLegs::CloseTo(const MoveTarget& target, bool anyhow) {
  auto found = std::ranges::find(legs_, target, &Leg::target);
  if (found == legs_.end() || !(anyhow || found->slot.IsWanted())) co_return;
  co_await Close(*found, true);
}

Task<> MoveLegs::CloseWanted() {
  for (Leg& leg : legs_)
    if (leg.association && leg.slot.HasWaiters()) co_await Close(leg, true);
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
