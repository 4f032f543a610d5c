#pragma once
#include <string>
#include <vector>

#include "router/base/result.h"
#include "router/store/database.h"
#include "router/store/disk.h"
#include "router/store/spool.h"

namespace router::store {

// What the start found in the store's directory.
struct SweepReport {
  int parts_removed = 0;                       // never acknowledged
  int tombstones_removed = 0;                  // ended before we did, file not yet unlinked
  int outcomes_unknown = 0;                    // rows that were being sent: verifying now
  std::vector<std::string> files_without_row;  // kept
  std::vector<std::string> rows_without_file;  // file names; the rows are kept
  std::vector<std::string> wrong_sizes;        // file names; kept
};

// Removes what is certainly not needed and reports whatever else does not match, on both sides.
// Before anything is written to the spool. `outcomes_unknown` is not its business.
Result<SweepReport> SweepSpool(Database& database, Disk& disk, const StorePaths& paths);

}  // namespace router::store
