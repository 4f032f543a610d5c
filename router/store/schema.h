#pragma once
#include <functional>

#include "router/base/result.h"
#include "router/store/database.h"

namespace router::store {

// The version of the tables that PrepareLedger leaves behind (migrations.h).
int SchemaVersion();

// Called before the tables of `version` are changed: keeps a copy of the ledger as it is. After an
// error nothing is changed.
using KeepCopy = std::function<Result<>(Database& database, int version)>;

struct Prepared {
  int version = 0;              // that was found; 0: there were no tables
  bool ended_in_order = false;  // by whoever used it last, and so its integrity was not checked
};

// Makes the connection the ledger's: WAL, synchronous=FULL, foreign keys. Makes the tables where
// there are none (docs/ledger.md). Checks the integrity of what is there, unless it ended in order;
// the mark that says so is taken away. Older tables are migrated, all the way in one transaction;
// before that they are checked and `keep_copy` (may be empty) is called. Errors: kDisk, kCorrupt,
// kBadConfig where a newer version wrote it.
Result<Prepared> PrepareLedger(Database& database, int64_t max_pages,
                               const KeepCopy& keep_copy = {});

// The last thing that is written before the database is closed. Where it fails the next start
// checks everything.
void MarkEnd(Database& database, WallTime now);

}  // namespace router::store
