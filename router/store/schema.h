#pragma once
#include "router/base/result.h"
#include "router/store/database.h"

namespace router::store {

inline constexpr int kSchemaVersion = 2;

// Makes the connection the ledger's: WAL, synchronous=FULL, foreign keys; checks the integrity of
// what is there; makes the tables where there are none (docs/ledger.md). Errors: kDisk, kCorrupt,
// kBadConfig where a newer version wrote it.
Result<> PrepareLedger(Database& database, int64_t max_pages);

}  // namespace router::store
