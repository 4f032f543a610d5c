#include <algorithm>
#include <map>

#include "router/store/queries.h"
#include "router/store/steps.h"

namespace router::store::steps {
namespace {

std::vector<RowId> TakeIds(Rows rows) {
  std::vector<RowId> ids;
  while (rows.Next()) ids.push_back(rows.Int());
  return ids;
}

// What a row no longer misses.
struct Met {
  int all = 0, listed = 0;
};

// Rows that `uid` keeps waiting have it met from now on; with a study only those that ask for it
// there.
void Meet(Transaction& tx, const std::string& application, const Uid& uid, const Uid& study,
          std::map<RowId, Met>& met) {
  bool any = false;
  {
    Rows rows = tx.database().Ask(
        "SELECT row, site = ?1 FROM requirement WHERE application = ?2 AND uid = ?3 "
        "AND noted = 0 AND met_at IS NULL AND (?4 = '' OR of_study = ?4)",
        kListOnly, application, uid, study);
    while (rows.Next()) {
      any = true;
      Met& of = met[rows.Int()];
      ++of.all;
      of.listed += static_cast<int>(rows.Int());
    }
  }
  if (!any) return;
  tx.database().Run(
      "UPDATE requirement SET met_at = ?1 WHERE application = ?2 AND uid = ?3 AND noted = 0 "
      "AND met_at IS NULL AND (?4 = '' OR of_study = ?4)",
      tx.now(), application, uid, study);
  tx.database().Run(
      "DELETE FROM wanted WHERE application = ?1 AND uid = ?2 AND (?3 = '' OR of_study = ?3)",
      application, uid, study);
}

constexpr std::chrono::hours kRememberFor{30 * 24};
// Negative answers after which what is probably there is asked about like anything else: with the
// schedule's defaults after ten minutes.
constexpr int kSoonFor = 8;
constexpr std::chrono::minutes kFoundWithin{1};  // of a C-STORE that was answered well
constexpr int kChain = 4;                        // record, dose, plan, structure set
constexpr int kMostMissing = 2'000;              // of one row; a structure set refers to hundreds
constexpr int kMostLooks = 10'000;               // of one call

bool WasStoredLately(Transaction& tx, const std::string& application, const Uid& uid) {
  Rows rows =
      tx.database().Ask("SELECT 1 FROM existence WHERE application = ? AND uid = ? AND at > ?",
                        application, uid, tx.now() - kFoundWithin);
  return rows.Next();
}

// What of a call's UIDs comes, each looked at once at each length of a chain: crafted references
// would be looked at again for each row that names them.
struct Looked {
  std::map<std::pair<int, Uid>, bool> comes;
  int left = kMostLooks;
};

bool Comes(Transaction& tx, const std::string& application, const Uid& uid, int chain,
           Looked& looked);

bool LookWhetherComes(Transaction& tx, const std::string& application, const Uid& uid, int chain,
                      Looked& looked) {
  if (WasStoredLately(tx, application, uid)) return true;
  std::vector<RowId> waiting;
  {
    Rows rows = tx.database().Ask(
        "SELECT id, state FROM delivery WHERE sop_instance = ? AND application = ? AND "
        "state NOT IN ('delivered', 'discarded', 'quarantined')",
        uid, application);
    while (rows.Next()) {
      const RowId id = rows.Int();
      if (rows.Text() != NameOf(State::kWaiting)) return true;
      waiting.push_back(id);
    }
  }
  if (chain == 0) return false;
  return std::ranges::any_of(waiting, [&](RowId id) {
    const std::vector<Requirement> missing = MissingOf(tx.database(), id, 0, kMostMissing);
    return missing.size() < kMostMissing &&
           std::ranges::all_of(
               missing,
               [&](const auto& one) { return Comes(tx, application, one.uid, chain - 1, looked); });
  });
}

bool Comes(Transaction& tx, const std::string& application, const Uid& uid, int chain,
           Looked& looked) {
  const auto known = looked.comes.find({chain, uid});
  if (known != looked.comes.end()) return known->second;
  if (looked.left-- <= 0) return false;  // nobody waits for what is so hard to tell
  const bool comes = LookWhetherComes(tx, application, uid, chain, looked);
  looked.comes.emplace(std::pair(chain, uid), comes);
  return comes;
}

// The first kind that the row still misses, by the index alone.
std::optional<Kind> FirstMissing(Transaction& tx, RowId row) {
  Rows rows = tx.database().Ask(
      "SELECT kind FROM requirement WHERE row = ? AND noted = 0 AND met_at IS NULL "
      "ORDER BY kind LIMIT 1",
      row);
  if (!rows.Next()) return std::nullopt;
  return static_cast<Kind>(rows.Int());
}

void Know(Transaction& tx, const std::string& application, const Uid& uid,
          const Knowledge& knowledge) {
  tx.database().Run(
      "INSERT INTO existence (application, uid, how, at, expires) VALUES (?, ?, ?, ?, ?) "
      "ON CONFLICT (application, uid) DO UPDATE SET how = excluded.how, at = excluded.at, "
      "expires = MAX(expires, excluded.expires)",
      application, uid, NameOf(knowledge.how), tx.now(), knowledge.expires);
}

// Those of the rows that miss nothing more become ready.
std::vector<ReadyRow> Release(Transaction& tx, const std::map<RowId, Met>& met) {
  std::vector<ReadyRow> ready;
  for (auto [id, count] : met) {
    std::optional<Row> before = FindRow(tx.database(), id);
    if (!before) continue;
    Row after = *before;
    after.missing -= count.all;
    after.listed -= count.listed;
    after.moved_at = tx.now();
    after.waits_for = FirstMissing(tx, id);
    if (after.missing == 0 && after.state == State::kWaiting) {
      after.state = State::kReady;
      after.reason = {};
      after.next_attempt_at = std::max(after.next_attempt_at, tx.now());
      ready.push_back({id, after.instance.sop_instance, after.instance.kind});
    }
    tx.Update(*before, after);
  }
  return ready;
}

}  // namespace

std::vector<ReadyRow> Exists(Transaction& tx, const std::string& application,
                             const std::vector<Uid>& uids, const Knowledge& knowledge) {
  std::map<RowId, Met> met;
  for (const Uid& uid : uids) {
    Know(tx, application, uid, knowledge);
    if (knowledge.how == How::kQuery) SettleFound(tx, application, uid);
    Meet(tx, application, uid, Uid(), met);
  }
  return Release(tx, met);
}

std::vector<ReadyRow> CollectionsFound(Transaction& tx, const std::string& application,
                                       const std::vector<Collection>& collections) {
  std::map<RowId, Met> met;
  for (const Collection& one : collections) {
    Know(tx, application, one.uid, {How::kQuery, tx.now()});
    Meet(tx, application, one.uid, one.study, met);
  }
  return Release(tx, met);
}

void Absent(Transaction& tx, const std::string& application, const std::vector<Absence>& absences) {
  for (const Absence& absence : absences) {
    tx.database().Run(
        "UPDATE wanted SET asked = asked + 1, next_check = ?, soon = soon AND asked + 1 < ? "
        "WHERE application = ? AND uid = ? AND of_study = CASE level WHEN 0 THEN '' ELSE ? END",
        absence.next_check, kSoonFor, application, absence.uid, absence.study);
  }
}

void ForgetExistence(Transaction& tx, const std::string& application,
                     const std::vector<Uid>& uids) {
  for (const Uid& uid : uids) {
    tx.database().Run("DELETE FROM existence WHERE application = ? AND uid = ?", application, uid);
    std::vector<RowId> met =
        TakeIds(tx.database().Ask("SELECT row FROM requirement WHERE application = ? AND uid = ? "
                                  "AND noted = 0 AND met_at IS NOT NULL",
                                  application, uid));
    for (RowId id : met) {
      std::optional<Row> before = FindRow(tx.database(), id);
      // What is on its way, or may have arrived, is decided by its answer.
      if (!before || before->state == State::kSending || before->state == State::kVerifying)
        continue;
      tx.database().Run("UPDATE requirement SET met_at = NULL WHERE row = ? AND uid = ?", id, uid);
      Row after = *before;
      tx.Recount(after);
      if (after.state == State::kReady) {
        after.state = State::kWaiting;
        after.reason = {Cause::kReferences, ""};
      } else if (after.state == State::kWaiting) {
        for (const Requirement& missing : MissingOf(tx.database(), id, 0, -1)) {
          if (missing.uid == uid) tx.Want(application, missing, tx.now());
        }
      }
      tx.Update(*before, after);
    }
  }
}

std::vector<Uid> AskSoon(Transaction& tx, const std::string& application,
                         const std::vector<Uid>& uids, WallTime at) {
  std::vector<Uid> wanted;
  for (const Uid& uid : uids) {
    tx.database().Run(
        "INSERT INTO existence (application, uid, how, at, expires) VALUES (?1, ?2, ?3, ?4, ?4) "
        "ON CONFLICT (application, uid) DO NOTHING",
        application, uid, NameOf(How::kStatus), tx.now());
    if (tx.database().Run("UPDATE wanted SET asked = 0, next_check = ?, soon = 1 "
                          "WHERE application = ? AND uid = ?",
                          at, application, uid) > 0)
      wanted.push_back(uid);
  }
  return wanted;
}

std::vector<Uid> Unknown(Transaction& tx, const std::string& application,
                         const std::vector<Uid>& uids) {
  std::vector<Uid> unknown;
  for (const Uid& uid : uids) {
    if (!KnownHow(tx.database(), application, uid, tx.now())) unknown.push_back(uid);
  }
  return unknown;
}

std::vector<Uid> Coming(Transaction& tx, const std::string& application,
                        const std::vector<Uid>& uids) {
  std::vector<Uid> coming;
  Looked looked;
  for (const Uid& uid : uids) {
    if (Comes(tx, application, uid, kChain, looked)) coming.push_back(uid);
  }
  return coming;
}

// What is no longer believed is still remembered for a while: see Begin.
int64_t ForgetExpired(Transaction& tx, int at_most) {
  const int64_t existences = tx.database().Run(
      "DELETE FROM existence WHERE (application, uid) IN "
      "(SELECT application, uid FROM existence WHERE expires <= ? ORDER BY expires LIMIT ?)",
      tx.now() - kRememberFor, at_most);
  return std::max(existences, ForgetPatients(tx, tx.now() - kRememberFor, at_most));
}

}  // namespace router::store::steps
