#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "router/base/clock.h"
#include "router/store/disk.h"
#include "router/store/ledger.h"
#include "router/store/sqlite_commitments.h"
#include "router/store/sweep.h"

namespace router::store {

class IntegrityWatch;
class LedgerThread;

// The ledger in one SQLite database beside the spool: WAL, synchronous=FULL, one thread that
// writes. A failed commit ends the process (log::Fatal): what is on disk is not known then, and
// starting again finds it out.
//
// Owned by the app; destroyed after the loops have stopped, it finishes what was called.
class SqliteLedger : public Ledger {
 public:
  struct Options {
    std::string directory;  // of the store; spool/ lies in it
    // On the ledger's thread, after each commit that wrote something: how long the transaction
    // took, and how many calls shared it.
    std::function<void(std::chrono::nanoseconds, int calls)> on_commit = {};
    std::string vfs = {};   // of SQLite; empty: the default. For tests of disk faults
    int64_t max_pages = 0;  // the database may not grow beyond it (SQLITE_FULL); 0: no limit
  };

  // Blocks: checks the integrity of the database (where it ended in order, beside the work),
  // migrates older tables after it has put a copy of the ledger beside it, sweeps the spool, turns
  // `sending` into `verifying`. Errors: kDisk; kCorrupt; kLimit where another process has this
  // store open; kBadConfig where the database was written by a newer version.
  static Result<std::unique_ptr<SqliteLedger>> Open(Options options, const Clock& clock,
                                                    Disk& disk = TheDisk());
  ~SqliteLedger() override;

  const SweepReport& sweep() const { return sweep_; }
  CommitmentLedger& commitments() { return commitments_; }

  Task<Result<Accepted>> Accept(Acceptance instance) override;
  Task<Result<std::vector<Accepted>>> AcceptAll(std::vector<Acceptance> instances) override;
  Task<Result<RowId>> Keep(Acceptance instance) override;
  Task<Result<uint64_t>> MakeRoom(uint64_t bytes) override;
  Task<Result<std::vector<ReadyRow>>> Exists(std::string application, std::vector<Uid> uids,
                                             Knowledge knowledge) override;
  Task<Result<std::vector<ReadyRow>>> CollectionsFound(
      std::string application, std::vector<Collection> collections) override;
  void NoteExists(std::string application, std::vector<Uid> uids, Knowledge knowledge) override;
  Task<Result<>> Absent(std::string application, std::vector<Absence> absences) override;
  Task<Result<>> ForgetExistence(std::string application, std::vector<Uid> uids) override;
  Task<Result<std::vector<Uid>>> AskSoon(std::string application, std::vector<Uid> uids,
                                         WallTime at) override;
  Task<Result<std::vector<Uid>>> Unknown(std::string application, std::vector<Uid> uids) override;
  Task<Result<std::vector<Uid>>> Coming(std::string application, std::vector<Uid> uids) override;
  Task<Result<Standing>> StandingOf(Instance instance) override;
  Task<Result<std::vector<WantedUid>>> Wanted(std::string application, WallTime due_by,
                                              int limit) override;
  Task<Result<std::vector<WantedUid>>> WantedCollections(std::string application,
                                                         int limit) override;
  Task<Result<std::vector<HeldRow>>> Quiet(std::string application, WallTime quiet_since,
                                           int limit) override;
  Task<Result<State>> Relax(RowId row, std::vector<Uid> uids, Reason reason) override;
  Task<Result<std::vector<Row>>> Claim(std::string application, int limit, std::string owner,
                                       std::chrono::milliseconds lease) override;
  Task<Result<std::vector<Row>>> ClaimFresh(std::string application, int limit, std::string owner,
                                            std::chrono::milliseconds lease) override;
  Task<Result<std::vector<Row>>> ClaimLongestDue(std::string application, std::string owner,
                                                 std::chrono::milliseconds lease) override;
  Task<Result<Row>> Begin(std::vector<RowId> rows, std::chrono::milliseconds lease) override;
  Task<Result<int>> Renew(std::vector<RowId> rows, std::chrono::milliseconds lease) override;
  Task<Result<>> GiveBack(std::vector<RowId> rows) override;
  Task<Result<std::vector<ReadyRow>>> Complete(RowId row,
                                               std::optional<Knowledge> knowledge) override;
  Task<Result<>> Verifying(RowId row, Reason reason) override;
  Task<Result<>> Fail(RowId row, Reason reason, WallTime next_attempt_at) override;
  Task<Result<State>> BackToWaiting(RowId row, Reason reason, std::vector<Requirement> unmet,
                                    WallTime retry_at) override;
  Task<Result<>> Quarantine(RowId row, Reason reason,
                            std::optional<State> from = std::nullopt) override;
  Task<Result<>> Discard(RowId row, std::string reason, std::string by) override;
  Task<Result<State>> Release(RowId row, std::string reason, std::string by,
                              std::optional<State> from) override;
  Task<Result<State>> Retry(RowId row, std::string reason, std::string by) override;
  Task<Result<std::vector<Row>>> NotePatient(std::string application, Uid sop_instance,
                                             Patient patient, bool quarantine) override;
  Task<Result<std::vector<Uid>>> OtherPatients(std::string application, std::vector<Uid> uids,
                                               Patient patient) override;
  Task<Result<Row>> Find(RowId row) override;
  Task<Result<std::vector<HeldRow>>> Held(HeldFilter filter) override;
  Task<Result<std::vector<HeldRow>>> ByUid(Uid sop_instance) override;
  Task<Result<std::vector<HistoryStep>>> History(RowId row) override;
  Task<Result<std::vector<Row>>> Unverified(std::string application, int limit) override;
  Task<Result<NextDue>> Due(std::string application) override;
  Task<Result<std::vector<Row>>> Overdue(std::string application, WallTime now, int limit) override;
  Task<Result<std::vector<Row>>> TakeWarnings(std::string application, WallTime now,
                                              int limit) override;
  Task<Result<int64_t>> OpenRows(std::string application) override;
  Task<Result<uint16_t>> ReserveMessageIds(std::string application, AeTitle title,
                                           uint16_t count) override;
  void OnReady(std::function<void(const std::string& application)> notify) override;
  Gauges gauges() const override;

 private:
  SqliteLedger(std::unique_ptr<LedgerThread> thread, std::unique_ptr<IntegrityWatch> watch,
               SweepReport sweep, int lock);

  std::unique_ptr<LedgerThread> thread_;
  SqliteCommitments commitments_;
  std::unique_ptr<IntegrityWatch> watch_;  // absent: all was checked at the start
  const SweepReport sweep_;
  const int lock_;  // descriptor of the locked file
};

}  // namespace router::store
