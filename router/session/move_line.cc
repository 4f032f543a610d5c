#include <algorithm>
#include <map>

#include "router/session/moves.h"

// Who may begin: the line of those who wait for a title of their upstream.
namespace router::session {

Moves::Ticket::Ticket(Moves& moves, const MoveRequest& request) : moves_(moves), request_(request) {
  std::lock_guard lock(moves_.mutex_);
  moves_.lines_[request_.upstream].push_back(this);
}

Moves::Ticket::~Ticket() {
  std::lock_guard lock(moves_.mutex_);
  std::erase(moves_.lines_[request_.upstream], this);
  if (given_) {
    std::erase(moves_.moves_, given_);  // upstream was never asked
    moves_.WakeAll();                   // others may wait for the same destination
  } else {
    moves_.WakeFirst(request_.upstream);
  }
}

Moves::Visit::Visit(Moves& moves, std::string upstream, const AeTitle& title)
    : moves_(moves), at_(std::move(upstream), title) {
  std::lock_guard lock(moves_.mutex_);
  ++moves_.visits_[at_];
}

Moves::Visit::~Visit() {
  std::lock_guard lock(moves_.mutex_);
  if (--moves_.visits_[at_] == 0) moves_.visits_.erase(at_);
  moves_.WakeFirst(at_.first);
}

void Moves::WakeAll() {
  for (const auto& [upstream, line] : lines_) WakeFirst(upstream);
}

// The first in line keeps the time for all.
void Moves::WakeFirst(const std::string& upstream) {
  auto& line = lines_[upstream];
  if (!line.empty()) line.front()->request_.loop->Post(line.front()->request_.on_change);
}

Moves::Opened Moves::TryOpen(Ticket& ticket) {
  std::lock_guard lock(mutex_);
  Forget();
  auto retry = Serve(ticket);
  if (ticket.given_) return {std::exchange(ticket.given_, nullptr), std::nullopt};
  const bool first = lines_[ticket.request_.upstream].front() == &ticket;
  return {nullptr, first ? retry : std::nullopt};
}

// In the order in which they would go if all could: the client that has fewest under way first.
std::vector<Moves::Ticket*> Moves::InTurn(const std::string& upstream) const {
  std::map<std::pair<AeTitle, std::string>, uint32_t> under_way;
  for (const auto& move : moves_)
    if (move->open_ && move->request.upstream == upstream)
      ++under_way[{move->request.client, move->request.client_address}];
  std::multimap<uint32_t, Ticket*> ranked;  // equals stay in the order in which they came
  for (Ticket* ticket : lines_.at(upstream))
    if (!ticket->given_)
      ranked.emplace(under_way[{ticket->request_.client, ticket->request_.client_address}]++,
                     ticket);
  std::vector<Ticket*> in_turn;
  in_turn.reserve(ranked.size());
  for (const auto& [rank, ticket] : ranked) in_turn.push_back(ticket);
  return in_turn;
}

// Gives a title to each for whom there is one. Returns after what time there may be one for
// another, if that is known.
std::optional<config::Duration> Moves::Serve(const Ticket& asking) {
  const std::string& upstream = asking.request_.upstream;
  uint32_t open = 0;
  std::map<std::string, uint32_t> by_target;
  for (const auto& move : moves_) {
    if (!move->open_) continue;
    if (move->request.upstream == upstream) ++open;
    ++by_target[move->request.target.application];
  }
  std::vector<const MoveRequest*> passed_over;
  std::optional<config::Duration> retry;
  for (Ticket* ticket : InTurn(upstream)) {
    const MoveRequest& request = ticket->request_;
    if (request.max_moves != 0 && open >= request.max_moves) break;
    uint32_t& there = by_target[request.target.application];
    if (request.target_limit != 0 && there >= request.target_limit) continue;
    // Nobody who would be in the way of one that waits longer.
    const bool in_the_way = !IsTold(request) && std::ranges::any_of(passed_over, [&](auto* other) {
      return !request.scope.IsApartFrom(other->scope);
    });
    Place place;
    if (!in_the_way) place = FindPlace(request);
    if (!place.title) {
      passed_over.push_back(&request);
      if (place.retry) retry = std::min(retry.value_or(*place.retry), *place.retry);
      continue;
    }
    ++open, ++there;
    ticket->given_ = Open(request, *place.title);
    if (ticket != &asking) request.loop->Post(request.on_change);
  }
  return retry;
}

// A title on which the sub-operations of this move can be told from those of others, of several
// the one with the fewest moves.
Moves::Place Moves::FindPlace(const MoveRequest& request) const {
  const SteadyTime now = clock_.Now();
  const bool told = IsTold(request);
  Place place;
  size_t fewest = SIZE_MAX;
  for (const AeTitle& title : request.titles) {
    size_t open = 0;
    bool taken = false;
    std::optional<config::Duration> unsettled;
    for (const auto& move : moves_) {
      if (move->request.upstream != request.upstream || move->title != title) continue;
      if (move->open_) ++open;
      if (told || request.scope.IsApartFrom(move->request.scope)) continue;
      if (move->open_ || move->counts_.begun > move->counts_.answered()) {
        taken = true;
        break;
      }
      const auto since = std::chrono::duration_cast<config::Duration>(now - move->quiet_since_);
      if (since < SettlesAfter(*move)) {
        const auto left = SettlesAfter(*move) - since + config::Duration(1);
        unsettled = std::max(unsettled.value_or(left), left);
      }
    }
    if (!taken && !unsettled && open < fewest) {
      place.title = &title;
      fewest = open;
    } else if (!taken && unsettled) {
      place.retry = std::min(place.retry.value_or(*unsettled), *unsettled);
    }
  }
  return place;
}

// An upstream that was lost before it had answered may still be sending, as long as it has an
// association on the title.
config::Duration Moves::SettlesAfter(const OpenMove& ended) const {
  if (ended.message_ids_.empty()) return config::Duration(0);  // it was never asked
  const bool may_send = !ended.answered_ && visits_.contains({ended.request.upstream, ended.title});
  return may_send ? std::max(ended.request.settle, ended.request.late) : ended.request.settle;
}

}  // namespace router::session
