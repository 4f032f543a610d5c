#pragma once
#include <string>

#include "router/base/result.h"
#include "router/store/database.h"
#include "router/store/disk.h"
#include "router/store/spool.h"

namespace router::store {

// The right to use a store, until the descriptor is closed: two processes on one store would each
// take the other's `sending` rows for a dead one's. Errors: kDisk; kLimit where another has it.
Result<int> LockStore(const StorePaths& paths);

// Who holds the lock on an open file, for people: " (process 1234, sluice)"; empty where the system
// does not tell.
std::string HolderOf(int file);

// There is a ledger, and we may read it. Errors: kNotFound where there is none; kDisk.
Result<> MustHaveLedger(const StorePaths& paths);

// From the working directory; as it is where that is gone.
std::string Absolute(const std::string& path);

// `path` is `directory` or lies in it, also by another name; neither need be there.
bool LiesIn(const std::string& path, const std::string& directory);

// The ledger as of one moment as a file of its own at `path`, durable, in place of what was there;
// never half a copy under that name. Others may write meanwhile. Blocks. Error kDisk.
Result<> CopyLedger(Database& database, const std::string& path, Disk& disk);

// A file that is never changed, under a second name: the same file where both are on one file
// system, else a copy, durable but for the folder, which is the caller's to sync. Errors: kDisk;
// kNotFound where there is nothing at `from`.
Result<> LinkOrCopy(const std::string& from, const std::string& to, Disk& disk);
Result<> CopyFile(const std::string& from, const std::string& to, Disk& disk);

}  // namespace router::store
