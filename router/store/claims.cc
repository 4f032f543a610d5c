#include <set>

#include "router/store/queries.h"
#include "router/store/steps.h"

namespace router::store::steps {
namespace {

struct Place {
  int64_t rank = -1, kind = -1, place = 0;
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

// The next series (or lone row) of which something is due, in the order of Claim; `fresh`: of which
// something was never attempted.
std::optional<Place> NextPlace(Database& database, const std::string& application,
                               const Place& after, bool fresh) {
  const char* const any =
      "SELECT rank, kind, place, series FROM delivery WHERE application = ? AND state = 'ready' "
      "AND rests = 0 AND (rank, kind, place) > (?, ?, ?) ORDER BY rank, kind, place LIMIT 1";
  const char* const never_attempted =
      "SELECT rank, kind, place, series FROM delivery WHERE application = ? AND state = 'ready' "
      "AND rests = 0 AND attempts = 0 AND (rank, kind, place) > (?, ?, ?) "
      "ORDER BY rank, kind, place LIMIT 1";
  Rows rows =
      database.Ask(fresh ? never_attempted : any, application, after.rank, after.kind, after.place);
  if (!rows.Next()) return std::nullopt;
  Place next;
  next.rank = rows.Int();
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

Row HandOut(Transaction& tx, const Row& before, const std::string& owner,
            std::chrono::milliseconds lease) {
  Row after = before;
  after.state = State::kSending;
  after.owner = owner;
  after.lease_until = tx.now() + lease;
  tx.HandOver(before, after);
  return after;
}

std::vector<Row> ClaimInOrder(Transaction& tx, const std::string& application, int limit,
                              const std::string& owner, std::chrono::milliseconds lease,
                              bool fresh) {
  EndExpiredLeases(tx, application);
  WakeRested(tx, application);
  std::vector<Row> claimed;
  std::set<std::string> ours;  // series, by this very call
  std::optional<Place> place = NextPlace(tx.database(), application, Place{}, fresh);
  while (place && claimed.size() < static_cast<size_t>(limit)) {
    int left = limit - static_cast<int>(claimed.size());
    std::vector<Row> ready;
    if (ours.contains(place->series) || !Blocked(tx.database(), application, place->series))
      ready = ReadyAt(tx.database(), application, *place, left);
    for (const Row& before : ready) {
      if (before.next_attempt_at > tx.now() || (fresh && before.attempts > 0)) break;
      claimed.push_back(HandOut(tx, before, owner, lease));
      ours.insert(place->series);
    }
    place = NextPlace(tx.database(), application, *place, fresh);
  }
  return claimed;
}

// The rows that have been due for the longest, a page after another.
std::vector<Row> LongestDue(Transaction& tx, const std::string& application, const Row* after) {
  static const std::string kSql = SelectRows(
      "WHERE application = ? AND state = 'ready' AND next_attempt_at <= ? AND "
      "(next_attempt_at, id) > (?, ?) ORDER BY next_attempt_at, id LIMIT 16");
  return TakeRows(tx.database().Ask(kSql, application, tx.now(),
                                    after ? after->next_attempt_at : WallTime::min(),
                                    after ? after->id : 0));
}

bool IsFirstInSeries(Database& database, const Row& row) {
  if (row.instance.series.empty()) return true;
  Rows rows = database.Ask(
      "SELECT id FROM delivery WHERE application = ? AND state = 'ready' AND kind = ? AND "
      "place = (SELECT place FROM delivery WHERE id = ?) ORDER BY instance_number, id LIMIT 1",
      row.instance.application, static_cast<int>(row.instance.kind), row.id);
  return rows.Next() && rows.Int() == row.id;
}

}  // namespace

std::vector<Row> Claim(Transaction& tx, const std::string& application, int limit,
                       const std::string& owner, std::chrono::milliseconds lease) {
  return ClaimInOrder(tx, application, limit, owner, lease, false);
}

std::vector<Row> ClaimFresh(Transaction& tx, const std::string& application, int limit,
                            const std::string& owner, std::chrono::milliseconds lease) {
  return ClaimInOrder(tx, application, limit, owner, lease, true);
}

std::vector<Row> ClaimLongestDue(Transaction& tx, const std::string& application,
                                 const std::string& owner, std::chrono::milliseconds lease) {
  EndExpiredLeases(tx, application);
  std::set<std::string> blocked;
  std::vector<Row> due = LongestDue(tx, application, nullptr);
  while (!due.empty()) {
    for (const Row& row : due) {
      const std::string series = row.instance.series.str();
      if (blocked.contains(series)) continue;
      if (Blocked(tx.database(), application, series))
        blocked.insert(series);
      else if (IsFirstInSeries(tx.database(), row))
        return {HandOut(tx, row, owner, lease)};
    }
    due = LongestDue(tx, application, &due.back());
  }
  return {};
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
