#include "router/store/sqlite_ledger.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "router/store/copies.h"
#include "router/store/integrity.h"
#include "router/store/ledger_thread.h"
#include "router/store/queries.h"
#include "router/store/schema.h"
#include "router/store/steps.h"

namespace router::store {
namespace {

// Rows that were being sent, and the gauges, once the tables are there.
Result<Gauges> TakeOver(Database& database, const Clock& clock, SweepReport& report) {
  Transaction tx(database, clock.WallNow());
  database.Run("BEGIN IMMEDIATE");
  steps::MoveBackAtStart(tx);
  report.outcomes_unknown = steps::EndAllSending(tx);
  database.Run("COMMIT");
  Gauges gauges = CountAll(database);
  if (database.failed()) return std::unexpected(database.failure());
  return gauges;
}

// What gets no row of its own needs no file: its part stays one until it is removed, so that a
// crash leaves nothing of it that a start would keep.
std::vector<std::string> FilesOf(const std::vector<Acceptance>& instances) {
  std::vector<std::string> names;
  for (const Acceptance& one : instances) {
    if (one.only_if_held) continue;
    if (std::find(names.begin(), names.end(), one.file.name) == names.end())
      names.push_back(one.file.name);
  }
  return names;
}

// Was the instance refused of which the others are copies?
bool IsConflict(const std::vector<Accepted>& answers, const std::vector<Acceptance>& instances) {
  return !answers.empty() && !instances.front().is_copy &&
         answers.front().outcome == Accepted::Outcome::kConflict;
}

// A new ledger in its place would know nothing of what was to be restored.
Result<> MustNotBeHalfRestored(const StorePaths& paths) {
  std::error_code error;
  if (!std::filesystem::exists(paths.LedgerPart(), error)) return {};
  if (std::filesystem::exists(paths.Ledger(), error)) return {};
  return router::Fail(Errc::kBadConfig, Blame::kInternal,
                      "a restore into " + paths.directory +
                          " was broken off: remove what is in it, and restore again (sluice "
                          "restore), or begin with an empty directory");
}

Task<Result<Accepted>> FirstOf(Task<Result<std::vector<Accepted>>> all) {
  Result<std::vector<Accepted>> answers = co_await all;
  if (!answers) co_return std::unexpected(answers.error());
  co_return answers->front();
}

}  // namespace

Result<std::unique_ptr<SqliteLedger>> SqliteLedger::Open(Options options, const Clock& clock,
                                                         Disk& disk) {
  StorePaths paths{options.directory};
  Result<> made = disk.MakeDirectory(paths.Spool());
  if (!made) return std::unexpected(made.error());
  Result<int> lock = LockStore(paths);
  if (!lock) return std::unexpected(lock.error());
  auto fail = [&lock, &paths](Error error) {
    ::close(*lock);
    if (error.code == Errc::kCorrupt) error.detail += AfterDamage(paths);
    return std::unexpected(std::move(error));
  };
  if (Result<> whole = MustNotBeHalfRestored(paths); !whole) return fail(whole.error());
  Result<std::unique_ptr<Database>> database =
      Database::Open(paths.Ledger(), Database::Access::kReadWrite, options.vfs);
  if (!database) return fail(database.error());
  KeepCopy keep_copy = [&](Database& old, int version) {
    return CopyLedger(old, paths.LedgerOf(version), disk);
  };
  Result<Prepared> prepared = PrepareLedger(**database, options.max_pages, keep_copy);
  if (!prepared) return fail(prepared.error());
  Result<SweepReport> report = SweepSpool(**database, disk, paths);
  if (!report) return fail(report.error());
  Result<Gauges> gauges = TakeOver(**database, clock, *report);
  if (!gauges) return fail(gauges.error());
  std::unique_ptr<IntegrityWatch> watch;
  if (prepared->ended_in_order) {
    // A read-only connection knows of no CHECK constraints.
    Result<std::unique_ptr<Database>> beside =
        Database::Open(paths.Ledger(), Database::Access::kReadWrite, options.vfs);
    if (!beside) return fail(beside.error());
    (*beside)->Script("PRAGMA query_only = ON");
    watch = std::make_unique<IntegrityWatch>(std::move(*beside), paths);
  }
  auto thread =
      std::make_unique<LedgerThread>(std::move(*database), disk, paths, clock, std::move(*gauges),
                                     LedgerThread::Options{std::move(options.on_commit)});
  return std::unique_ptr<SqliteLedger>(
      new SqliteLedger(std::move(thread), std::move(watch), std::move(*report), *lock));
}

SqliteLedger::SqliteLedger(std::unique_ptr<LedgerThread> thread,
                           std::unique_ptr<IntegrityWatch> watch, SweepReport sweep, int lock)
    : thread_(std::move(thread)),
      commitments_(*thread_),
      watch_(std::move(watch)),
      sweep_(std::move(sweep)),
      lock_(lock) {}

SqliteLedger::~SqliteLedger() {
  watch_.reset();
  thread_.reset();
  ::close(lock_);
}

Task<Result<Accepted>> SqliteLedger::Accept(Acceptance instance) {
  std::vector<Acceptance> one;
  one.push_back(std::move(instance));
  return FirstOf(AcceptAll(std::move(one)));
}

Task<Result<std::vector<Accepted>>> SqliteLedger::AcceptAll(std::vector<Acceptance> instances) {
  std::vector<std::string> parts = FilesOf(instances);
  return thread_->Do<std::vector<Accepted>>(
      std::move(parts),
      [this, instances = std::move(instances)](Transaction& tx) -> Result<std::vector<Accepted>> {
        std::vector<Accepted> answers;
        for (const Acceptance& one : instances) {
          if (one.only_if_held) thread_->DropPart(one.file.name);
          answers.push_back(one.is_copy && IsConflict(answers, instances)
                                ? Accepted{Accepted::Outcome::kNotKept, 0, State::kWaiting, {}}
                                : steps::Accept(tx, one));
        }
        return answers;
      });
}

Task<Result<RowId>> SqliteLedger::Keep(Acceptance instance) {
  std::vector<std::string> parts = {instance.file.name};
  return thread_->Do<RowId>(std::move(parts), [instance = std::move(instance)](Transaction& tx) {
    return steps::Keep(tx, instance);
  });
}

Task<Result<uint64_t>> SqliteLedger::MakeRoom(uint64_t bytes) {
  return thread_->Do<uint64_t>({}, [=](Transaction& tx) { return steps::MakeRoom(tx, bytes); });
}

Task<Result<std::vector<ReadyRow>>> SqliteLedger::Exists(std::string application,
                                                         std::vector<Uid> uids,
                                                         Knowledge knowledge) {
  return thread_->Do<std::vector<ReadyRow>>(
      {}, [=](Transaction& tx) { return steps::Exists(tx, application, uids, knowledge); });
}

Task<Result<std::vector<ReadyRow>>> SqliteLedger::CollectionsFound(
    std::string application, std::vector<Collection> collections) {
  return thread_->Do<std::vector<ReadyRow>>(
      {}, [=](Transaction& tx) { return steps::CollectionsFound(tx, application, collections); });
}

void SqliteLedger::NoteExists(std::string application, std::vector<Uid> uids, Knowledge knowledge) {
  thread_->Note([=](Transaction& tx) { steps::Exists(tx, application, uids, knowledge); });
}

Task<Result<>> SqliteLedger::Absent(std::string application, std::vector<Absence> absences) {
  return thread_->Do<void>({}, [=](Transaction& tx) -> Result<> {
    steps::Absent(tx, application, absences);
    return {};
  });
}

Task<Result<>> SqliteLedger::ForgetExistence(std::string application, std::vector<Uid> uids) {
  return thread_->Do<void>({}, [=](Transaction& tx) -> Result<> {
    steps::ForgetExistence(tx, application, uids);
    return {};
  });
}

Task<Result<std::vector<Uid>>> SqliteLedger::AskSoon(std::string application, std::vector<Uid> uids,
                                                     WallTime at) {
  return thread_->Do<std::vector<Uid>>(
      {}, [=](Transaction& tx) { return steps::AskSoon(tx, application, uids, at); });
}

Task<Result<std::vector<Uid>>> SqliteLedger::Unknown(std::string application,
                                                     std::vector<Uid> uids) {
  return thread_->Do<std::vector<Uid>>(
      {}, [=](Transaction& tx) { return steps::Unknown(tx, application, uids); });
}

Task<Result<std::vector<Uid>>> SqliteLedger::Coming(std::string application,
                                                    std::vector<Uid> uids) {
  return thread_->Do<std::vector<Uid>>(
      {}, [=](Transaction& tx) { return steps::Coming(tx, application, uids); });
}

Task<Result<Standing>> SqliteLedger::StandingOf(Instance instance) {
  return thread_->Do<Standing>(
      {}, [=](Transaction& tx) { return StandingOfInstance(tx.database(), instance); });
}

Task<Result<std::vector<WantedUid>>> SqliteLedger::Wanted(std::string application, WallTime due_by,
                                                          int limit) {
  return thread_->Do<std::vector<WantedUid>>(
      {}, [=](Transaction& tx) { return WantedUids(tx.database(), application, due_by, limit); });
}

Task<Result<std::vector<WantedUid>>> SqliteLedger::WantedCollections(std::string application,
                                                                     int limit) {
  return thread_->Do<std::vector<WantedUid>>(
      {}, [=](Transaction& tx) { return CollectionsWanted(tx.database(), application, limit); });
}

Task<Result<std::vector<HeldRow>>> SqliteLedger::Quiet(std::string application,
                                                       WallTime quiet_since, int limit) {
  return thread_->Do<std::vector<HeldRow>>({}, [=](Transaction& tx) {
    return QuietRows(tx.database(), application, quiet_since, limit);
  });
}

Task<Result<State>> SqliteLedger::Relax(RowId row, std::vector<Uid> uids, Reason reason) {
  return thread_->Do<State>({},
                            [=](Transaction& tx) { return steps::Relax(tx, row, uids, reason); });
}

Task<Result<std::vector<Row>>> SqliteLedger::Claim(std::string application, int limit,
                                                   std::string owner,
                                                   std::chrono::milliseconds lease) {
  return thread_->Do<std::vector<Row>>(
      {}, [=](Transaction& tx) { return steps::Claim(tx, application, limit, owner, lease); });
}

Task<Result<std::vector<Row>>> SqliteLedger::ClaimFresh(std::string application, int limit,
                                                        std::string owner,
                                                        std::chrono::milliseconds lease) {
  return thread_->Do<std::vector<Row>>(
      {}, [=](Transaction& tx) { return steps::ClaimFresh(tx, application, limit, owner, lease); });
}

Task<Result<std::vector<Row>>> SqliteLedger::ClaimLongestDue(std::string application,
                                                             std::string owner,
                                                             std::chrono::milliseconds lease) {
  return thread_->Do<std::vector<Row>>(
      {}, [=](Transaction& tx) { return steps::ClaimLongestDue(tx, application, owner, lease); });
}

Task<Result<Row>> SqliteLedger::Begin(std::vector<RowId> rows, std::chrono::milliseconds lease) {
  return thread_->Do<Row>({}, [=](Transaction& tx) { return steps::Begin(tx, rows, lease); });
}

Task<Result<int>> SqliteLedger::Renew(std::vector<RowId> rows, std::chrono::milliseconds lease) {
  return thread_->Do<int>({}, [=](Transaction& tx) { return steps::Renew(tx, rows, lease); });
}

Task<Result<>> SqliteLedger::GiveBack(std::vector<RowId> rows) {
  return thread_->Do<void>({}, [=](Transaction& tx) -> Result<> {
    steps::GiveBack(tx, rows);
    return {};
  });
}

Task<Result<std::vector<ReadyRow>>> SqliteLedger::Complete(RowId row,
                                                           std::optional<Knowledge> knowledge) {
  return thread_->Do<std::vector<ReadyRow>>(
      {}, [=](Transaction& tx) { return steps::Complete(tx, row, knowledge); });
}

Task<Result<>> SqliteLedger::Verifying(RowId row, Reason reason) {
  return thread_->Do<void>({}, [=](Transaction& tx) { return steps::Verifying(tx, row, reason); });
}

Task<Result<>> SqliteLedger::Fail(RowId row, Reason reason, WallTime next_attempt_at) {
  return thread_->Do<void>(
      {}, [=](Transaction& tx) { return steps::FailAttempt(tx, row, reason, next_attempt_at); });
}

Task<Result<State>> SqliteLedger::BackToWaiting(RowId row, Reason reason,
                                                std::vector<Requirement> unmet, WallTime retry_at) {
  return thread_->Do<State>(
      {}, [=](Transaction& tx) { return steps::BackToWaiting(tx, row, reason, unmet, retry_at); });
}

Task<Result<>> SqliteLedger::Quarantine(RowId row, Reason reason, std::optional<State> from) {
  return thread_->Do<void>(
      {}, [=](Transaction& tx) { return steps::Quarantine(tx, row, reason, from); });
}

Task<Result<>> SqliteLedger::Discard(RowId row, std::string reason, std::string by) {
  return thread_->Do<void>({},
                           [=](Transaction& tx) { return steps::Discard(tx, row, reason, by); });
}

Task<Result<State>> SqliteLedger::Release(RowId row, std::string reason, std::string by,
                                          std::optional<State> from) {
  return thread_->Do<State>(
      {}, [=](Transaction& tx) { return steps::Release(tx, row, reason, by, from); });
}

Task<Result<State>> SqliteLedger::Retry(RowId row, std::string reason, std::string by) {
  return thread_->Do<State>({}, [=](Transaction& tx) { return steps::Retry(tx, row, reason, by); });
}

Task<Result<std::vector<Row>>> SqliteLedger::NotePatient(std::string application, Uid sop_instance,
                                                         Patient patient, bool quarantine) {
  return thread_->Do<std::vector<Row>>({}, [=](Transaction& tx) {
    return steps::NotePatient(tx, application, sop_instance, patient, quarantine);
  });
}

Task<Result<std::vector<Uid>>> SqliteLedger::OtherPatients(std::string application,
                                                           std::vector<Uid> uids, Patient patient) {
  return thread_->Do<std::vector<Uid>>(
      {}, [=](Transaction& tx) { return steps::OtherPatients(tx, application, uids, patient); });
}

Task<Result<Row>> SqliteLedger::Find(RowId row) {
  return thread_->Do<Row>({}, [=](Transaction& tx) -> Result<Row> {
    std::optional<Row> found = FindRow(tx.database(), row);
    if (found) return std::move(*found);
    return router::Fail(Errc::kNotFound, Blame::kInternal,
                        "there is no row " + std::to_string(row));
  });
}

Task<Result<std::vector<HeldRow>>> SqliteLedger::Held(HeldFilter filter) {
  return thread_->Do<std::vector<HeldRow>>(
      {}, [=](Transaction& tx) { return HeldRows(tx.database(), filter); });
}

Task<Result<std::vector<HeldRow>>> SqliteLedger::ByUid(Uid sop_instance) {
  return thread_->Do<std::vector<HeldRow>>(
      {}, [=](Transaction& tx) { return RowsOfUid(tx.database(), sop_instance); });
}

Task<Result<std::vector<HistoryStep>>> SqliteLedger::History(RowId row) {
  return thread_->Do<std::vector<HistoryStep>>(
      {}, [=](Transaction& tx) { return HistoryOf(tx.database(), row); });
}

Task<Result<std::vector<Row>>> SqliteLedger::Unverified(std::string application, int limit) {
  return thread_->Do<std::vector<Row>>(
      {}, [=](Transaction& tx) { return UnverifiedRows(tx.database(), application, limit); });
}

Task<Result<NextDue>> SqliteLedger::Due(std::string application) {
  return thread_->Do<NextDue>({},
                              [=](Transaction& tx) { return DueOf(tx.database(), application); });
}

Task<Result<std::vector<Row>>> SqliteLedger::Overdue(std::string application, WallTime now,
                                                     int limit) {
  return thread_->Do<std::vector<Row>>(
      {}, [=](Transaction& tx) { return OverdueRows(tx.database(), application, now, limit); });
}

Task<Result<std::vector<Row>>> SqliteLedger::TakeWarnings(std::string application, WallTime now,
                                                          int limit) {
  return thread_->Do<std::vector<Row>>(
      {}, [=](Transaction& tx) { return steps::TakeWarnings(tx, application, now, limit); });
}

Task<Result<int64_t>> SqliteLedger::OpenRows(std::string application) {
  return thread_->Do<int64_t>(
      {}, [=](Transaction& tx) { return OpenRowsOf(tx.database(), application); });
}

Task<Result<uint16_t>> SqliteLedger::ReserveMessageIds(std::string application, AeTitle title,
                                                       uint16_t count) {
  return thread_->Do<uint16_t>(
      {}, [=](Transaction& tx) { return steps::ReserveMessageIds(tx, application, title, count); });
}

void SqliteLedger::OnReady(std::function<void(const std::string& application)> notify) {
  thread_->OnReady(std::move(notify));
}

Gauges SqliteLedger::gauges() const { return thread_->gauges(); }

}  // namespace router::store
