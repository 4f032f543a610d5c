#include "router/store/integrity.h"

#include <pthread.h>

#include <chrono>

#include "router/base/log.h"

namespace router::store {

Result<> CheckIntegrity(Database& database) {
  std::string verdict;
  {
    Rows rows = database.Ask("PRAGMA integrity_check(1)");
    if (rows.Next()) verdict = rows.Text();
  }
  bool dangling = false;
  {
    Rows rows = database.Ask("PRAGMA foreign_key_check");
    dangling = rows.Next();
  }
  if (database.failed()) return std::unexpected(database.failure());
  if (verdict != "ok")
    return Fail(Errc::kCorrupt, Blame::kInternal, "the ledger is damaged: " + verdict);
  if (dangling)
    return Fail(Errc::kCorrupt, Blame::kInternal, "the ledger has requirements without a row");
  return {};
}

IntegrityWatch::IntegrityWatch(std::unique_ptr<Database> beside) : database_(std::move(beside)) {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "integrity");
}

IntegrityWatch::~IntegrityWatch() {
  {
    // What was interrupted before it had begun goes on: again, until it has ended.
    std::unique_lock lock(mutex_);
    ending_ = true;
    while (!ended_) {
      database_->Interrupt();
      changed_.wait_for(lock, std::chrono::milliseconds(10));
    }
  }
  thread_.join();
}

void IntegrityWatch::Run() {
  Result<> checked = CheckIntegrity(*database_);
  std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
  if (checked || ending_) return;
  if (checked.error().code == Errc::kCorrupt)
    log::Fatal("the ledger is damaged", {{"why", checked.error().detail}});
  log::Error("the ledger could not be checked", {{"why", checked.error().detail}});
}

}  // namespace router::store
