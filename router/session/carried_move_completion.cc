#include <algorithm>

#include "router/session/carried_move.h"

// After the last sub-operation: was that all? Partial C-MOVEs are a known fault of VMSDBD.
namespace router::session {
namespace {

uint32_t Claimed(const dimse::Suboperations& counts) {
  return counts.completed.value_or(0) + counts.warning.value_or(0) + counts.failed.value_or(0);
}

}  // namespace

// Only what upstream itself has ended, and nobody has called off.
bool CarriedMove::MayComplete() const {
  if (!asked_.count_once || !answered_ || IsCalledOff()) return false;
  const uint16_t status = upstream_final_->status;
  if (status == dimse::status::kMoveDestinationUnknown ||
      status == dimse::status::kIdentifierMismatch)
    return false;
  return dimse::ClassOf(dimse::Command::kCMoveRsp, status) != dimse::StatusClass::kCancel;
}

// Lists what there is and asks for what is missing, complete_moves times at most.
Task<> CarriedMove::Complete() {
  const MoveFinal first = *upstream_final_;
  std::set<Listed> listed;
  if (expected_ && *expected_) listed = **expected_;
  bool known = co_await List(&listed);
  std::set<Listed> missing;
  if (known) missing = Missing(listed);
  const size_t missed = missing.size();
  for (uint32_t round = 0; !missing.empty() && round < session_.application_.complete_moves;
       ++round) {
    log::Warning("move incomplete: what is missing is asked for again",
                 {{"application", session_.application_.name},
                  {"destination", asked_.destination},
                  {"listed", listed.size()},
                  {"missing", missing.size()}});
    bool asked = co_await AskAgain(missing);
    if (asked) co_await List(&listed);
    missing = Missing(listed);
    if (!asked) break;
  }
  const char* outcome = missed == 0 ? "whole" : missing.empty() ? "completed" : "incomplete";
  session_.services_.metrics
      .Get<metrics::Id::kMoveCompletions>(session_.application_.name, known ? outcome : "unknown")
      .Add();
  if (!known && IsCalledOff()) {
    remaining_.reset();
    upstream_final_ = CalledOff(first);
  }
  if (!known) co_return;
  upstream_final_ = Completed(first, missing, missed);
  remaining_ = ClampedCount(static_cast<uint32_t>(missing.size()));
}

// What upstream lists, beside what it has listed before: one answer proves nothing (facts: counts
// fluctuate). False: it is not known.
Task<bool> CarriedMove::List(std::set<Listed>* listed) {
  if (IsCalledOff()) co_return false;
  auto keys = dataset::Identifier::Decode(identifier_, identifier_syntax_);
  Result<std::set<Listed>> now = std::unexpected(keys ? Error{} : keys.error());
  if (keys) {
    question_ = NewQuestion(session_.application_.wait_for);
    now = co_await ListInstances(question_, std::move(*keys));
    question_ = nullptr;
  }
  if (!now) {
    log::Warning("it is not known whether a move was complete",
                 {{"application", session_.application_.name}, {"why", now.error().detail}});
    co_return false;
  }
  listed->merge(*now);
  co_return !listed->empty();
}

// Neither arrived nor failed at the destination: that has refused it for good.
std::set<Listed> CarriedMove::Missing(const std::set<Listed>& listed) const {
  Moves& moves = session_.services_.moves;
  const std::set<Uid> arrived = moves.Arrived(move_);
  const std::vector<Uid> failed = moves.Counts(move_).failed_instances;
  std::set<Listed> missing;
  for (const Listed& one : listed)
    if (!arrived.contains(one.instance) && std::ranges::find(failed, one.instance) == failed.end())
      missing.insert(one);
  return missing;
}

// False: no more may be asked for.
Task<bool> CarriedMove::AskAgain(const std::set<Listed>& missing) {
  auto keys = dataset::Identifier::Decode(identifier_, identifier_syntax_);
  if (!keys) co_return false;
  std::vector<dataset::Identifier> identifiers = MovesOf(missing, *keys);
  again_ = true;
  remaining_ = ClampedCount(static_cast<uint32_t>(missing.size()));
  for (const dataset::Identifier& identifier : identifiers) {
    auto encoded = identifier.Encode(identifier_syntax_);
    if (IsCalledOff() || !encoded) co_return false;
    answered_before_ = session_.services_.moves.Counts(move_).answered();
    message_id_ = 0;
    answered_ = cancel_sent_ = false;
    upstream_final_.reset();
    Buffer bytes = std::move(*encoded);
    auto leg = co_await AwaitLeg();
    if (!leg) co_return false;
    Result<ClientSession::MoveLeg> upstream = std::move(*leg);
    bool asked = co_await AskUpstream(std::move(upstream), std::move(bytes));
    if (!asked) co_return false;
    co_await AwaitEnd();
    if (!answered_) co_return false;
  }
  co_return true;
}

// As if upstream had counted all that it lists. What it counted at first and does not list has
// failed too.
MoveFinal CarriedMove::Completed(const MoveFinal& first, const std::set<Listed>& missing,
                                 size_t missed) const {
  const MoveCounts ours = session_.services_.moves.Counts(move_);
  const uint32_t all =
      ours.completed + ours.warning + ours.failed + static_cast<uint32_t>(missing.size());
  MoveFinal final;
  final.counts.completed = ClampedCount(std::max(all, Claimed(first.counts)));
  if (!missing.empty() && abandoned_) {
    final.status = dimse::status::kUnableToPerformSuboperations;
  } else if (!missing.empty() && IsCalledOff()) {
    // What was still to be asked for has not failed: it remains (PS3.4 C.4.2.1.6).
    return CalledOff({});
  }
  for (const Listed& one : missing) final.failed.push_back(one.instance);
  final.comment = first.comment;
  if (!missing.empty())
    final.comment = std::to_string(missing.size()) + " instances are listed and did not come";
  else if (missed > 0)
    final.comment = std::to_string(missed) + " instances came when they were asked for again";
  return final;
}

// In place of upstream's own.
MoveFinal CarriedMove::CalledOff(MoveFinal first) const {
  first.status =
      abandoned_ ? dimse::status::kUnableToPerformSuboperations : dimse::status::kCancelled;
  first.comment = abandoned_why_;
  return first;
}

std::shared_ptr<MoveQuestion> CarriedMove::NewQuestion(Milliseconds wait) const {
  return std::make_shared<MoveQuestion>(session_.services_, loop(), session_.application_,
                                        asked_.calling, session_.called_as_,
                                        session_.config_->limits.max_pdu, wait);
}

// ---- while it goes on

// Nobody waits for it, and it waits for nothing: if it is not known in time, it is not known.
void CarriedMove::Forecast() {
  auto keys = dataset::Identifier::Decode(identifier_, identifier_syntax_);
  if (!keys) return;
  auto expected = std::make_shared<Listing>();
  auto ask = [](std::shared_ptr<MoveQuestion> question, dataset::Identifier what,
                std::shared_ptr<Listing> listing) -> Task<> {
    auto listed = co_await ListInstances(std::move(question), std::move(what));
    if (listed) *listing = std::move(*listed);
  };
  forecast_ = NewQuestion(Milliseconds(0));
  expected_ = expected;
  loop().Spawn(ask(forecast_, std::move(*keys), std::move(expected)));
}

// Of what upstream lists; else what it said last. Never 0: that would be the end.
uint16_t CarriedMove::Remaining(const MoveCounts& ours) const {
  if (!expected_ || !*expected_) return std::max<uint16_t>(1, remaining_.value_or(1));
  const size_t done = ours.completed + ours.failed + ours.warning, all = (*expected_)->size();
  return ClampedCount(static_cast<uint32_t>(all > done ? all - done : 1));
}

}  // namespace router::session
