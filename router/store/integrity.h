#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "router/base/result.h"
#include "router/store/database.h"
#include "router/store/spool.h"

namespace router::store {

// Reads all of the ledger: pages, indexes, constraints, references between tables. Takes as long as
// the ledger is large. Errors: kCorrupt, saying what is wrong first; kDisk.
Result<> CheckIntegrity(Database& database);

// What an operator does about kCorrupt, as the end of the sentence.
std::string AfterDamage(const StorePaths& paths);

// The same beside the work, on a connection and a thread of its own, for a ledger that ended in
// order and is in use already. Damage ends the process: the next start, which finds no mark of an
// orderly end, checks before anything else and refuses.
class IntegrityWatch {
 public:
  IntegrityWatch(std::unique_ptr<Database> beside, StorePaths paths);
  ~IntegrityWatch();  // breaks off
  IntegrityWatch(const IntegrityWatch&) = delete;
  IntegrityWatch& operator=(const IntegrityWatch&) = delete;

 private:
  void Run();

  std::unique_ptr<Database> database_;  // the thread's, but for Interrupt
  const StorePaths paths_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false, ended_ = false;  // under mutex_
  std::thread thread_;
};

}  // namespace router::store
