#include <algorithm>
#include <tuple>

#include "router/store/commitment_steps.h"

// What is owed to clients: reports that are due, and all that is open. Nothing here changes a row.
namespace router::store::steps {
namespace {

// The first client after `after` that is owed a report.
std::optional<AeTitle> NextOwed(Database& database, const std::string& application,
                                const AeTitle& after) {
  Rows rows = database.Ask(
      "SELECT client FROM commitment INDEXED BY commitment_owed WHERE application = ? AND "
      "client > ? AND finished_at IS NULL ORDER BY client LIMIT 1",
      application, after);
  if (!rows.Next()) return std::nullopt;
  return rows.Title();
}

}  // namespace

std::vector<Commitment> DueReports(Database& database, const std::string& application,
                                   WallTime due_by, int limit) {
  std::vector<Commitment> all;
  std::vector<std::tuple<WallTime, RowId, size_t>> order;
  for (auto client = NextOwed(database, application, {}); client;
       client = NextOwed(database, application, *client)) {
    Rows rows = database.Ask(
        "SELECT id, called, address, transaction_uid, decided_at, attempts, next_attempt_at "
        "FROM commitment INDEXED BY commitment_owed WHERE application = ? AND client = ? AND "
        "finished_at IS NULL AND state = 'decided' AND next_attempt_at <= ? "
        "ORDER BY next_attempt_at LIMIT 1",
        application, *client, due_by);
    if (!rows.Next()) continue;
    Commitment& one = all.emplace_back();
    one.id = rows.Int();
    one.application = application;
    one.client = *client;
    one.called = rows.Title();
    one.address = rows.Text();
    one.transaction = rows.TakeUid();
    one.decided_at = rows.Time();
    one.attempts = static_cast<int>(rows.Int());
    order.emplace_back(rows.Time(), one.id, all.size() - 1);
  }
  std::ranges::sort(order);
  std::vector<Commitment> due;
  for (const auto& [at, id, index] : order) {
    if (due.size() == static_cast<size_t>(limit)) break;
    due.push_back(std::move(all[index]));
  }
  return due;
}

std::optional<WallTime> NextReport(Database& database, const std::string& application) {
  Rows rows = database.Ask(
      "SELECT MIN(next_attempt_at) FROM commitment WHERE application = ? AND state = 'decided'",
      application);
  if (!rows.Next()) return std::nullopt;
  return rows.OptionalTime();
}

std::map<std::string, int64_t> OwedOfAll(Database& database) {
  Rows rows = database.Ask(
      "SELECT application, COUNT(*) FROM commitment WHERE finished_at IS NULL "
      "GROUP BY application");
  std::map<std::string, int64_t> all;
  while (rows.Next()) {
    std::string application = rows.Text();
    all[application] = rows.Int();
  }
  return all;
}

std::vector<OwedCommitment> OldestOwed(Database& database, int limit) {
  Rows rows = database.Ask(
      "SELECT application, client, transaction_uid, state = 'decided', instances, accepted_at, "
      "deadline, next_attempt_at, attempts FROM commitment INDEXED BY commitment_owed "
      "WHERE finished_at IS NULL ORDER BY id LIMIT ?",
      limit);
  std::vector<OwedCommitment> all;
  while (rows.Next()) {
    OwedCommitment& one = all.emplace_back();
    one.application = rows.Text();
    one.client = rows.Title();
    one.transaction = rows.TakeUid();
    one.decided = rows.Int() != 0;
    one.instances = rows.Int();
    one.accepted_at = rows.Time();
    one.deadline = rows.Time();
    one.next_attempt_at = rows.Time();
    one.attempts = static_cast<int>(rows.Int());
  }
  return all;
}

}  // namespace router::store::steps
