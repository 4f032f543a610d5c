#include "router/store/commitment_steps.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "router/store/queries.h"

namespace router::store::steps {
namespace {

// A Transaction UID is not to be used again (PS3.4 J.3.2.1); so long we remember it.
constexpr std::chrono::hours kRememberFor{30 * 24};
constexpr int kForgottenAtOnce = 4;  // requests, with each that comes: more than there come

std::vector<dataset::ReferencedSop> InstancesOf(Database& database, RowId id) {
  Rows rows = database.Ask(
      "SELECT sop_class, sop_instance FROM commitment_instance WHERE commitment = ? "
      "ORDER BY position",
      id);
  std::vector<dataset::ReferencedSop> all;
  while (rows.Next()) {
    dataset::ReferencedSop& sop = all.emplace_back();
    sop.sop_class = rows.TakeUid();
    sop.sop_instance = rows.TakeUid();
  }
  return all;
}

struct Earlier {
  RowId id;
  std::string state;
};

std::vector<Earlier> WithTransaction(Database& database, const NewCommitment& asked) {
  Rows rows = database.Ask(
      "SELECT id, state FROM commitment "
      "WHERE transaction_uid = ? AND application = ? AND client = ?",
      asked.request.transaction, asked.application, asked.client);
  std::vector<Earlier> all;
  while (rows.Next()) {
    const RowId id = rows.Int();
    all.push_back({id, rows.Text()});
  }
  return all;
}

Result<> CheckOwedToAll(Database& database, const NewCommitment& asked, int64_t more) {
  Rows rows = database.Ask(
      "SELECT COUNT(*), IFNULL(SUM(instances), 0) FROM commitment INDEXED BY commitment_owed "
      "WHERE application = ? AND finished_at IS NULL",
      asked.application);
  if (!rows.Next()) return {};
  const int64_t requests = rows.Int(), instances = rows.Int();
  if (requests < kClientsOwedAtMost * asked.most_owed &&
      instances + more <= kClientsOwedAtMost * kMostInstancesOwed)
    return {};
  return Fail(Errc::kLimit, Blame::kDownstream,
              std::to_string(requests) + " requests of all clients are not reported yet", true);
}

// What one client may have us keep for it. It may ask the same again in any case.
Result<> CheckOwed(Database& database, const NewCommitment& asked) {
  Rows rows = database.Ask(
      "SELECT COUNT(*), IFNULL(SUM(instances), 0) FROM commitment INDEXED BY commitment_owed "
      "WHERE application = ? AND client = ? AND finished_at IS NULL",
      asked.application, asked.client);
  if (!rows.Next()) return {};
  const int64_t requests = rows.Int(), instances = rows.Int();
  const auto more = static_cast<int64_t>(asked.request.instances.size());
  if (requests >= asked.most_owed || instances + more > kMostInstancesOwed)
    return Fail(Errc::kLimit, Blame::kDownstream,
                std::to_string(requests) + " requests are not reported yet", true);
  return CheckOwedToAll(database, asked, more);
}

void ForgetFinished(Transaction& tx) {
  const WallTime before = tx.now() - kRememberFor;
  tx.database().Run(
      "DELETE FROM commitment_instance WHERE commitment IN (SELECT id FROM commitment "
      "WHERE finished_at IS NOT NULL AND finished_at <= ? ORDER BY finished_at LIMIT ?)",
      before, kForgottenAtOnce);
  tx.database().Run(
      "DELETE FROM commitment WHERE id IN (SELECT id FROM commitment "
      "WHERE finished_at IS NOT NULL AND finished_at <= ? ORDER BY finished_at LIMIT ?)",
      before, kForgottenAtOnce);
}

std::unexpected<Error> NotDue(RowId id) {
  return Fail(Errc::kNotFound, Blame::kInternal,
              "there is no request for storage commitment " + std::to_string(id) +
                  " that is to be reported");
}

std::string ApplicationOf(Database& database, RowId id) {
  Rows rows = database.Ask("SELECT application FROM commitment WHERE id = ?", id);
  return rows.Next() ? rows.Text() : std::string();
}

bool HasFile(Database& database, const std::string& name) {
  Rows rows = database.Ask("SELECT 1 FROM file WHERE name = ?", name);
  return rows.Next();
}

// False: a file of it is gone, and nothing was promised.
bool Promise(Transaction& tx, const InstanceDecision& one) {
  for (const std::string& file : one.files)
    if (!HasFile(tx.database(), file)) return false;
  for (const std::string& file : one.files) {
    tx.PromiseFile(file, one.promised_until);
    tx.database().Run(
        "INSERT OR IGNORE INTO commitment_file (commitment, position, file) VALUES (?, ?, ?)",
        one.commitment, one.position, file);
  }
  return true;
}

// Who asked what, and when.
struct Asked {
  std::string application;
  AeTitle client;
  WallTime at;
};

// The latest first; discarded ones last.
std::vector<Row> RowsSentBy(Database& database, const Asked& asked, const Uid& sop_instance) {
  static const std::string kSql = SelectRows(
      "WHERE sop_instance = ? AND application = ? AND client = ? ORDER BY id DESC LIMIT 20");
  std::vector<Row> rows, discarded;
  for (Row& row : TakeRows(database.Ask(kSql, sop_instance, asked.application, asked.client)))
    (row.state == State::kDiscarded ? discarded : rows).push_back(std::move(row));
  std::ranges::move(discarded, std::back_inserter(rows));
  return rows;
}

std::vector<Row> RowsSentByAny(Database& database, const Asked& asked, const Uid& sop_instance) {
  static const std::string kSql =
      SelectRows("WHERE sop_instance = ? AND application = ? ORDER BY id DESC LIMIT 1");
  return TakeRows(database.Ask(kSql, sop_instance, asked.application));
}

// One of each content, that of the first row before others. Without that there is nothing: what
// was sent before it is something else.
std::vector<SpoolFile> FilesOf(Database& database, const std::vector<Row>& rows) {
  std::vector<SpoolFile> files;
  for (const Row& row : rows) {
    const bool known = std::ranges::find(files, row.file.sha256, &SpoolFile::sha256) != files.end();
    if (!known && HasFile(database, row.file.name)) files.push_back(row.file);
  }
  auto latest = std::ranges::find(files, rows.front().file.sha256, &SpoolFile::sha256);
  if (latest == files.end()) return {};
  std::rotate(files.begin(), latest, latest + 1);
  return files;
}

// What another client sent under this UID may be other content, and that this client sent was
// refused, perhaps: it is asked about upstream, and never promised.
void TakeFacts(Database& database, const Asked& asked, WallTime now, UndecidedInstance& one) {
  std::vector<Row> rows = RowsSentBy(database, asked, one.sop.sop_instance);
  if (!rows.empty())
    one.files = FilesOf(database, rows);
  else
    rows = RowsSentByAny(database, asked, one.sop.sop_instance);
  if (!rows.empty()) {
    const Row& row = rows.front();
    one.state = row.state;
    one.held_class = row.instance.sop_class;
    one.study = row.instance.study;
    one.series = row.instance.series;
  }
  // Not what was seen before: it may have been another that came under this UID since, or nothing.
  const auto seen = SightingOf(database, asked.application, one.sop.sop_instance);
  one.believed_there =
      seen && seen->how == How::kQuery && seen->at >= asked.at && seen->expires > now;
}

}  // namespace

Result<AddedCommitment> AddCommitment(Transaction& tx, const NewCommitment& asked) {
  ForgetFinished(tx);
  bool used = false;
  const std::vector<Earlier> earlier = WithTransaction(tx.database(), asked);
  for (const Earlier& one : earlier) {
    const bool same = InstancesOf(tx.database(), one.id) == asked.request.instances;
    if (same && (one.state == "open" || one.state == "decided")) {
      // Asked again, it is reported at once to who waits for it.
      tx.database().Run(
          "UPDATE commitment SET next_attempt_at = MIN(next_attempt_at, ?) WHERE id = ?", tx.now(),
          one.id);
      return AddedCommitment{AddedCommitment::Outcome::kRepeated, one.id};
    }
    // Of what was given up the client knows nothing.
    used = used || !same || one.state == "reported";
  }
  if (Result<> within = CheckOwed(tx.database(), asked); !within)
    return std::unexpected(within.error());
  std::optional<int64_t> outcome;
  std::optional<WallTime> decided_at;
  if (used) {
    outcome = asked.used_reason;
    decided_at = tx.now();
  }
  tx.database().Run(
      "INSERT INTO commitment (application, client, called, address, transaction_uid, state, "
      "accepted_at, deadline, decided_at, attempts, next_attempt_at, instances) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
      asked.application, asked.client, asked.called, asked.address, asked.request.transaction,
      std::string_view(used ? "decided" : "open"), tx.now(), asked.deadline, decided_at, tx.now(),
      static_cast<int64_t>(asked.request.instances.size()));
  const RowId id = tx.database().LastId();
  int position = 0;
  for (const dataset::ReferencedSop& sop : asked.request.instances)
    tx.database().Run(
        "INSERT INTO commitment_instance (commitment, position, sop_class, sop_instance, outcome) "
        "VALUES (?, ?, ?, ?, ?)",
        id, position++, sop.sop_class, sop.sop_instance, outcome);
  tx.CountCommitment(asked.application, used ? "decided" : "open", +1);
  using Outcome = AddedCommitment::Outcome;
  return AddedCommitment{used ? Outcome::kUsed : Outcome::kNew, id};
}

bool ConcernsUs(Database& database, const NewCommitment& asked) {
  for (const Earlier& one : WithTransaction(database, asked))
    if (one.state == "open" || one.state == "decided") return true;
  for (const dataset::ReferencedSop& sop : asked.request.instances) {
    Rows rows = database.Ask(
        "SELECT 1 FROM delivery WHERE sop_instance = ? AND application = ? AND "
        "state NOT IN ('delivered', 'discarded') LIMIT 1",
        sop.sop_instance, asked.application);
    if (rows.Next()) return true;
  }
  return false;
}

std::vector<UndecidedInstance> UndecidedInstances(Database& database,
                                                  const std::string& application, RowId commitment,
                                                  int position, int limit, WallTime now) {
  std::vector<UndecidedInstance> all;
  std::vector<Asked> asked;
  {
    Rows rows = database.Ask(
        "SELECT i.commitment, i.position, i.sop_class, i.sop_instance, c.deadline, "
        "c.accepted_at, c.client "
        "FROM commitment AS c CROSS JOIN commitment_instance AS i "
        "INDEXED BY commitment_undecided ON i.commitment = c.id "
        "WHERE c.application = ?1 AND c.state = 'open' AND c.id >= ?2 AND i.outcome IS NULL "
        "AND (c.id > ?2 OR i.position > ?3) ORDER BY c.id, i.position LIMIT ?4",
        application, commitment, position, limit);
    while (rows.Next()) {
      UndecidedInstance& one = all.emplace_back();
      one.commitment = rows.Int();
      one.position = static_cast<int>(rows.Int());
      one.sop.sop_class = rows.TakeUid();
      one.sop.sop_instance = rows.TakeUid();
      one.deadline = rows.Time();
      const WallTime at = rows.Time();
      asked.push_back({application, rows.Title(), at});
    }
  }
  for (size_t i = 0; i < all.size(); ++i) TakeFacts(database, asked[i], now, all[i]);
  return all;
}

int DecideInstances(Transaction& tx, const std::vector<InstanceDecision>& decisions) {
  std::set<RowId> touched;
  for (const InstanceDecision& one : decisions) {
    if (!Promise(tx, one)) continue;
    tx.database().Run(
        "UPDATE commitment_instance SET outcome = ? "
        "WHERE commitment = ? AND position = ? AND outcome IS NULL",
        one.reason, one.commitment, one.position);
    touched.insert(one.commitment);
  }
  int decided = 0;
  for (RowId id : touched) {
    if (tx.database().Run(
            "UPDATE commitment SET state = 'decided', decided_at = ?1, next_attempt_at = ?1 "
            "WHERE id = ?2 AND state = 'open' AND NOT EXISTS (SELECT 1 FROM commitment_instance "
            "WHERE commitment = ?2 AND outcome IS NULL)",
            tx.now(), id) == 0)
      continue;
    ++decided;
    const std::string application = ApplicationOf(tx.database(), id);
    tx.CountCommitment(application, "open", -1);
    tx.CountCommitment(application, "decided", +1);
  }
  return decided;
}

Result<CommitmentResult> ResultOfCommitment(Database& database, RowId id) {
  CommitmentResult result;
  Rows rows = database.Ask(
      "SELECT sop_class, sop_instance, outcome FROM commitment_instance WHERE commitment = ? "
      "ORDER BY position",
      id);
  while (rows.Next()) {
    dataset::ReferencedSop sop;
    sop.sop_class = rows.TakeUid();
    sop.sop_instance = rows.TakeUid();
    const std::optional<int64_t> outcome = rows.OptionalInt();
    if (!outcome) return NotDue(id);
    if (*outcome == 0)
      result.committed.push_back(std::move(sop));
    else
      result.failed.push_back({std::move(sop), static_cast<uint16_t>(*outcome)});
  }
  if (result.committed.empty() && result.failed.empty()) return NotDue(id);
  return result;
}

int RenewPromises(Transaction& tx, RowId id, WallTime promised_until, uint16_t lost_reason) {
  std::vector<std::pair<int64_t, std::string>> files;
  {
    Rows rows =
        tx.database().Ask("SELECT position, file FROM commitment_file WHERE commitment = ?", id);
    while (rows.Next()) {
      const int64_t position = rows.Int();
      files.emplace_back(position, rows.Text());
    }
  }
  int lost = 0;
  for (const auto& [position, file] : files) {
    if (tx.PromiseFile(file, promised_until)) continue;
    lost +=
        static_cast<int>(tx.database().Run("UPDATE commitment_instance SET outcome = ? "
                                           "WHERE commitment = ? AND position = ? AND outcome = 0",
                                           lost_reason, id, position));
  }
  return lost;
}

Result<> EndCommitment(Transaction& tx, RowId id, bool reported) {
  const int64_t ended = tx.database().Run(
      "UPDATE commitment SET state = ?, finished_at = ? WHERE id = ? AND state = 'decided'",
      std::string_view(reported ? "reported" : "abandoned"), tx.now(), id);
  if (ended == 0) return NotDue(id);
  tx.CountCommitment(ApplicationOf(tx.database(), id), "decided", -1);
  tx.database().Run("DELETE FROM commitment_file WHERE commitment = ?", id);
  // Of what was reported only the Transaction UID is looked at again.
  if (reported) tx.database().Run("DELETE FROM commitment_instance WHERE commitment = ?", id);
  return {};
}

Result<> ReportAgain(Transaction& tx, RowId id, WallTime next_attempt_at, bool attempted) {
  const int64_t changed = tx.database().Run(
      "UPDATE commitment SET attempts = attempts + ?, next_attempt_at = ? "
      "WHERE id = ? AND state = 'decided'",
      int64_t{attempted}, next_attempt_at, id);
  if (changed == 0) return NotDue(id);
  return {};
}

}  // namespace router::store::steps
