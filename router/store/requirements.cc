#include "router/store/queries.h"
#include "router/store/steps.h"

namespace router::store::steps {
namespace {

void Write(Transaction& tx, const Row& row, const Requirement& one,
           std::optional<WallTime> met_at) {
  tx.database().Run(
      "INSERT INTO requirement (row, uid, application, kind, level, noted, series, study, site, "
      "met_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (row, uid) DO UPDATE SET "
      "noted = MIN(noted, excluded.noted), met_at = excluded.met_at",
      row.id, one.uid, row.instance.application, static_cast<int>(one.kind),
      static_cast<int>(one.level), one.strength == Strength::kNoted ? 1 : 0, one.series, one.study,
      one.site, met_at);
}

}  // namespace

void AddRequirements(Transaction& tx, const Row& row, const std::vector<Requirement>& all) {
  const std::string& application = row.instance.application;
  for (const Requirement& one : all) {
    bool required = one.strength == Strength::kRequired;
    bool sent = row.state == State::kVerifying;
    bool met = required && (sent || KnownHow(tx.database(), application, one.uid, tx.now()));
    Write(tx, row, one, met ? std::optional(tx.now()) : std::nullopt);
    if (required && !met && row.state == State::kWaiting) tx.Want(application, one, tx.now());
  }
}

Result<State> Relax(Transaction& tx, RowId id, const std::vector<Uid>& uids, const Reason& reason) {
  Result<Row> before = tx.Require(id, {State::kWaiting, State::kQuarantined});
  if (!before) return std::unexpected(before.error());
  for (const Uid& uid : uids) {
    bool relaxed = tx.database().Run(
                       "UPDATE requirement SET noted = 1 WHERE row = ? AND uid = ? AND "
                       "noted = 0 AND met_at IS NULL",
                       id, uid) > 0;
    if (relaxed && before->state == State::kWaiting) tx.Unwant(id, uid);
  }
  Row after = *before;
  tx.Recount(after);
  if (after.missing == 0 && after.state == State::kWaiting) {
    after.state = State::kReady;
    after.reason = reason;
    after.next_attempt_at = std::max(after.next_attempt_at, tx.now());
  }
  tx.Update(*before, after);
  return after.state;
}

Result<State> BackToWaiting(Transaction& tx, RowId id, const Reason& reason,
                            const std::vector<Requirement>& unmet, WallTime retry_at) {
  Result<Row> before = tx.Require(id, {State::kReady, State::kSending, State::kVerifying});
  if (!before) return std::unexpected(before.error());
  Database& database = tx.database();
  if (unmet.empty()) {
    database.Run(
        "DELETE FROM existence WHERE (application, uid) IN "
        "(SELECT application, uid FROM requirement WHERE row = ? AND noted = 0)",
        id);
    database.Run("UPDATE requirement SET met_at = NULL WHERE row = ? AND noted = 0", id);
  }
  for (const Requirement& one : unmet) {
    database.Run("DELETE FROM existence WHERE application = ? AND uid = ?",
                 before->instance.application, one.uid);
    Requirement holds = one;
    holds.strength = Strength::kRequired;
    Write(tx, *before, holds, std::nullopt);
  }
  Row after = *before;
  tx.Recount(after);
  after.state = after.missing > 0 ? State::kWaiting : State::kReady;
  after.reason = reason;
  after.next_attempt_at = retry_at;
  after.owner.clear();
  after.lease_until.reset();
  after.begun = false;
  tx.AskFrom(retry_at);
  tx.Update(*before, after);
  tx.AskFrom(std::nullopt);
  return after.state;
}

}  // namespace router::store::steps
