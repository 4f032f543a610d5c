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

bool NeedsHead(const MoveScope& scope) {
  return scope.instances.empty() && !(scope.studies.empty() && scope.series.empty());
}

}  // namespace

Moves::Ticket::Ticket(Moves& moves, std::string upstream, net::Loop* loop,
                      std::function<void()> wake)
    : moves_(moves), upstream_(std::move(upstream)), loop_(loop), wake_(std::move(wake)) {
  std::lock_guard lock(moves_.mutex_);
  moves_.lines_[upstream_].push_back(this);
}

Moves::Ticket::~Ticket() {
  std::lock_guard lock(moves_.mutex_);
  std::erase(moves_.lines_[upstream_], this);
  moves_.WakeFirst(upstream_);
}

void Moves::WakeFirst(const std::string& upstream) {
  auto& line = lines_[upstream];
  if (!line.empty()) line.front()->loop_->Post(line.front()->wake_);
}

void Moves::Forget() {
  const SteadyTime now = clock_.Now();
  std::erase_if(moves_, [&](const std::shared_ptr<OpenMove>& move) {
    return !move->open_ && now - move->ended_ > move->request.late &&
           move->counts_.begun == move->counts_.answered();
  });
}

Moves::Opened Moves::TryOpen(Ticket& ticket, const MoveRequest& request) {
  std::lock_guard lock(mutex_);
  Forget();
  auto& line = lines_[ticket.upstream_];
  if (line.empty() || line.front() != &ticket) return {};
  const SteadyTime now = clock_.Now();
  const bool told = request.originator == config::MoveOriginator::kYes ||
                    (request.originator == config::MoveOriginator::kLearn &&
                     names_originator_.contains(request.upstream));
  std::optional<config::Duration> retry;
  const AeTitle* chosen = nullptr;
  size_t fewest = SIZE_MAX;
  for (const AeTitle& title : request.titles) {
    size_t open = 0;
    std::optional<config::Duration> until_settled;
    for (const auto& move : moves_) {
      if (move->request.upstream != request.upstream || move->title != title) continue;
      if (move->open_) {
        ++open;
      } else if (now - move->ended_ < request.settle) {
        auto left =
            std::chrono::duration_cast<config::Duration>(request.settle - (now - move->ended_)) +
            config::Duration(1);
        until_settled = std::max(until_settled.value_or(left), left);
      }
    }
    if (told ? open < fewest : open == 0 && !until_settled) {
      chosen = &title;
      fewest = open;
      if (open == 0) break;
    } else if (open == 0 && until_settled) {
      retry = std::min(retry.value_or(*until_settled), *until_settled);
    }
  }
  if (!chosen) return {nullptr, retry};
  std::shared_ptr<OpenMove> move(new OpenMove(++last_id_, request, *chosen));
  move->opened_ = now;
  moves_.push_back(move);
  return {std::move(move), std::nullopt};
}

void Moves::SetMessageId(const std::shared_ptr<OpenMove>& move, uint16_t message_id) {
  std::lock_guard lock(mutex_);
  move->message_id_ = message_id;
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
  bool any = false;
  for (const auto& move : moves_) {
    if (move->request.upstream != upstream || move->title != title) continue;
    any = true;
    // By originator: the title is the one that we used upstream (PS3.7 9.1.1.1.8), the message ID
    // that of our C-MOVE-RQ.
    if (clues.originator_message_id) {
      if (*clues.originator_message_id != move->message_id_) continue;
      if (!NamesOriginator(clues.originator, move->request)) continue;
    }
    if (MayBring(move->request.scope, clues)) possible.push_back(move);
  }
  if (clues.originator_message_id && !clues.originator.empty() && !possible.empty())
    if (names_originator_.insert(upstream).second) WakeFirst(upstream);
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

void Moves::Begin(const std::shared_ptr<OpenMove>& move) {
  std::lock_guard lock(mutex_);
  ++move->counts_.begun;
}

bool Moves::End(const std::shared_ptr<OpenMove>& move, SuboperationOutcome outcome,
                const Uid& instance) {
  std::lock_guard lock(mutex_);
  switch (outcome) {
    case SuboperationOutcome::kCompleted:
      ++move->counts_.completed;
      break;
    case SuboperationOutcome::kWarning:
      ++move->counts_.warning;
      break;
    case SuboperationOutcome::kFailed:
      ++move->counts_.failed;
      move->counts_.failed_instances.push_back(instance);
      break;
  }
  if (!move->open_) {
    ++move->late_;
    return true;
  }
  move->request.loop->Post(move->request.on_change);
  return false;
}

MoveCounts Moves::Counts(const std::shared_ptr<OpenMove>& move) const {
  std::lock_guard lock(mutex_);
  return move->counts_;
}

void Moves::Close(const std::shared_ptr<OpenMove>& move) {
  std::lock_guard lock(mutex_);
  if (!move->open_) return;
  move->open_ = false;
  move->ended_ = clock_.Now();
  WakeFirst(move->request.upstream);
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
