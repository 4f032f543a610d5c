#include "router/store/gauges.h"

#include "router/store/queries.h"

namespace router::store {

std::string HeldReason(Cause cause, std::optional<Kind> waits_for) {
  if (cause == Cause::kNotYet) return std::string(NameOf(cause));
  return waits_for ? std::string(NameOf(*waits_for)) : "none";
}

std::optional<WallTime> OldestHeld(Database& database, const std::string& application, Kind kind) {
  Rows rows = database.Ask(
      "SELECT MIN(accepted_at) FROM delivery "
      "WHERE application = ? AND kind = ? AND state = 'waiting'",
      application, static_cast<int>(kind));
  if (!rows.Next()) return std::nullopt;
  return rows.OptionalTime();
}

Gauges CountAll(Database& database) {
  Gauges gauges;
  Rows rows = database.Ask(
      "SELECT application, kind, state, cause, waits_for, COUNT(*), SUM(size) FROM delivery "
      "WHERE state IN ('waiting', 'ready', 'sending', 'verifying', 'quarantined') "
      "GROUP BY application, kind, state, cause, waits_for");
  while (rows.Next()) {
    std::string application = rows.Text();
    Kind kind = static_cast<Kind>(rows.Int());
    State state = StateNamed(rows.Text()).value_or(State::kQuarantined);
    std::string cause = rows.Text();
    std::optional<Kind> waits_for;
    if (std::optional<int64_t> number = rows.OptionalInt()) waits_for = static_cast<Kind>(*number);
    int64_t count = rows.Int(), bytes = rows.Int();
    if (state == State::kWaiting) {
      Cause why = CauseNamed(cause).value_or(Cause::kNone);
      gauges.held[{application, kind, HeldReason(why, waits_for)}] += count;
      if (std::optional<WallTime> oldest = OldestHeld(database, application, kind))
        gauges.oldest_held[{application, kind}] = *oldest;
    } else if (state == State::kQuarantined) {
      gauges.quarantined[{application, cause}] += count;
    } else {
      gauges.queue[application].instances += count;
      gauges.queue[application].bytes += bytes;
    }
  }
  Rows files = database.Ask("SELECT COUNT(*), IFNULL(SUM(size), 0) FROM file");
  if (files.Next()) {
    gauges.spool_files = files.Int();
    gauges.spool_bytes = files.Int();
  }
  Rows kept = database.Ask("SELECT IFNULL(SUM(size), 0) FROM file WHERE kept_until IS NOT NULL");
  if (kept.Next()) gauges.kept_bytes = kept.Int();
  Rows spare = database.Ask(
      "SELECT IFNULL(SUM(size), 0) FROM file WHERE kept_until IS NOT NULL AND promised_until = 0");
  if (spare.Next()) gauges.spare_bytes = spare.Int();
  Rows owed = database.Ask(
      "SELECT application, state, COUNT(*) FROM commitment WHERE finished_at IS NULL "
      "GROUP BY application, state");
  while (owed.Next()) {
    std::string application = owed.Text(), state = owed.Text();
    gauges.commitments[{application, state}] = owed.Int();
  }
  return gauges;
}

}  // namespace router::store
