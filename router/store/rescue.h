#pragma once
#include <string>

#include "router/base/result.h"
#include "router/store/disk.h"
#include "router/store/export.h"

namespace router::store {

struct Rescued {
  ExportReport report;
  int64_t unclaimed = 0;  // files of the spool without a row: never acknowledged
};

// Export from the store of a daemon that is dead, whatever became of it. Works on a copy of the
// ledger, <to>/ledger.sqlite, so that the store may lie on a file system that is read-only, and is
// never changed; holds the store's lock meanwhile. Blocks.
//
// Errors: kLimit while a daemon, or another rescue, uses the store; kNotFound where there is none;
// those of PrepareTarget and Export; kCorrupt where the ledger cannot be read.
Result<Rescued> Rescue(const std::string& store, const std::string& to, Disk& disk = TheDisk());

}  // namespace router::store
