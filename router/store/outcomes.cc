#include "router/store/queries.h"
#include "router/store/steps.h"

namespace router::store::steps {
namespace {

constexpr std::initializer_list<State> kInFlight = {State::kSending, State::kVerifying};
constexpr std::initializer_list<State> kOpen = {State::kWaiting, State::kReady, State::kSending,
                                                State::kVerifying, State::kQuarantined};

Row Moved(Row row, State state, Reason reason) {
  row.state = state;
  row.reason = std::move(reason);
  row.owner.clear();
  row.lease_until.reset();
  row.begun = false;
  if (state == State::kVerifying || row.reason.cause == Cause::kOutcomeUnknown)
    row.maybe_there = true;
  return row;
}

// An attempt that ended before anything was sent counts as well.
Row WithAttempt(Row row) {
  if (row.state == State::kSending && !row.begun) ++row.attempts;
  return row;
}

Row Ended(const Row& row, State state, Reason reason) {
  Row ended = Moved(row, state, std::move(reason));
  ended.missing = ended.listed = 0;
  ended.waits_for.reset();
  return ended;
}

}  // namespace

void SettleFound(Transaction& tx, const std::string& application, const Uid& uid) {
  static const std::string kSql = SelectRows(
      "WHERE sop_instance = ? AND application = ? AND +state = 'verifying' AND there_before = 0");
  for (const Row& row : TakeRows(tx.database().Ask(kSql, uid, application)))
    tx.Update(row, Ended(row, State::kDelivered, {}));
}

Result<std::vector<ReadyRow>> Complete(Transaction& tx, RowId id,
                                       const std::optional<Knowledge>& knowledge) {
  Result<Row> before = tx.Require(id, kInFlight);
  if (!before) return std::unexpected(before.error());
  tx.Update(*before, Ended(*before, State::kDelivered, {}));
  if (!knowledge) return std::vector<ReadyRow>{};
  return Exists(tx, before->instance.application, {before->instance.sop_instance}, *knowledge);
}

Result<> Verifying(Transaction& tx, RowId id, const Reason& reason) {
  Result<Row> before = tx.Require(id, {State::kSending});
  if (!before) return std::unexpected(before.error());
  tx.Update(*before, Moved(WithAttempt(*before), State::kVerifying, reason));
  return {};
}

Result<> FailAttempt(Transaction& tx, RowId id, const Reason& reason, WallTime next_attempt_at) {
  Result<Row> before = tx.Require(id, kInFlight);
  if (!before) return std::unexpected(before.error());
  Row after = Moved(WithAttempt(*before), State::kReady, reason);
  after.next_attempt_at = next_attempt_at;
  tx.Update(*before, after);
  return {};
}

Result<> Quarantine(Transaction& tx, RowId id, const Reason& reason, std::optional<State> from) {
  Result<Row> before = from ? tx.Require(id, {*from}) : tx.Require(id, kOpen);
  if (!before) return std::unexpected(before.error());
  tx.Update(*before, Moved(*before, State::kQuarantined, reason));
  return {};
}

Result<> Discard(Transaction& tx, RowId id, const std::string& reason, const std::string& by) {
  Result<Row> before = tx.Require(id, kOpen);
  if (!before) return std::unexpected(before.error());
  tx.Update(*before, Ended(*before, State::kDiscarded, {Cause::kOperator, reason}), by);
  return {};
}

Result<State> Release(Transaction& tx, RowId id, const std::string& reason, const std::string& by,
                      std::optional<State> from) {
  Result<Row> before =
      from ? tx.Require(id, {*from})
           : tx.Require(id, {State::kWaiting, State::kVerifying, State::kQuarantined});
  if (!before) return std::unexpected(before.error());
  Row after = Moved(*before, State::kReady, {Cause::kOperator, reason});
  after.missing = after.listed = 0;
  after.waits_for.reset();
  after.next_attempt_at = tx.now();
  tx.Update(*before, after, by);
  tx.database().Run(
      "UPDATE requirement SET noted = 1 WHERE row = ? AND noted = 0 AND met_at IS NULL", id);
  return after.state;
}

Result<State> Retry(Transaction& tx, RowId id, const std::string& reason, const std::string& by) {
  Result<Row> before = tx.Require(id, {State::kReady, State::kVerifying, State::kQuarantined});
  if (!before) return std::unexpected(before.error());
  Row after = Moved(*before, State::kReady, {Cause::kOperator, reason});
  after.next_attempt_at = tx.now();
  after.not_before.reset();
  if (before->state == State::kQuarantined) {
    after.attempts = 0;
    // As much time as it had at first.
    if (after.deadline) after.deadline = tx.now() + (*after.deadline - after.accepted_at);
    if (after.missing > 0) after.state = State::kWaiting;
  }
  tx.Update(*before, after, by);
  return after.state;
}

std::vector<Row> TakeWarnings(Transaction& tx, const std::string& application, WallTime now,
                              int limit) {
  static const std::string kSql = SelectRows(
      "WHERE application = ? AND state IN ('waiting', 'verifying') AND warned = 0 AND "
      "warn_after IS NOT NULL AND warn_after <= ? ORDER BY warn_after LIMIT ?");
  std::vector<Row> rows = TakeRows(tx.database().Ask(kSql, application, now, limit));
  for (const Row& row : rows)
    tx.database().Run("UPDATE delivery SET warned = 1 WHERE id = ?", row.id);
  return rows;
}

uint16_t ReserveMessageIds(Transaction& tx, const std::string& application, const AeTitle& title,
                           uint16_t count) {
  constexpr int64_t kLast = 65535;
  int64_t first = 1;
  {
    Rows rows = tx.database().Ask("SELECT next FROM message_id WHERE application = ? AND title = ?",
                                  application, title);
    if (rows.Next()) first = rows.Int();
  }
  if (first + count - 1 > kLast) first = 1;
  tx.database().Run(
      "INSERT INTO message_id (application, title, next) VALUES (?, ?, ?) "
      "ON CONFLICT (application, title) DO UPDATE SET next = excluded.next",
      application, title, first + count);
  return static_cast<uint16_t>(first);
}

}  // namespace router::store::steps
