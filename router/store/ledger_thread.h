#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "router/base/clock.h"
#include "router/net/future.h"
#include "router/store/clock_step.h"
#include "router/store/database.h"
#include "router/store/disk.h"
#include "router/store/gauges.h"
#include "router/store/spool.h"
#include "router/store/transaction.h"

namespace router::store {

// The thread that writes the ledger. What is called while it commits is done by the next commit,
// all of it in one transaction, in call order. For each batch: rename the parts of what is
// accepted, fsync the folder once, the calls' changes, COMMIT, then resume the waiters, then
// unlink the files of what has ended.
//
// Owned by the ledger. The database is touched on the thread only.
class LedgerThread {
 public:
  struct Options {
    std::function<void(std::chrono::nanoseconds, int calls)> on_commit;
  };

  LedgerThread(std::unique_ptr<Database> database, Disk& disk, StorePaths paths, const Clock& clock,
               Gauges gauges, Options options);
  ~LedgerThread();  // finishes what was called

  // `parts`: distinct names of finished parts, each given over. `work` runs in the transaction;
  // if it returns an error it has changed nothing. On a loop.
  template <class T>
  Task<Result<T>> Do(std::vector<std::string> parts,
                     std::move_only_function<Result<T>(Transaction&)> work) {
    struct Waiter {
      net::Promise<Result<T>> promise;
      std::move_only_function<Result<T>(Transaction&)> work;
      std::optional<Result<T>> value;
    };
    auto made = net::MakePromise<Result<T>>();
    auto waiter =
        std::make_shared<Waiter>(Waiter{std::move(made.first), std::move(work), std::nullopt});
    Call call;
    call.parts = std::move(parts);
    call.run = [waiter](Transaction& tx) { waiter->value.emplace(waiter->work(tx)); };
    call.settle = [waiter](const std::optional<Error>& error) {
      if (error)
        waiter->promise.Set(std::unexpected(*error));
      else
        waiter->promise.Set(std::move(*waiter->value));
    };
    Submit(std::move(call));
    net::Future<Result<T>> future = std::move(made.second);
    co_return co_await future;
  }

  // A part that becomes nobody's file. On the thread of the ledger.
  void DropPart(const std::string& name) { (void)disk_.Unlink(paths_.Part(name)); }

  // Without a waiter, from any thread.
  void Note(std::move_only_function<void(Transaction&)> work);

  void OnReady(std::function<void(const std::string&)> notify);
  Gauges gauges() const;

 private:
  struct Call {
    std::vector<std::string> parts;
    std::move_only_function<void(Transaction&)> run;
    std::move_only_function<void(const std::optional<Error>&)> settle;  // absent: nobody waits
    std::optional<Error> error;
  };
  static constexpr size_t kBatch = 512;  // calls
  static constexpr std::chrono::seconds kForgetEvery{60};
  static constexpr int kForgetAtMost = 500;      // rows of existence per commit
  static constexpr size_t kUnlinkedAtMost = 64;  // files, before a sync of their own

  void Submit(Call call);
  void Run();
  std::vector<Call> NextBatch();
  void Perform(std::vector<Call>& batch);
  void PlaceFiles(std::vector<Call>& batch);
  void Undo(std::vector<Call>& batch);
  std::vector<std::string> UnusedFiles(Transaction& tx, const std::vector<Call>& batch);
  bool Commit();
  std::string WhyItFailed() const;  // the database; and what an operator does
  void ClearTombstones(Transaction& tx);
  void BuryUnused(Transaction& tx, const std::vector<std::string>& unused);
  void SyncUnlinked();
  void NoteSynced();
  std::vector<std::string> Remove(const std::vector<std::string>& files);  // those that are gone

  std::unique_ptr<Database> database_;
  Disk& disk_;
  const StorePaths paths_;
  const Clock& clock_;
  const Options options_;
  WallTime forgot_at_;       // the thread's
  bool forgetting_ = false;  // the thread's: there was more than one commit forgets
  ClockWatch watch_;         // the thread's
  // The thread's: files whose tombstones are not cleared yet, unlinked since the folder was synced
  // last, and before.
  std::vector<std::string> unlinked_, buried_;

  std::mutex mutex_;
  std::condition_variable due_;
  std::deque<Call> queue_;                            // under mutex_
  bool stopping_ = false;                             // under mutex_
  std::function<void(const std::string&)> on_ready_;  // under mutex_

  mutable std::mutex gauges_mutex_;
  Gauges gauges_;  // under gauges_mutex_

  std::thread thread_;
};

}  // namespace router::store
