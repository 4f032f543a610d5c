#pragma once
#include <span>

namespace router::store {

// Turns the tables of one version of the ledger into those of the next.
struct Migration {
  const char* what;    // for the log
  const char* script;  // SQL, run inside a transaction, with foreign keys off
};

// The tables of version 1, as they were; never changed again.
extern const char* const kFirstTables;

// In order: the first leads from version 1 to 2. A new ledger goes through all of them too, so that
// it has the very tables that an old one gets. To change the tables, add one at the end.
std::span<const Migration> Migrations();

}  // namespace router::store
