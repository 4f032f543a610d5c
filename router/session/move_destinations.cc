#include "router/session/moves.h"

// What is known of the destinations of carried moves, whichever session sends there.
namespace router::session {
namespace {

// How long it is believed what a destination accepted. It is learned anew with each association.
constexpr config::Duration kBelieved = std::chrono::minutes(10);

// Longer than a destination needs that is free.
constexpr config::Duration kPatience = std::chrono::milliseconds(250);

std::string KeyOf(const MoveTarget& target) {
  return target.endpoint.host + ":" + std::to_string(target.endpoint.port) + "\\" +
         target.calling.str() + "\\" + target.called.str();
}

}  // namespace

void Moves::Learn(const MoveTarget& target, const ul::AssociateRq& offered,
                  const ul::AssociateAc& answered) {
  std::lock_guard lock(mutex_);
  destinations_[KeyOf(target)].Learn(offered, answered, clock_.Now());
}

std::optional<ul::ContextAnswer> Moves::AnswerOf(const MoveTarget& target,
                                                 const ul::ProposedContext& context) const {
  std::lock_guard lock(mutex_);
  auto known = destinations_.find(KeyOf(target));
  if (known == destinations_.end()) return std::nullopt;
  return known->second.Answer(context, clock_.Now(), kBelieved);
}

Moves::Awaiting::Awaiting(Moves& moves, const MoveTarget& target)
    : moves_(moves),
      where_(target.endpoint.host, target.endpoint.port),
      since_(moves.clock_.Now()) {
  std::lock_guard lock(moves_.mutex_);
  moves_.awaited_[where_].insert(since_);
}

Moves::Awaiting::~Awaiting() {
  std::lock_guard lock(moves_.mutex_);
  auto waiting = moves_.awaited_.find(where_);
  waiting->second.erase(waiting->second.find(since_));
  if (waiting->second.empty()) moves_.awaited_.erase(waiting);
}

bool Moves::IsAwaited(const MoveTarget& target) const {
  std::lock_guard lock(mutex_);
  auto waiting = awaited_.find({target.endpoint.host, target.endpoint.port});
  return waiting != awaited_.end() && clock_.Now() - *waiting->second.begin() >= kPatience;
}

}  // namespace router::session
