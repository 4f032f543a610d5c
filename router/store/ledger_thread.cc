#include "router/store/ledger_thread.h"

#include <pthread.h>

#include <algorithm>
#include <set>

#include "router/base/fail_point.h"
#include "router/base/log.h"
#include "router/store/integrity.h"
#include "router/store/schema.h"
#include "router/store/steps.h"

namespace router::store {

LedgerThread::LedgerThread(std::unique_ptr<Database> database, Disk& disk, StorePaths paths,
                           const Clock& clock, Gauges gauges, Options options)
    : database_(std::move(database)),
      disk_(disk),
      paths_(std::move(paths)),
      clock_(clock),
      options_(std::move(options)),
      forgot_at_(clock.WallNow()),
      gauges_(std::move(gauges)) {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "ledger");
}

LedgerThread::~LedgerThread() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  due_.notify_all();
  thread_.join();
}

void LedgerThread::Note(std::move_only_function<void(Transaction&)> work) {
  Call call;
  call.run = std::move(work);
  Submit(std::move(call));
}

void LedgerThread::OnReady(std::function<void(const std::string&)> notify) {
  std::lock_guard lock(mutex_);
  on_ready_ = std::move(notify);
}

Gauges LedgerThread::gauges() const {
  std::lock_guard lock(gauges_mutex_);
  return gauges_;
}

void LedgerThread::Submit(Call call) {
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(call));
  }
  due_.notify_one();
}

