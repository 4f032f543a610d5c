#include "router/store/transaction.h"

#include <algorithm>

#include "router/store/queries.h"

namespace router::store {

void GaugeChanges::ApplyTo(Gauges& gauges) const {
  for (const auto& [key, count] : added.held) gauges.held[key] += count;
  for (const auto& [key, count] : added.quarantined) gauges.quarantined[key] += count;
  for (const auto& [key, queue] : added.queue) {
    gauges.queue[key].instances += queue.instances;
    gauges.queue[key].bytes += queue.bytes;
  }
  for (const auto& [key, time] : oldest) {
    if (time)
      gauges.oldest_held[key] = *time;
    else
      gauges.oldest_held.erase(key);
  }
  for (const auto& [key, count] : added.commitments) gauges.commitments[key] += count;
  gauges.spool_bytes += added.spool_bytes;
  gauges.kept_bytes += added.kept_bytes;
  gauges.spare_bytes += added.spare_bytes;
  gauges.spool_files += added.spool_files;
}

namespace {

// `not_before` holds whatever else decides when a row is due.
WallTime DueAt(const Row& row) {
  return std::max(row.next_attempt_at, row.not_before.value_or(row.next_attempt_at));
}

// The higher goes first: as a number to sort by.
int RankOf(Priority priority) {
  return static_cast<int>(Priority::kHigh) - static_cast<int>(priority);
}

}  // namespace

Result<Row> Transaction::Require(RowId id, std::initializer_list<State> allowed) {
  std::optional<Row> row = FindRow(database_, id);
  if (!row) return Fail(Errc::kNotFound, Blame::kInternal, "there is no row " + std::to_string(id));
  for (State state : allowed) {
    if (row->state == state) return std::move(*row);
  }
  return Fail(Errc::kNotFound, Blame::kInternal,
              row->instance.sop_instance.str() + " (row " + std::to_string(id) + ") is " +
                  std::string(NameOf(row->state)) + " by now");
}

// A series keeps the place of the first of its rows that is still open, and all of these have the
// highest priority that any of them came with.
void Transaction::JoinSeries(Row& row, int64_t& place) {
  if (row.instance.series.empty() || !IsOpen(row.state)) return;
  const std::string& application = row.instance.application;
  int64_t rank = RankOf(Priority::kLow) + 1;
  {
    Rows open = database_.Ask(
        "SELECT place, rank FROM delivery WHERE application = ? AND series = ? AND "
        "state NOT IN ('delivered', 'discarded') ORDER BY id LIMIT 1",
        application, row.instance.series);
    if (!open.Next()) return;
    place = open.Int();
    rank = open.Int();
  }
  if (rank < RankOf(row.priority)) {
    row.priority = static_cast<Priority>(RankOf(Priority::kLow) - rank);
  } else if (rank > RankOf(row.priority)) {
    database_.Run(
        "UPDATE delivery SET rank = ? WHERE application = ? AND series = ? AND "
        "state NOT IN ('delivered', 'discarded')",
        RankOf(row.priority), application, row.instance.series);
  }
}

void Transaction::Insert(Row& row) {
  const Instance& instance = row.instance;
  int64_t number =
      instance.instance_number ? int64_t{*instance.instance_number} : kNoInstanceNumber;
  std::optional<Bytes> canonical;
  if (row.canonical) canonical = Bytes(*row.canonical);
  std::optional<int64_t> waits_for;
  if (row.waits_for) waits_for = static_cast<int64_t>(*row.waits_for);
  int64_t place = 0;
  JoinSeries(row, place);
  row.next_attempt_at = DueAt(row);
  const bool rests = row.state == State::kReady && row.next_attempt_at > now_;
  database_.Run(
      "INSERT INTO delivery (sop_instance, sop_class, kind, application, client, called, "
      "calling_as, study, series, instance_number, transfer_syntax, file, size, dataset_offset, "
      "sha256, canonical, state, cause, reason, accepted_at, since, attempts, next_attempt_at, "
      "owner, lease_until, deadline, warn_after, missing, waits_for, begun, maybe_there, "
      "there_before, ready_since, rests, listed, moved_at, place, at_deadline, not_before, rank) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, "
      "?19, ?20, ?21, ?27, ?22, '', NULL, ?23, ?24, ?25, ?26, 0, ?28, ?29, ?30, ?32, ?31, ?20, "
      "?33, ?34, ?35, ?36)",
      instance.sop_instance, instance.sop_class, static_cast<int>(instance.kind),
      instance.application, instance.client, instance.called, instance.calling_as, instance.study,
      instance.series, number, instance.transfer_syntax, row.file.name, row.file.size,
      row.file.dataset_offset, Bytes(row.file.sha256), canonical, NameOf(row.state),
      NameOf(row.reason.cause), row.reason.text, row.accepted_at, row.since, row.next_attempt_at,
      row.deadline, row.warn_after, row.missing, waits_for, row.attempts, row.maybe_there,
      row.there_before, row.ready_since, row.listed, rests, place, NameOf(row.at_deadline),
      row.not_before, RankOf(row.priority));
  row.id = database_.LastId();
  database_.Run("UPDATE delivery SET place = id WHERE id = ? AND place = 0", row.id);
  UseFile(row.file);
  AddHistory(row.id, std::nullopt, row, kSelf);
  Count(row, +1);
  if (row.state == State::kReady) ready_.insert(row.instance.application);
}

// Kept over attempts and verification: how long it has been tried in vain.
std::optional<WallTime> Transaction::ReadySince(const Row& before, const Row& after) const {
  auto rests = [](State state) { return state == State::kWaiting || state == State::kQuarantined; };
  if (rests(after.state)) return std::nullopt;
  return rests(before.state) ? std::max(now_, DueAt(after)) : before.ready_since;
}

void Transaction::Write(const Row& before, const Row& after, WallTime since) {
  std::optional<int64_t> waits_for;
  if (after.waits_for) waits_for = static_cast<int64_t>(*after.waits_for);
  const WallTime due_at = DueAt(after);
  database_.Run(
      "UPDATE delivery SET state = ?, cause = ?, reason = ?, since = ?, attempts = ?, "
      "next_attempt_at = ?, owner = ?, lease_until = ?, deadline = ?, warn_after = ?, "
      "missing = ?, waits_for = ?, begun = ?, maybe_there = ?, there_before = ?, ready_since = ?, "
      "rests = ?, listed = ?, moved_at = ?, not_before = ? WHERE id = ?",
      NameOf(after.state), NameOf(after.reason.cause), after.reason.text, since, after.attempts,
      due_at, after.owner, after.lease_until, after.deadline, after.warn_after, after.missing,
      waits_for, after.begun, after.maybe_there, after.there_before, ReadySince(before, after),
      after.state == State::kReady && due_at > now_, after.listed, after.moved_at, after.not_before,
      after.id);
  Count(before, -1);
  Count(after, +1);
}

void Transaction::HandOver(const Row& before, const Row& after) {
  Write(before, after, before.since);
}

void Transaction::Begin(const Row& before, const Row& after) {
  Write(before, after, now_);
  AddHistory(after.id, State::kReady, after, kSelf);
}

void Transaction::Update(const Row& before, const Row& after, std::string_view by) {
  bool moved = before.state != after.state;
  Write(before, after, moved ? now_ : before.since);
  bool only_claimed = before.state == State::kSending && !before.begun;
  State from = only_claimed ? State::kReady : before.state;
  if (moved || before.reason != after.reason) AddHistory(after.id, from, after, by);
  if (after.state == State::kReady) ready_.insert(after.instance.application);
  if (!moved) return;
  if (before.state == State::kWaiting) UnwantAll(after.id);
  if (after.state == State::kWaiting) WantAll(after);
  if (!IsOpen(after.state)) {
    database_.Run("DELETE FROM requirement WHERE row = ?", after.id);
    GiveUpFile(after.file, after.state == State::kDelivered);
  }
}

void Transaction::Recount(Row& row) {
  Rows rows = database_.Ask(
      "SELECT COUNT(*), SUM(site = ?), MIN(kind) FROM requirement "
      "WHERE row = ? AND noted = 0 AND met_at IS NULL",
      kListOnly, row.id);
  if (!rows.Next()) return;
  row.missing = static_cast<int>(rows.Int());
  row.listed = static_cast<int>(rows.Int());
  row.waits_for.reset();
  if (std::optional<int64_t> kind = rows.OptionalInt()) row.waits_for = static_cast<Kind>(*kind);
}

void Transaction::Want(const std::string& application, const Requirement& requirement,
                       WallTime next_check, bool soon) {
  database_.Run(
      "INSERT INTO wanted (application, uid, of_study, kind, level, series, study, waiters, asked, "
      "next_check, soon) VALUES (?1, ?2, CASE ?4 WHEN 0 THEN '' ELSE ?6 END, ?3, ?4, ?5, ?6, 1, "
      "0, ?7, ?8 OR EXISTS (SELECT 1 FROM existence WHERE application = ?1 AND uid = ?2)) "
      "ON CONFLICT (application, uid, of_study) DO UPDATE SET waiters = waiters + 1, "
      "series = CASE series WHEN '' THEN excluded.series ELSE series END, "
      "study = CASE study WHEN '' THEN excluded.study ELSE study END",
      application, requirement.uid, static_cast<int>(requirement.kind),
      static_cast<int>(requirement.level), requirement.series, requirement.study, next_check, soon);
}

void Transaction::Unwant(RowId row, const Uid& uid) {
  database_.Run(
      "UPDATE wanted SET waiters = waiters - 1 WHERE (application, uid, of_study) IN "
      "(SELECT application, uid, of_study FROM requirement WHERE row = ? AND uid = ?)",
      row, uid);
  database_.Run(
      "DELETE FROM wanted WHERE waiters <= 0 AND (application, uid, of_study) IN "
      "(SELECT application, uid, of_study FROM requirement WHERE row = ? AND uid = ?)",
      row, uid);
}

void Transaction::WantAll(const Row& row) {
  for (const Requirement& missing : MissingOf(database_, row.id, 0, -1))
    Want(row.instance.application, missing, ask_from_.value_or(now_), ask_from_.has_value());
}

void Transaction::UnwantAll(RowId row) {
  database_.Run(
      "UPDATE wanted SET waiters = waiters - 1 WHERE (application, uid, of_study) IN "
      "(SELECT application, uid, of_study FROM requirement "
      "WHERE row = ? AND noted = 0 AND met_at IS NULL)",
      row);
  database_.Run(
      "DELETE FROM wanted WHERE waiters <= 0 AND (application, uid, of_study) IN "
      "(SELECT application, uid, of_study FROM requirement "
      "WHERE row = ? AND noted = 0 AND met_at IS NULL)",
      row);
}

bool Transaction::FileInUse(const std::string& name) {
  Rows rows = database_.Ask("SELECT 1 FROM file WHERE name = ?", name);
  return rows.Next();
}

void Transaction::UseFile(const SpoolFile& file) {
  if (!FileInUse(file.name)) {
    ++gauges_.added.spool_files;
    gauges_.added.spool_bytes += static_cast<int64_t>(file.size);
  }
  database_.Run(
      "INSERT INTO file (name, size, uses) VALUES (?, ?, 1) "
      "ON CONFLICT (name) DO UPDATE SET uses = uses + 1",
      file.name, file.size);
}

void Transaction::RetainFile(const std::string& name, std::chrono::milliseconds retain_for) {
  database_.Run("UPDATE file SET retain_for = MAX(retain_for, ?) WHERE name = ?",
                static_cast<int64_t>(retain_for.count()), name);
}

void Transaction::GiveUpFile(const SpoolFile& file, bool delivered) {
  database_.Run("UPDATE file SET uses = uses - 1, delivered = delivered OR ? WHERE name = ?",
                delivered, file.name);
  // A promise stands whatever became of the row.
  const int64_t kept = database_.Run(
      "UPDATE file SET kept_until = MAX(promised_until, IIF(delivered AND retain_for > 0, "
      "?2 + retain_for, 0)) WHERE name = ?1 AND uses <= 0 AND kept_until IS NULL AND "
      "(promised_until > ?2 OR (delivered AND retain_for > 0))",
      file.name, now_);
  if (kept > 0) {
    gauges_.added.kept_bytes += static_cast<int64_t>(file.size);
    gauges_.added.spare_bytes += SpareOf(file.name);
  } else if (database_.Run("DELETE FROM file WHERE name = ? AND uses <= 0", file.name) > 0) {
    Bury(file.name, file.size);
  }
}

// In bytes: its size, or nothing where it is not kept, or is promised.
int64_t Transaction::SpareOf(const std::string& name) {
  Rows rows = database_.Ask(
      "SELECT size FROM file WHERE name = ? AND kept_until IS NOT NULL AND promised_until = 0",
      name);
  return rows.Next() ? rows.Int() : 0;
}

bool Transaction::PromiseFile(const std::string& name, WallTime until) {
  gauges_.added.spare_bytes -= SpareOf(name);
  return database_.Run(
             "UPDATE file SET promised_until = MAX(promised_until, ?2), "
             "kept_until = MAX(kept_until, ?2) WHERE name = ?1",
             name, until) > 0;
}

void Transaction::BuryKept(const std::string& name, uint64_t size) {
  const int64_t spare = SpareOf(name);
  if (database_.Run("DELETE FROM file WHERE name = ? AND kept_until IS NOT NULL", name) == 0)
    return;
  gauges_.added.kept_bytes -= static_cast<int64_t>(size);
  gauges_.added.spare_bytes -= spare;
  Bury(name, size);
}

void Transaction::Bury(const std::string& name, uint64_t size) {
  database_.Run("INSERT OR IGNORE INTO tombstone (file) VALUES (?)", name);
  --gauges_.added.spool_files;
  gauges_.added.spool_bytes -= static_cast<int64_t>(size);
  tombstones_.push_back(name);
}

void Transaction::AddHistory(RowId row, std::optional<State> from, const Row& after,
                             std::string_view by) {
  std::optional<std::string_view> from_name;
  if (from) from_name = NameOf(*from);
  database_.Run(
      "INSERT INTO history (row, at, from_state, to_state, cause, reason, by_whom) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)",
      row, now_, from_name, NameOf(after.state), NameOf(after.reason.cause), after.reason.text, by);
}

void Transaction::Count(const Row& row, int sign) {
  const std::string& application = row.instance.application;
  switch (row.state) {
    case State::kWaiting:
      gauges_.added
          .held[{application, row.instance.kind, HeldReason(row.reason.cause, row.waits_for)}] +=
          sign;
      gauges_.oldest[{application, row.instance.kind}];
      break;
    case State::kReady:
    case State::kSending:
    case State::kVerifying:
      gauges_.added.queue[application].instances += sign;
      gauges_.added.queue[application].bytes += sign * static_cast<int64_t>(row.file.size);
      break;
    case State::kQuarantined:
      gauges_.added.quarantined[{application, std::string(NameOf(row.reason.cause))}] += sign;
      break;
    case State::kDelivered:
    case State::kDiscarded:
      break;
  }
}

void Transaction::Close() {
  for (auto& [key, oldest] : gauges_.oldest) oldest = OldestHeld(database_, key.first, key.second);
}

}  // namespace router::store
