#include <set>

#include "router/store/queries.h"
#include "router/store/steps.h"

namespace router::store::steps {
namespace {

struct Place {
  int64_t kind = -1, place = 0;
  std::string series;
};

// Rows whose time has come rest no longer: only the others are looked at below.
void WakeRested(Transaction& tx, const std::string& application) {
  {
    Rows any = tx.database().Ask(
        "SELECT 1 FROM delivery WHERE application = ? AND state = 'ready' AND rests = 1 "
        "AND next_attempt_at <= ? LIMIT 1",
        application, tx.now());
    if (!any.Next()) return;
  }
  tx.database().Run(
      "UPDATE delivery SET rests = 0 WHERE application = ? AND state = 'ready' AND rests = 1 "
      "AND next_attempt_at <= ?",
      application, tx.now());
}

// The next series (or lone row) of which something is due, in the order of Claim.
std::optional<Place> NextPlace(Database& database, const std::string& application,
                               const Place& after) {
  Rows rows = database.Ask(
      "SELECT kind, place, series FROM delivery WHERE application = ? AND state = 'ready' "
      "AND rests = 0 AND (kind, place) > (?, ?) ORDER BY kind, place LIMIT 1",
      application, after.kind, after.place);
  if (!rows.Next()) return std::nullopt;
  Place next;
  next.kind = rows.Int();
  next.place = rows.Int();
  next.series = rows.Text();
  return next;
}

// A series goes over one association at a time, and an instance whose outcome is unknown keeps
// those behind it.
bool Blocked(Database& database, const std::string& application, const std::string& series) {
  if (series.empty()) return false;
  Rows rows = database.Ask(
      "SELECT 1 FROM delivery WHERE application = ? AND series = ? AND "
      "state IN ('sending', 'verifying') LIMIT 1",
      application, series);
  return rows.Next();
}

std::vector<Row> ReadyAt(Database& database, const std::string& application, const Place& at,
                         int limit) {
  static const std::string kSql = SelectRows(
      "WHERE application = ? AND state = 'ready' AND kind = ? AND place = ? "
      "ORDER BY instance_number, id LIMIT ?");
  return TakeRows(database.Ask(kSql, application, at.kind, at.place, limit));
}

Row Returned(Row row) {
  row.state = State::kReady;
  row.owner.clear();
  row.lease_until.reset();
  return row;
}

// Whoever claimed the row says nothing more of it. True: its outcome is unknown.
bool EndClaim(Transaction& tx, const Row& row, Cause cause) {
  if (!row.begun) {
    tx.HandOver(row, Returned(row));
    return false;
  }
  Row after = Returned(row);
  after.state = State::kVerifying;
  after.reason = {cause, ""};
  after.begun = false;
  after.maybe_there = true;
  tx.Update(row, after);
  return true;
}

void EndExpiredLeases(Transaction& tx, const std::string& application) {
  static const std::string kSql = SelectRows(
      "WHERE application = ? AND state = 'sending' AND lease_until <= ? ORDER BY lease_until");
  for (const Row& row : TakeRows(tx.database().Ask(kSql, application, tx.now())))
    EndClaim(tx, row, Cause::kLeaseExpired);
}

}  // namespace

std::vector<Row> Claim(Transaction& tx, const std::string& application, int limit,
                       const std::string& owner, std::chrono::milliseconds lease) {
  EndExpiredLeases(tx, application);
  WakeRested(tx, application);
  std::vector<Row> claimed;
  std::set<std::string> ours;  // series, by this very call
  std::optional<Place> place = NextPlace(tx.database(), application, Place{});
  while (place && claimed.size() < static_cast<size_t>(limit)) {
    int left = limit - static_cast<int>(claimed.size());
    std::vector<Row> ready;
    if (ours.contains(place->series) || !Blocked(tx.database(), application, place->series))
      ready = ReadyAt(tx.database(), application, *place, left);
    for (const Row& before : ready) {
      if (before.next_attempt_at > tx.now()) break;
      Row after = before;
      after.state = State::kSending;
      after.owner = owner;
      after.lease_until = tx.now() + lease;
      tx.HandOver(before, after);
      claimed.push_back(std::move(after));
      ours.insert(place->series);
    }
    place = NextPlace(tx.database(), application, *place);
  }
  return claimed;
}

Result<Row> Begin(Transaction& tx, const std::vector<RowId>& rows,
                  std::chrono::milliseconds lease) {
  Result<Row> before = tx.Require(rows.front(), {State::kSending});
  if (!before) return before;
  if (before->begun) {
    return Fail(Errc::kNotFound, Blame::kInternal,
                "row " + std::to_string(before->id) + " has begun already");
  }
  Renew(tx, rows, lease);
  Row after = *before;
  after.begun = true;
  ++after.attempts;
  after.reason = {};
  after.since = tx.now();
  after.lease_until = tx.now() + lease;
  // What is there after an attempt of its own without an answer may well be its own.
  if (!after.maybe_there)
    after.there_before = MayHaveBeenThere(tx.database(), after.instance, after.id);
  tx.Begin(*before, after);
  return after;
}

int Renew(Transaction& tx, const std::vector<RowId>& rows, std::chrono::milliseconds lease) {
  int64_t renewed = 0;
  for (RowId row : rows) {
    renewed +=
        tx.database().Run("UPDATE delivery SET lease_until = ? WHERE id = ? AND state = 'sending'",
                          tx.now() + lease, row);
  }
  return static_cast<int>(renewed);
}

void GiveBack(Transaction& tx, const std::vector<RowId>& rows) {
  for (RowId id : rows) {
    std::optional<Row> row = FindRow(tx.database(), id);
    if (row && row->state == State::kSending && !row->begun) tx.HandOver(*row, Returned(*row));
  }
}

int EndAllSending(Transaction& tx) {
  static const std::string kSql = SelectRows("WHERE state = 'sending' ORDER BY id");
  int unknown = 0;
  for (const Row& row : TakeRows(tx.database().Ask(kSql)))
    unknown += EndClaim(tx, row, Cause::kRestart) ? 1 : 0;
  return unknown;
}

}  // namespace router::store::steps
