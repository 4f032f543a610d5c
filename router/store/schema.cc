#include "router/store/schema.h"

#include "router/base/log.h"
#include "router/store/integrity.h"
#include "router/store/migrations.h"

namespace router::store {
namespace {

Result<> Configure(Database& database, int64_t max_pages) {
  database.Script(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
      "PRAGMA cache_size = -65536; PRAGMA foreign_keys = OFF;");
  if (max_pages > 0) database.Script("PRAGMA max_page_count = " + std::to_string(max_pages));
  std::string mode;
  {
    Rows rows = database.Ask("PRAGMA journal_mode");
    if (rows.Next()) mode = rows.Text();
  }
  if (database.failed()) return std::unexpected(database.failure());
  if (mode == "wal") return {};
  return Fail(Errc::kDisk, Blame::kInternal,
              "the file system of the ledger has no shared memory (WAL): " + mode);
}

Result<int> VersionOf(Database& database) {
  int64_t version = 0;
  {
    Rows rows = database.Ask("PRAGMA user_version");
    if (rows.Next()) version = rows.Int();
  }
  if (database.failed()) return std::unexpected(database.failure());
  if (version <= SchemaVersion()) return static_cast<int>(version);
  return Fail(Errc::kBadConfig, Blame::kInternal,
              "the ledger was written by a newer version: schema " + std::to_string(version));
}

// True once: for whoever opens it next.
Result<bool> TakeEndMark(Database& database) {
  bool marked = false;
  {
    Rows rows = database.Ask("SELECT at FROM ended WHERE id = 1");
    marked = rows.Next();
  }
  if (marked) database.Run("DELETE FROM ended WHERE id = 1");
  if (database.failed()) return std::unexpected(database.failure());
  return marked;
}

// From the tables of `version` (0: none) to ours: all of it, or nothing.
Result<> Migrate(Database& database, int version) {
  std::string script = "BEGIN IMMEDIATE;";
  if (version == 0) script += kFirstTables;
  for (const Migration& step : Migrations().subspan(version == 0 ? 0 : version - 1))
    script += step.script;
  database.Script(script + "PRAGMA user_version = " + std::to_string(SchemaVersion()) + ";");
  bool dangling = false;
  {
    Rows rows = database.Ask("PRAGMA foreign_key_check");
    dangling = rows.Next();
  }
  if (!dangling) database.Script("COMMIT");
  if (!dangling && !database.failed()) return {};
  Error why = database.failure();
  if (!database.failed()) {
    why = Error{Errc::kCorrupt, Blame::kInternal, false,
                "the ledger's new tables have rows without the row they belong to"};
  }
  database.Forgive();
  if (database.InTransaction()) database.Script("ROLLBACK");
  return std::unexpected(std::move(why));
}

Result<> BringUp(Database& database, int version, const KeepCopy& keep_copy) {
  if (keep_copy) {
    Result<> kept = keep_copy(database, version);
    if (!kept) return kept;
  }
  Result<> migrated = Migrate(database, version);
  if (!migrated) return migrated;
  for (const Migration& step : Migrations().subspan(version - 1))
    log::Info("the tables of the ledger were changed",
              {{"version", ++version}, {"what", step.what}});
  return {};
}

}  // namespace

int SchemaVersion() { return 1 + static_cast<int>(Migrations().size()); }

Result<Prepared> PrepareLedger(Database& database, int64_t max_pages, const KeepCopy& keep_copy) {
  Result<> configured = Configure(database, max_pages);
  if (!configured) return std::unexpected(configured.error());
  Result<int> version = VersionOf(database);
  if (!version) return std::unexpected(version.error());
  Prepared prepared{*version, false};
  Result<> done;
  if (prepared.version == 0) {
    done = Migrate(database, 0);
  } else if (prepared.version < SchemaVersion()) {
    done = CheckIntegrity(database);
    if (done) done = BringUp(database, prepared.version, keep_copy);
  }
  if (!done) return std::unexpected(done.error());
  Result<bool> marked = TakeEndMark(database);
  if (!marked) return std::unexpected(marked.error());
  if (prepared.version == SchemaVersion()) {
    prepared.ended_in_order = *marked;
    if (!*marked) done = CheckIntegrity(database);
  }
  if (!done) return std::unexpected(done.error());
  database.Script("PRAGMA foreign_keys = ON");
  if (database.failed()) return std::unexpected(database.failure());
  return prepared;
}

void MarkEnd(Database& database, WallTime now) {
  database.Run("INSERT OR REPLACE INTO ended (id, at) VALUES (1, ?)", now);
  if (database.failed())
    log::Warning("the ledger is checked at the next start", {{"why", database.failure().detail}});
}

}  // namespace router::store
