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
  if (verdict != "ok") return std::unexpected(database.Damage(verdict));
  if (dangling) return std::unexpected(database.Damage("requirements without a row"));
  return {};
}

std::string AfterDamage(const StorePaths& paths) {
  return ". Keep " + paths.directory +
         " as it is. Make a store of the last backup (sluice restore) in another directory, name "
         "that in store: directory, and start Sluice. What came since is in " +
         paths.Spool() + " as DICOM files, which storescu sends";
}

IntegrityWatch::IntegrityWatch(std::unique_ptr<Database> beside, StorePaths paths)
    : database_(std::move(beside)), paths_(std::move(paths)) {
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
    log::Fatal("the ledger is damaged", {{"why", checked.error().detail + AfterDamage(paths_)}});
  log::Error("the ledger could not be checked", {{"why", checked.error().detail}});
}

}  // namespace router::store
