#include "router/store/schema.h"

namespace router::store {
namespace {

// States, causes and `how` lie there as words, so that sqlite3 on a dead system tells a person
// what is what; kinds as numbers, in the order of injection, because they are sorted by.
constexpr const char* kTables = R"sql(
CREATE TABLE file (
  name TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  uses INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE tombstone (file TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE delivery (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  sop_instance TEXT NOT NULL,
  sop_class TEXT NOT NULL,
  kind INTEGER NOT NULL,
  application TEXT NOT NULL,
  client TEXT NOT NULL,
  called TEXT NOT NULL,
  calling_as TEXT NOT NULL,
  study TEXT NOT NULL,
  series TEXT NOT NULL,
  instance_number INTEGER NOT NULL,
  transfer_syntax TEXT NOT NULL,
  file TEXT NOT NULL,
  size INTEGER NOT NULL,
  dataset_offset INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  canonical BLOB,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'ready', 'sending', 'verifying', 'delivered',
                                       'quarantined', 'discarded')),
  cause TEXT NOT NULL,
  reason TEXT NOT NULL,
  accepted_at INTEGER NOT NULL,
  since INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL,
  owner TEXT NOT NULL,
  lease_until INTEGER,
  deadline INTEGER,
  warn_after INTEGER,
  warned INTEGER NOT NULL DEFAULT 0,
  missing INTEGER NOT NULL,
  waits_for INTEGER,
  ready_since INTEGER,
  begun INTEGER NOT NULL,
  maybe_there INTEGER NOT NULL,
  there_before INTEGER NOT NULL,
  place INTEGER NOT NULL
);
CREATE INDEX delivery_by_uid ON delivery (sop_instance, application);
CREATE INDEX delivery_by_state ON delivery (state, id);
CREATE INDEX delivery_open ON delivery (application, series)
  WHERE state NOT IN ('delivered', 'discarded');
CREATE INDEX delivery_busy ON delivery (application, series)
  WHERE state IN ('sending', 'verifying');
CREATE INDEX delivery_queue ON delivery (application, kind, place, instance_number, id)
  WHERE state = 'ready';
CREATE INDEX delivery_attempt ON delivery (application, next_attempt_at) WHERE state = 'ready';
CREATE INDEX delivery_lease ON delivery (application, lease_until) WHERE state = 'sending';
CREATE INDEX delivery_oldest ON delivery (application, kind, accepted_at)
  WHERE state = 'waiting';
CREATE INDEX delivery_deadline ON delivery (application, deadline)
  WHERE state = 'waiting' AND deadline IS NOT NULL;
CREATE INDEX delivery_warning ON delivery (application, warn_after)
  WHERE state IN ('waiting', 'verifying') AND warned = 0 AND warn_after IS NOT NULL;

CREATE TABLE requirement (
  row INTEGER NOT NULL REFERENCES delivery (id),
  uid TEXT NOT NULL,
  application TEXT NOT NULL,
  kind INTEGER NOT NULL,
  level INTEGER NOT NULL,
  noted INTEGER NOT NULL,
  series TEXT NOT NULL,
  study TEXT NOT NULL,
  site TEXT NOT NULL,
  met_at INTEGER,
  PRIMARY KEY (row, uid)
) WITHOUT ROWID;
CREATE INDEX requirement_by_uid ON requirement (application, uid) WHERE noted = 0;
CREATE INDEX requirement_unmet ON requirement (row, kind) WHERE noted = 0 AND met_at IS NULL;

CREATE TABLE existence (
  application TEXT NOT NULL,
  uid TEXT NOT NULL,
  how TEXT NOT NULL,
  at INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  PRIMARY KEY (application, uid)
) WITHOUT ROWID;
CREATE INDEX existence_expires ON existence (expires);

CREATE TABLE wanted (
  application TEXT NOT NULL,
  uid TEXT NOT NULL,
  kind INTEGER NOT NULL,
  level INTEGER NOT NULL,
  series TEXT NOT NULL,
  study TEXT NOT NULL,
  waiters INTEGER NOT NULL,
  asked INTEGER NOT NULL,
  next_check INTEGER NOT NULL,
  PRIMARY KEY (application, uid)
) WITHOUT ROWID;
CREATE INDEX wanted_check ON wanted (application, next_check);

CREATE TABLE history (
  id INTEGER PRIMARY KEY,
  row INTEGER NOT NULL REFERENCES delivery (id),
  at INTEGER NOT NULL,
  from_state TEXT,
  to_state TEXT NOT NULL,
  cause TEXT NOT NULL,
  reason TEXT NOT NULL,
  by_whom TEXT NOT NULL
);
CREATE INDEX history_of_row ON history (row);

CREATE TABLE message_id (
  application TEXT NOT NULL,
  title TEXT NOT NULL,
  next INTEGER NOT NULL,
  PRIMARY KEY (application, title)
) WITHOUT ROWID;
)sql";

// Version 2: whose the instances are that came through us, for `patient_check`.
constexpr const char* kPatientTable = R"sql(
CREATE TABLE patient (
  application TEXT NOT NULL,
  uid TEXT NOT NULL,
  id_digest BLOB,
  name_digest BLOB,
  at INTEGER NOT NULL,
  PRIMARY KEY (application, uid)
) WITHOUT ROWID;
CREATE INDEX patient_at ON patient (at);
)sql";

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
  if (verdict != "ok")
    return Fail(Errc::kCorrupt, Blame::kInternal, "the ledger is damaged: " + verdict);
  if (dangling)
    return Fail(Errc::kCorrupt, Blame::kInternal, "the ledger has requirements without a row");
  return {};
}

}  // namespace

Result<> PrepareLedger(Database& database, int64_t max_pages) {
  database.Script(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
      "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536;");
  if (max_pages > 0) database.Script("PRAGMA max_page_count = " + std::to_string(max_pages));
  std::string mode;
  int64_t version = 0;
  {
    Rows rows = database.Ask("PRAGMA journal_mode");
    if (rows.Next()) mode = rows.Text();
  }
  {
    Rows rows = database.Ask("PRAGMA user_version");
    if (rows.Next()) version = rows.Int();
  }
  if (database.failed()) return std::unexpected(database.failure());
  if (mode != "wal") {
    return Fail(Errc::kDisk, Blame::kInternal,
                "the file system of the ledger has no shared memory (WAL): " + mode);
  }
  if (version > kSchemaVersion) {
    return Fail(Errc::kBadConfig, Blame::kInternal,
                "the ledger was written by a newer version: schema " + std::to_string(version));
  }
  if (version == kSchemaVersion) return CheckIntegrity(database);
  if (version != 0) {
    if (auto sound = CheckIntegrity(database); !sound) return sound;
  }
  const std::string first = version == 0 ? kTables : "";
  database.Script("BEGIN IMMEDIATE;" + first + kPatientTable +
                  "PRAGMA user_version = " + std::to_string(kSchemaVersion) + "; COMMIT;");
  if (database.failed()) return std::unexpected(database.failure());
  return {};
}

}  // namespace router::store