std::vector<LedgerThread::Call> LedgerThread::NextBatch() {
  std::unique_lock lock(mutex_);
  due_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  std::vector<Call> batch;
  while (!queue_.empty() && batch.size() < kBatch) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

void LedgerThread::Run() {
  for (;;) {
    std::vector<Call> batch = NextBatch();
    if (batch.empty()) break;
    Perform(batch);
  }
  SyncUnlinked();
  std::vector<Call> none;
  if (!buried_.empty()) Perform(none);
  MarkEnd(*database_, clock_.WallNow());
}

// A file that was unlinked may be there again after a power failure, until its folder was synced:
// only then does its tombstone have no more to say.
void LedgerThread::SyncUnlinked() {
  if (!unlinked_.empty() && disk_.SyncDirectory(paths_.Spool())) NoteSynced();
}

void LedgerThread::NoteSynced() {
  buried_.insert(buried_.end(), unlinked_.begin(), unlinked_.end());
  unlinked_.clear();
}

// Renamed files are durable before the rows that name them: a row without its file would be a lost
// instance, a file without its row is only litter.
void LedgerThread::PlaceFiles(std::vector<Call>& batch) {
  bool renamed = false;
  for (Call& call : batch) {
    for (const std::string& name : call.parts) {
      Result<> placed = disk_.Rename(paths_.Part(name), paths_.File(name));
      if (!placed) {
        call.error = placed.error();
        call.error->code = Errc::kDisk;
        break;
      }
      renamed = true;
    }
  }
  Result<> synced;
  if (renamed) {
    Reach(FailPoint::kRenamed);
    synced = disk_.SyncDirectory(paths_.Spool());
    Reach(FailPoint::kFolderSynced);
    if (synced) NoteSynced();
  } else if (unlinked_.size() >= kUnlinkedAtMost) {
    SyncUnlinked();
  }
  for (Call& call : batch) {
    if (call.parts.empty()) continue;
    if (!synced && !call.error) call.error = synced.error();
    if (!call.error) continue;
    Remove(call.parts);
    for (const std::string& name : call.parts) (void)disk_.Unlink(paths_.Part(name));
    call.parts.clear();
  }
}

void LedgerThread::Undo(std::vector<Call>& batch) {
  Error error = database_->failure();
  database_->Forgive();
  if (database_->InTransaction()) database_->Run("ROLLBACK");
  if (database_->failed()) log::Fatal("the ledger cannot roll back", {{"why", WhyItFailed()}});
  for (Call& call : batch) {
    if (!call.error) call.error = error;
    Remove(call.parts);
  }
}

// Files of duplicates and conflicts: the row is that of the first.
std::vector<std::string> LedgerThread::UnusedFiles(Transaction& tx,
                                                   const std::vector<Call>& batch) {
  std::vector<std::string> unused;
  std::set<std::string> ended(tx.tombstones().begin(), tx.tombstones().end());
  for (const Call& call : batch) {
    for (const std::string& name : call.parts) {
      if (!tx.FileInUse(name) && !ended.contains(name)) unused.push_back(name);
    }
  }
  return unused;
}

// False if nothing was committed for want of space. Whatever else goes wrong leaves open what is
// on disk: only a restart finds it out.
bool LedgerThread::Commit() {
  if (!database_->failed()) database_->Run("COMMIT");
  if (!database_->failed()) return true;
  if (database_->full()) return false;
  log::Fatal("the ledger cannot commit", {{"why", WhyItFailed()}});
}

std::string LedgerThread::WhyItFailed() const {
  const Error error = database_->failure();
  if (error.code == Errc::kCorrupt) return error.detail + AfterDamage(paths_);
  return error.detail + ": mend the disk, then start Sluice; nothing acknowledged is lost";
}

void LedgerThread::ClearTombstones(Transaction& tx) {
  for (const std::string& name : buried_)
    tx.database().Run("DELETE FROM tombstone WHERE file = ?", name);
}

// They outlive a power failure that comes before the unlink.
void LedgerThread::BuryUnused(Transaction& tx, const std::vector<std::string>& unused) {
  for (const std::string& name : unused)
    tx.database().Run("INSERT OR IGNORE INTO tombstone (file) VALUES (?)", name);
}

std::vector<std::string> LedgerThread::Remove(const std::vector<std::string>& files) {
  std::vector<std::string> gone;
  for (const std::string& name : files) {
    if (Result<> unlinked = disk_.Unlink(paths_.File(name)); unlinked)
      gone.push_back(name);
    else
      log::Warning("a file stays in the spool", {{"why", unlinked.error().detail}});
  }
  return gone;
}

void LedgerThread::Perform(std::vector<Call>& batch) {
  SteadyTime begin = clock_.Now();
  PlaceFiles(batch);
  Transaction tx(*database_, clock_.WallNow());
  database_->Run("BEGIN");
  if (auto step = watch_.Stepped(begin, tx.now())) steps::FollowClock(tx, *step);
  for (Call& call : batch) {
    if (!call.error) call.run(tx);
  }
  bool wrote = database_->HasWritten() || !buried_.empty();
  if (wrote) {
    // Until none is left: with each commit as many as a commit may have written.
    if (forgetting_ || tx.now() - forgot_at_ >= kForgetEvery || tx.now() < forgot_at_) {
      const int64_t forgotten = steps::ForgetExpired(tx, kForgetAtMost);
      const int64_t ended = steps::EndKeeping(tx, kForgetAtMost);
      forgetting_ = std::max(forgotten, ended) == kForgetAtMost;
      forgot_at_ = tx.now();
    }
    ClearTombstones(tx);
    tx.Close();
  }
  std::vector<std::string> unused = UnusedFiles(tx, batch);
  BuryUnused(tx, unused);
  wrote |= !unused.empty();
  if (wrote) Reach(FailPoint::kRowsWritten);
  bool committed = Commit();
  if (committed && wrote) Reach(FailPoint::kCommitted);
  if (!committed) Undo(batch);

  if (committed) {
    std::lock_guard lock(gauges_mutex_);
    tx.gauge_changes().ApplyTo(gauges_);
    if (wrote) ++gauges_.commits;
  }
  if (committed && wrote && options_.on_commit)
    options_.on_commit(clock_.Now() - begin, static_cast<int>(batch.size()));
  for (Call& call : batch) {
    if (call.settle) call.settle(call.error);
  }
  if (!committed) return;
  if (wrote) buried_.clear();
  unused.insert(unused.end(), tx.tombstones().begin(), tx.tombstones().end());
  if (!unused.empty()) {
    Reach(FailPoint::kBuried);
    // Where it fails the next start does it.
    for (std::string& name : Remove(unused)) unlinked_.push_back(std::move(name));
    Reach(FailPoint::kUnlinked);
  }

  std::function<void(const std::string&)> notify;
  {
    std::lock_guard lock(mutex_);
    notify = on_ready_;
  }
  if (!notify) return;
  for (const std::string& application : tx.ready_applications()) notify(application);
}

}  // namespace router::store
