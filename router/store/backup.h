#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "router/base/clock.h"
#include "router/base/result.h"
#include "router/store/disk.h"
#include "router/store/row.h"

// A store on another shelf, and back (docs/operations.md says when). A backup is a folder:
//
//     <backup>/ledger.sqlite            as of one moment
//     <backup>/spool/<name>             the files that its rows name
//     <backup>/backup                   written last: without it the backup is not whole
namespace router::store {

// An instance whose file is not what was received.
struct DamagedInstance {
  std::string file;  // in the spool
  bool missing = false;
  Uid sop_instance;
  Kind kind = Kind::kOther;
  std::string application, state;  // the state as a word

  bool operator==(const DamagedInstance&) const = default;
};

// What was saved or restored.
struct StoreCopy {
  int64_t instances = 0;  // rows that have not ended, those that are damaged among them
  int64_t files = 0;
  uint64_t bytes = 0;  // of the files
  std::vector<DamagedInstance> damaged;
};

// `store`: of a Sluice that may be running and notices nothing, or that has ended. `to`: not there,
// or empty; not in the store. Files are linked where both are on one file system. Blocks. Errors:
// kNotFound where there is no store; kBadConfig where `to` will not do, or the ledger is a newer
// version's; kDisk,
// kCorrupt; kLimit, retryable, where the store changes faster than it can be saved.
Result<StoreCopy> BackUp(const std::string& store, const std::string& to, Disk& disk = TheDisk());

// `store`: not there, or empty. The ledger is checked, every file is compared with it; what is
// `damaged` is restored as far as it is there. Nobody knows what became of an instance since the
// backup: each counts as if an attempt to send it had lost its answer. Errors as above; kNotFound
// where `from` is no whole backup. After an error `store` holds no ledger.
Result<StoreCopy> Restore(const std::string& from, const std::string& store, WallTime now,
                          Disk& disk = TheDisk());

}  // namespace router::store
