#include "router/session/moves.h"

#include <algorithm>

namespace router::session {
namespace {

// A UID that the data set does not tell (its head cannot be read) excludes nothing by itself.
bool Contains(const std::set<Uid>& uids, const Uid& uid) {
  return uids.empty() || uid.empty() || uids.contains(uid);
}

bool MayBring(const MoveScope& scope, const Moves::Clues& clues) {
  if (!scope.instances.empty() && !scope.instances.contains(clues.instance)) return false;
  return Contains(scope.studies, clues.study) && Contains(scope.series, clues.series);
}

// Some applications (PixelMed) name themselves in place of who asked for the move.
bool NamesOriginator(const AeTitle& originator, const MoveRequest& request) {
  return originator.empty() || originator == request.calling ||
         originator == request.upstream_title;
}

bool AreApart(const std::set<Uid>& some, const std::set<Uid>& others) {
  return !some.empty() && !others.empty() &&
         std::ranges::none_of(some, [&](const Uid& uid) { return others.contains(uid); });
}

bool NeedsHead(const MoveScope& scope) {
  return scope.instances.empty() && !(scope.studies.empty() && scope.series.empty());
}

}  // namespace

bool MoveScope::IsApartFrom(const MoveScope& other) const {
  return AreApart(studies, other.studies) || AreApart(series, other.series) ||
         AreApart(instances, other.instances);
}

bool OpenMove::NamedBy(uint16_t message_id) const {
  return std::ranges::find(message_ids_, message_id) != message_ids_.end();
}

void Moves::Forget() {
  const SteadyTime now = clock_.Now();
  std::erase_if(moves_, [&](const std::shared_ptr<OpenMove>& move) {
    return !move->open_ && now - move->ended_ > move->request.late &&
           move->counts_.begun == move->counts_.answered();
  });
}

bool Moves::IsTold(const MoveRequest& request) const {
  return request.originator == config::MoveOriginator::kYes ||
         (request.originator == config::MoveOriginator::kLearn &&
          names_originator_.contains(request.upstream));
}

std::shared_ptr<OpenMove> Moves::Open(const MoveRequest& request, const AeTitle& title) {
  std::shared_ptr<OpenMove> move(new OpenMove(++last_id_, request, title));
  move->opened_ = clock_.Now();
  moves_.push_back(move);
  return move;
}

bool Moves::AddMessageId(const std::shared_ptr<OpenMove>& move, uint16_t message_id) {
  std::lock_guard lock(mutex_);
  Forget();
  for (const auto& other : moves_)
    if (other->request.upstream == move->request.upstream &&
        other->request.calling == move->request.calling && other->NamedBy(message_id))
      return false;
  move->message_ids_.push_back(message_id);
  return true;
}

std::vector<std::shared_ptr<OpenMove>> Moves::Candidates(const std::string& upstream,
                                                         const AeTitle& title) {
  std::lock_guard lock(mutex_);
  Forget();
  std::vector<std::shared_ptr<OpenMove>> found;
  for (const auto& move : moves_)
    if (move->request.upstream == upstream && move->title == title) found.push_back(move);
  if (std::ranges::any_of(found, &OpenMove::open_))
    std::erase_if(found, [](const auto& move) { return !move->open_; });
  return found;
}

Moves::Attribution Moves::Attribute(const std::string& upstream, const AeTitle& title,
                                    const Clues& clues) {
  std::lock_guard lock(mutex_);
  Forget();
  std::vector<std::shared_ptr<OpenMove>> possible;
  bool any = false, learning = false;
  for (const auto& move : moves_) {
    if (move->request.upstream != upstream || move->title != title) continue;
    any = true;
    // By originator: the title is the one that we used upstream (PS3.7 9.1.1.1.8), the message ID
    // that of our C-MOVE-RQ.
    if (move->request.originator != config::MoveOriginator::kNo) {
      learning |= move->request.originator == config::MoveOriginator::kLearn;
      if (clues.originator_message_id && !move->NamedBy(*clues.originator_message_id)) continue;
      if (!NamesOriginator(clues.originator, move->request)) continue;
    }
    if (MayBring(move->request.scope, clues)) possible.push_back(move);
  }
  if (learning) Learn(upstream, clues, !possible.empty());
  // The identifier has to agree, even where one move alone is left: what upstream sends without
  // being asked must not reach a destination.
  if (!clues.head_read &&
      (possible.size() > 1 || std::ranges::any_of(possible, [](const auto& move) {
         return NeedsHead(move->request.scope);
       })))
    return {nullptr, true, ""};
  // A move that has ended takes what comes late only if no open one may.
  if (possible.size() > 1 && std::ranges::any_of(possible, &OpenMove::open_))
    std::erase_if(possible, [](const auto& move) { return !move->open_; });
  if (possible.size() == 1) return {possible.front(), false, ""};
  if (possible.empty())
    return {nullptr, false,
            any ? "it belongs to none of the moves that are under way" : "no move is under way"};
  return {nullptr, false, "it may belong to several moves: " + std::to_string(possible.size())};
}

// What names nobody after all ends it: the next moves have to be told apart by other means.
void Moves::Learn(const std::string& upstream, const Clues& clues, bool agrees) {
  if (!clues.originator_message_id) {
    names_originator_.erase(upstream);
  } else if (agrees && !clues.originator.empty() && names_originator_.insert(upstream).second) {
    WakeFirst(upstream);
  }
}

void Moves::Begin(const std::shared_ptr<OpenMove>& move) {
  std::lock_guard lock(mutex_);
  ++move->counts_.begun;
}

void Moves::Count(OpenMove& move, SuboperationOutcome outcome, const Uid& instance) {
  MoveCounts& counts = move.counts_;
  const bool failed = outcome == SuboperationOutcome::kFailed;
  if (move.request.count_once) {
    auto before = std::ranges::find(counts.failed_instances, instance);
    const bool had_failed = before != counts.failed_instances.end();
    if (move.arrived_.contains(instance) || (failed && had_failed)) {
      ++counts.again;
      return;
    }
    if (had_failed) {
      counts.failed_instances.erase(before);
      --counts.failed;
      ++counts.again;
    }
  }
  if (failed)
    counts.failed_instances.push_back(instance);
  else
    move.arrived_.insert(instance);
  ++(failed                                     ? counts.failed
     : outcome == SuboperationOutcome::kWarning ? counts.warning
                                                : counts.completed);
}

bool Moves::End(const std::shared_ptr<OpenMove>& move, SuboperationOutcome outcome,
                const Uid& instance) {
  std::lock_guard lock(mutex_);
  Count(*move, outcome, instance);
  move->quiet_since_ = clock_.Now();
  if (!move->open_) {
    ++move->late_;
    WakeFirst(move->request.upstream);
    return true;
  }
  move->request.loop->Post(move->request.on_change);
  return false;
}

MoveCounts Moves::Counts(const std::shared_ptr<OpenMove>& move) const {
  std::lock_guard lock(mutex_);
  return move->counts_;
}

std::set<Uid> Moves::Arrived(const std::shared_ptr<OpenMove>& move) const {
  std::lock_guard lock(mutex_);
  return move->arrived_;
}

MoveCounts Moves::Close(const std::shared_ptr<OpenMove>& move, bool answered,
                        std::set<Uid>* arrived) {
  std::lock_guard lock(mutex_);
  if (std::exchange(move->open_, false)) {
    move->answered_ = answered;
    move->ended_ = move->quiet_since_ = clock_.Now();
    WakeAll();  // others may wait for the same destination
  }
  if (arrived) *arrived = move->arrived_;
  return move->counts_;
}

std::vector<MoveSnapshot> Moves::Describe() {
  std::lock_guard lock(mutex_);
  Forget();
  std::vector<MoveSnapshot> described;
  for (const auto& move : moves_)
    described.push_back({move->id, move->request.upstream, move->request.client.str(),
                         move->request.destination, move->open_ ? "running" : "ended",
                         move->opened_, move->counts_});
  return described;
}

size_t Moves::InProgress() const {
  std::lock_guard lock(mutex_);
  return static_cast<size_t>(
      std::ranges::count_if(moves_, [](const auto& move) { return move->open_; }));
}

size_t Moves::InProgress(const std::string& upstream) const {
  std::lock_guard lock(mutex_);
  return static_cast<size_t>(std::ranges::count_if(
      moves_, [&](const auto& move) { return move->open_ && move->request.upstream == upstream; }));
}

}  // namespace router::session
