#include "router/store/queries.h"

#include <algorithm>

namespace router::store {
namespace {

// Where no instance number is known a row sorts behind those that have one (IS, PS3.5 6.2: it
// fits into 32 bits).
constexpr int64_t kNoInstanceNumber = int64_t{1} << 31;

template <class E, size_t N>
std::optional<E> Named(std::string_view name) {
  for (size_t i = 0; i < N; ++i) {
    if (NameOf(static_cast<E>(i)) == name) return static_cast<E>(i);
  }
  return std::nullopt;
}

dataset::Digest ToDigest(const Buffer& blob) {
  dataset::Digest digest{};
  std::copy_n(blob.begin(), std::min(blob.size(), digest.size()), digest.begin());
  return digest;
}

Requirement TakeRequirement(Rows& rows) {
  Requirement wanted;
  wanted.uid = rows.TakeUid();
  wanted.kind = static_cast<Kind>(rows.Int());
  wanted.level = static_cast<Level>(rows.Int());
  wanted.series = rows.TakeUid();
  wanted.study = rows.TakeUid();
  wanted.site = rows.Text();
  return wanted;
}

HeldRow Explain(Database& database, Row row, int missing_at_most) {
  HeldRow held;
  RowId id = row.id;
  held.missing = MissingOf(database, id, 0, missing_at_most);
  {
    Rows met = database.Ask(
        "SELECT COUNT(*), MAX(met_at) FROM requirement "
        "WHERE row = ? AND noted = 0 AND met_at IS NOT NULL",
        id);
    if (met.Next()) {
      held.existing = static_cast<int>(met.Int());
      held.last_met = met.OptionalTime();
    }
  }
  if (row.state == State::kWaiting) {
    Rows next = database.Ask(
        "SELECT MIN(w.next_check) FROM requirement AS r CROSS JOIN wanted AS w "
        "ON w.application = r.application AND w.uid = r.uid AND w.of_study = r.of_study "
        "WHERE r.row = ? AND r.noted = 0 AND r.met_at IS NULL",
        id);
    if (next.Next()) held.next_check = next.OptionalTime();
  }
  held.row = std::move(row);
  return held;
}

void TakeWanted(Rows rows, std::vector<WantedUid>& all) {
  while (rows.Next()) {
    WantedUid wanted;
    wanted.uid = rows.TakeUid();
    wanted.kind = static_cast<Kind>(rows.Int());
    wanted.level = static_cast<Level>(rows.Int());
    wanted.series = rows.TakeUid();
    wanted.study = rows.TakeUid();
    wanted.waiters = static_cast<int>(rows.Int());
    wanted.asked = static_cast<int>(rows.Int());
    wanted.next_check = rows.Time();
    wanted.soon = rows.Int() != 0;
    all.push_back(std::move(wanted));
  }
}

std::optional<WallTime> Earliest(Database& database, std::string_view sql,
                                 const std::string& application) {
  Rows rows = database.Ask(sql, application);
  if (!rows.Next()) return std::nullopt;
  return rows.OptionalTime();
}

}  // namespace

std::optional<State> StateNamed(std::string_view name) { return Named<State, kStates>(name); }
std::optional<Cause> CauseNamed(std::string_view name) { return Named<Cause, kCauses>(name); }

std::string SelectRows(std::string_view rest) {
  return "SELECT id, sop_instance, sop_class, kind, application, client, called, calling_as, "
         "study, series, instance_number, transfer_syntax, file, size, dataset_offset, sha256, "
         "canonical, state, cause, reason, accepted_at, since, attempts, next_attempt_at, owner, "
         "lease_until, deadline, warn_after, missing, waits_for, ready_since, begun, maybe_there, "
         "there_before, listed, moved_at, at_deadline, not_before, rank "
         "FROM delivery " +
         std::string(rest);
}

Row TakeRow(Rows& rows) {
  Row row;
  row.id = rows.Int();
  Instance& instance = row.instance;
  instance.sop_instance = rows.TakeUid();
  instance.sop_class = rows.TakeUid();
  instance.kind = static_cast<Kind>(rows.Int());
  instance.application = rows.Text();
  instance.client = rows.Title();
  instance.called = rows.Title();
  instance.calling_as = rows.Title();
  instance.study = rows.TakeUid();
  instance.series = rows.TakeUid();
  int64_t number = rows.Int();
  if (number != kNoInstanceNumber) instance.instance_number = static_cast<int32_t>(number);
  instance.transfer_syntax = rows.TakeUid();
  row.file.name = rows.Text();
  row.file.size = static_cast<uint64_t>(rows.Int());
  row.file.dataset_offset = static_cast<uint64_t>(rows.Int());
  row.file.sha256 = ToDigest(rows.Blob());
  Buffer canonical = rows.Blob();
  if (!canonical.empty()) row.canonical = ToDigest(canonical);
  row.state = StateNamed(rows.Text()).value_or(State::kQuarantined);
  row.reason.cause = CauseNamed(rows.Text()).value_or(Cause::kNone);
  row.reason.text = rows.Text();
  row.accepted_at = rows.Time();
  row.since = rows.Time();
  row.attempts = static_cast<int>(rows.Int());
  row.next_attempt_at = rows.Time();
  row.owner = rows.Text();
  row.lease_until = rows.OptionalTime();
  row.deadline = rows.OptionalTime();
  row.warn_after = rows.OptionalTime();
  row.missing = static_cast<int>(rows.Int());
  if (std::optional<int64_t> kind = rows.OptionalInt()) row.waits_for = static_cast<Kind>(*kind);
  row.ready_since = rows.OptionalTime();
  row.begun = rows.Int() != 0;
  row.maybe_there = rows.Int() != 0;
  row.there_before = rows.Int() != 0;
  row.listed = static_cast<int>(rows.Int());
  row.moved_at = rows.Time();
  row.at_deadline = Named<AtDeadline, kAtDeadlines>(rows.Text()).value_or(AtDeadline::kQuarantine);
  row.not_before = rows.OptionalTime();
  row.priority = static_cast<Priority>(static_cast<int64_t>(Priority::kHigh) - rows.Int());
  return row;
}

std::vector<Row> TakeRows(Rows rows) {
  std::vector<Row> all;
  while (rows.Next()) all.push_back(TakeRow(rows));
  return all;
}

std::optional<Row> FindRow(Database& database, RowId id) {
  static const std::string kSql = SelectRows("WHERE id = ?");
  Rows rows = database.Ask(kSql, id);
  if (!rows.Next()) return std::nullopt;
  return TakeRow(rows);
}

std::vector<Requirement> MissingOf(Database& database, RowId id, int skip, int at_most) {
  Rows rows = database.Ask(
      "SELECT uid, kind, level, series, study, site FROM requirement "
      "WHERE row = ? AND noted = 0 AND met_at IS NULL ORDER BY kind, uid LIMIT ? OFFSET ?",
      id, at_most, skip);
  std::vector<Requirement> missing;
  while (rows.Next()) missing.push_back(TakeRequirement(rows));
  return missing;
}

std::vector<HeldRow> HeldRows(Database& database, const HeldFilter& filter) {
  static const std::string kSql = SelectRows(
      "WHERE state = ?1 AND id > ?2 AND (?3 IS NULL OR application = ?3) "
      "AND (?4 IS NULL OR kind = ?4) ORDER BY id LIMIT ?5");
  int limit = std::clamp(filter.limit, 1, HeldFilter::kPage);
  std::optional<int64_t> kind;
  if (filter.kind) kind = static_cast<int64_t>(*filter.kind);
  std::vector<Row> found;
  for (State state : filter.states) {
    std::vector<Row> some =
        TakeRows(database.Ask(kSql, NameOf(state), filter.after, filter.application, kind, limit));
    std::move(some.begin(), some.end(), std::back_inserter(found));
  }
  std::sort(found.begin(), found.end(), [](const Row& a, const Row& b) { return a.id < b.id; });
  if (found.size() > static_cast<size_t>(limit)) found.resize(static_cast<size_t>(limit));
  std::vector<HeldRow> page;
  for (Row& row : found) page.push_back(Explain(database, std::move(row), filter.missing_at_most));
  return page;
}

std::vector<HeldRow> RowsOfUid(Database& database, const Uid& sop_instance) {
  static const std::string kSql = SelectRows("WHERE sop_instance = ? ORDER BY id DESC LIMIT ?");
  std::vector<HeldRow> all;
  for (Row& row : TakeRows(database.Ask(kSql, sop_instance, HeldFilter::kPage)))
    all.push_back(Explain(database, std::move(row), HeldFilter::kPage));
  return all;
}

std::vector<HistoryStep> HistoryOf(Database& database, RowId id) {
  Rows rows = database.Ask(
      "SELECT at, from_state, to_state, cause, reason, by_whom FROM history "
      "WHERE row = ? ORDER BY id",
      id);
  std::vector<HistoryStep> steps;
  while (rows.Next()) {
    HistoryStep step;
    step.at = rows.Time();
    step.from = StateNamed(rows.Text());
    step.to = StateNamed(rows.Text()).value_or(State::kWaiting);
    step.reason.cause = CauseNamed(rows.Text()).value_or(Cause::kNone);
    step.reason.text = rows.Text();
    step.by = rows.Text();
    steps.push_back(std::move(step));
  }
  return steps;
}

std::optional<How> KnownHow(Database& database, const std::string& application, const Uid& uid,
                            WallTime now) {
  Rows rows =
      database.Ask("SELECT how FROM existence WHERE application = ? AND uid = ? AND expires > ?",
                   application, uid, now);
  if (!rows.Next()) return std::nullopt;
  return Named<How, 3>(rows.Text());
}

std::optional<Sighting> SightingOf(Database& database, const std::string& application,
                                   const Uid& uid) {
  Rows rows = database.Ask(
      "SELECT how, at, expires FROM existence WHERE application = ? AND uid = ?", application, uid);
  if (!rows.Next()) return std::nullopt;
  Sighting sighting;
  sighting.how = Named<How, 3>(rows.Text()).value_or(How::kStatus);
  sighting.at = rows.Time();
  sighting.expires = rows.Time();
  return sighting;
}

bool MayHaveBeenThere(Database& database, const Instance& instance, RowId but_for) {
  // "+": by the UID, not through all that was ever delivered.
  Rows rows = database.Ask(
      "SELECT 1 FROM existence WHERE application = ?1 AND uid = ?2 UNION ALL "
      "SELECT 1 FROM delivery WHERE sop_instance = ?2 AND application = ?1 AND "
      "+state = 'delivered' AND id <> ?3 LIMIT 1",
      instance.application, instance.sop_instance, but_for);
  return rows.Next();
}

Standing StandingOfInstance(Database& database, const Instance& instance) {
  Standing standing;
  standing.there_before = MayHaveBeenThere(database, instance, 0);
  Rows rows = database.Ask(
      "SELECT 1 FROM delivery WHERE sop_instance = ?1 AND application = ?2 AND "
      "state NOT IN ('delivered', 'discarded') UNION ALL "
      "SELECT 1 FROM delivery WHERE application = ?2 AND series = ?3 AND series <> '' AND "
      "state NOT IN ('delivered', 'discarded') AND state IN ('ready', 'sending', 'verifying') "
      "LIMIT 1",
      instance.sop_instance, instance.application, instance.series);
  standing.is_behind = rows.Next();
  return standing;
}

std::vector<WantedUid> WantedUids(Database& database, const std::string& application,
                                  WallTime due_by, int limit) {
  std::vector<WantedUid> all;
  TakeWanted(
      database.Ask("SELECT uid, kind, level, series, study, waiters, asked, next_check, soon "
                   "FROM wanted WHERE application = ? AND soon = 1 AND next_check <= ? "
                   "ORDER BY next_check LIMIT ?",
                   application, due_by, limit),
      all);
  TakeWanted(
      database.Ask("SELECT uid, kind, level, series, study, waiters, asked, next_check, soon "
                   "FROM wanted WHERE application = ? AND soon = 0 AND next_check <= ? "
                   "ORDER BY next_check LIMIT ?",
                   application, due_by, limit - static_cast<int>(all.size())),
      all);
  return all;
}

std::vector<WantedUid> CollectionsWanted(Database& database, const std::string& application,
                                         int limit) {
  std::vector<WantedUid> all;
  TakeWanted(
      database.Ask("SELECT uid, kind, level, series, study, waiters, asked, next_check, soon "
                   "FROM wanted WHERE application = ? AND level <> 0 LIMIT ?",
                   application, limit),
      all);
  return all;
}

std::vector<HeldRow> QuietRows(Database& database, const std::string& application,
                               WallTime quiet_since, int limit) {
  static const std::string kSql = SelectRows(
      "WHERE application = ? AND state = 'waiting' AND listed > 0 AND listed = missing "
      "AND moved_at <= ? ORDER BY moved_at LIMIT ?");
  std::vector<HeldRow> all;
  for (Row& row : TakeRows(database.Ask(kSql, application, quiet_since, limit)))
    all.push_back(Explain(database, std::move(row), -1));
  return all;
}

std::vector<Row> UnverifiedRows(Database& database, const std::string& application, int limit) {
  static const std::string kSql =
      SelectRows("WHERE state = 'verifying' AND application = ? ORDER BY id LIMIT ?");
  return TakeRows(database.Ask(kSql, application, limit));
}

std::vector<Row> OverdueRows(Database& database, const std::string& application, WallTime now,
                             int limit) {
  static const std::string kSql = SelectRows(
      "WHERE state = 'waiting' AND deadline IS NOT NULL AND application = ? AND deadline <= ? "
      "ORDER BY deadline LIMIT ?");
  return TakeRows(database.Ask(kSql, application, now, limit));
}

NextDue DueOf(Database& database, const std::string& application) {
  NextDue due;
  due.attempt = Earliest(database,
                         "SELECT MIN(next_attempt_at) FROM delivery "
                         "WHERE application = ? AND state = 'ready'",
                         application);
  due.check =
      Earliest(database, "SELECT MIN(next_check) FROM wanted WHERE application = ?", application);
  due.deadline = Earliest(database,
                          "SELECT MIN(deadline) FROM delivery "
                          "WHERE application = ? AND state = 'waiting' AND deadline IS NOT NULL",
                          application);
  due.warning =
      Earliest(database,
               "SELECT MIN(warn_after) FROM delivery WHERE application = ? AND "
               "state IN ('waiting', 'verifying') AND warned = 0 AND warn_after IS NOT NULL",
               application);
  due.lease = Earliest(database,
                       "SELECT MIN(lease_until) FROM delivery "
                       "WHERE application = ? AND state = 'sending'",
                       application);
  return due;
}

int64_t OpenRowsOf(Database& database, const std::string& application) {
  Rows rows = database.Ask(
      "SELECT COUNT(*) FROM delivery "
      "WHERE application = ? AND state NOT IN ('delivered', 'discarded')",
      application);
  return rows.Next() ? rows.Int() : 0;
}

std::map<std::string, int64_t> OpenRowsOfAll(Database& database) {
  Rows rows = database.Ask(
      "SELECT application, COUNT(*) FROM delivery "
      "WHERE state NOT IN ('delivered', 'discarded') GROUP BY application");
  std::map<std::string, int64_t> all;
  while (rows.Next()) {
    std::string application = rows.Text();
    all[application] = rows.Int();
  }
  return all;
}

std::vector<RowId> OpenRowsInOrder(Database& database, const std::string& application) {
  Rows rows = database.Ask(
      "SELECT id FROM delivery "
      "WHERE application = ? AND state NOT IN ('delivered', 'discarded') "
      "ORDER BY kind, place, instance_number, id",
      application);
  std::vector<RowId> ids;
  while (rows.Next()) ids.push_back(rows.Int());
  return ids;
}

}  // namespace router::store
