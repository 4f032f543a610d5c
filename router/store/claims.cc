#include "router/store/queries.h"
#include "router/store/steps.h"

namespace router::store::steps {
namespace {

struct Place {
  int64_t kind = -1, place = 0;
  std::string series;
};

// The next series (or lone row) with something ready, in the order of Claim.
std::optional<Place> NextPlace(Database& database, const std::string& application,
                               const Place& after) {
  Rows rows = database.Ask(
      "SELECT kind, place, series FROM delivery WHERE application = ? AND state = 'ready' "
      "AND (kind, place) > (?, ?) ORDER BY kind, place, instance_number, id LIMIT 1",
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
bool Blocked(Database& database, const std::string& application, const std::string& series,
             const std::string& owner) {
  if (series.empty()) return false;
  Rows rows = database.Ask(
      "SELECT 1 FROM delivery WHERE application = ? AND series = ? AND "
      "state IN ('sending', 'verifying') AND owner <> ? LIMIT 1",
      application, series, owner);
  return rows.Next();
}

std::vector<Row> ReadyAt(Database& database, const std::string& application, const Place& at,
                         int limit) {
  static const std::string kSql = SelectRows(
      "WHERE application = ? AND state = 'ready' AND kind = ? AND place = ? "
      "ORDER BY instance_number, id LIMIT ?");
  return TakeRows(database.Ask(kSql, application, at.kind, at.place, limit));
}

Row ToVerifying(Row row, Cause cause, std::string text) {
  row.state = State::kVerifying;
  row.reason = {cause, std::move(text)};
  row.owner.clear();
  row.lease_until.reset();
  return row;
}

void EndExpiredLeases(Transaction& tx, const std::string& application) {
  static const std::string kSql = SelectRows(
      "WHERE application = ? AND state = 'sending' AND lease_until <= ? ORDER BY lease_until");
  for (const Row& row : TakeRows(tx.database().Ask(kSql, application, tx.now())))
    tx.Update(row, ToVerifying(row, Cause::kLeaseExpired, ""));
}

}  // namespace

std::vector<Row> Claim(Transaction& tx, const std::string& application, int limit,
                       const std::string& owner, std::chrono::milliseconds lease) {
  EndExpiredLeases(tx, application);
  std::vector<Row> claimed;
  std::optional<Place> place = NextPlace(tx.database(), application, Place{});
  while (place && claimed.size() < static_cast<size_t>(limit)) {
    int left = limit - static_cast<int>(claimed.size());
    std::vector<Row> ready;
    if (!Blocked(tx.database(), application, place->series, owner))
      ready = ReadyAt(tx.database(), application, *place, left);
    for (const Row& before : ready) {
      if (before.next_attempt_at > tx.now()) break;
      Row after = before;
      after.state = State::kSending;
      after.reason = {};
      after.owner = owner;
      after.lease_until = tx.now() + lease;
      after.since = tx.now();
      ++after.attempts;
      tx.Update(before, after);
      claimed.push_back(std::move(after));
    }
    place = NextPlace(tx.database(), application, *place);
  }
  return claimed;
}

int Renew(Transaction& tx, const std::string& owner, std::chrono::milliseconds lease) {
  return static_cast<int>(
      tx.database().Run("UPDATE delivery SET lease_until = ? WHERE owner = ? AND state = 'sending'",
                        tx.now() + lease, owner));
}

int VerifyAllSending(Transaction& tx) {
  static const std::string kSql = SelectRows("WHERE state = 'sending' ORDER BY id");
  std::vector<Row> rows = TakeRows(tx.database().Ask(kSql));
  for (const Row& row : rows) tx.Update(row, ToVerifying(row, Cause::kRestart, ""));
  return static_cast<int>(rows.size());
}

}  // namespace router::store::steps
