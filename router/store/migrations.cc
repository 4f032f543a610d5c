#include "router/store/migrations.h"

namespace router::store {

// States, causes and `how` lie there as words, so that sqlite3 on a dead system tells a person
// what is what; kinds as numbers, in the order of injection, because they are sorted by.
const char* const kFirstTables = R"sql(
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

namespace {

// Only what did not end in order is checked before it is used.
constexpr const char* kEnded = R"sql(
CREATE TABLE ended (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at INTEGER NOT NULL
);
)sql";

// Claims, questions and what is given up in a quiet series cost what is due, not what is held.
constexpr const char* kDueApart = R"sql(
ALTER TABLE delivery ADD COLUMN rests INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN listed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN moved_at INTEGER NOT NULL DEFAULT 0;
UPDATE delivery SET
  rests = state = 'ready',
  listed = (SELECT COUNT(*) FROM requirement WHERE row = delivery.id AND noted = 0
            AND met_at IS NULL AND site = 'list only'),
  moved_at = MAX(accepted_at, IFNULL((SELECT MAX(met_at) FROM requirement
                                      WHERE row = delivery.id AND noted = 0), 0))
  WHERE state NOT IN ('delivered', 'discarded');
CREATE INDEX delivery_due ON delivery (application, kind, place)
  WHERE state = 'ready' AND rests = 0;
CREATE INDEX delivery_rests ON delivery (application, next_attempt_at)
  WHERE state = 'ready' AND rests = 1;
CREATE INDEX delivery_quiet ON delivery (application, moved_at)
  WHERE state = 'waiting' AND listed > 0 AND listed = missing;

ALTER TABLE wanted ADD COLUMN soon INTEGER NOT NULL DEFAULT 0;
CREATE INDEX wanted_soon ON wanted (application, next_check) WHERE soon = 1;
)sql";

// What is owed to clients who asked for storage commitment.
constexpr const char* kCommitmentTables = R"sql(
CREATE TABLE commitment (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  application TEXT NOT NULL,
  client TEXT NOT NULL,
  called TEXT NOT NULL,
  address TEXT NOT NULL,
  transaction_uid TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'decided', 'reported', 'abandoned')),
  accepted_at INTEGER NOT NULL,
  deadline INTEGER NOT NULL,
  decided_at INTEGER,
  finished_at INTEGER,
  attempts INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL
);
CREATE INDEX commitment_transaction ON commitment (transaction_uid, application, client);
CREATE INDEX commitment_open ON commitment (application, id) WHERE state = 'open';
CREATE INDEX commitment_due ON commitment (application, next_attempt_at)
  WHERE state = 'decided';
CREATE INDEX commitment_finished ON commitment (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE commitment_instance (
  commitment INTEGER NOT NULL REFERENCES commitment (id),
  position INTEGER NOT NULL,
  sop_class TEXT NOT NULL,
  sop_instance TEXT NOT NULL,
  outcome INTEGER,
  PRIMARY KEY (commitment, position)
) WITHOUT ROWID;
CREATE INDEX commitment_undecided ON commitment_instance (commitment, position)
  WHERE outcome IS NULL;
)sql";

// Whose the instances are that came through us, for `patient_check`.
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

// One client's requests are counted, and found, without walking those of others.
constexpr const char* kOwedByClient = R"sql(
ALTER TABLE commitment ADD COLUMN instances INTEGER NOT NULL DEFAULT 0;
UPDATE commitment SET instances = (SELECT COUNT(*) FROM commitment_instance AS i
                                   WHERE i.commitment = commitment.id)
  WHERE finished_at IS NULL;
CREATE INDEX commitment_owed ON commitment (application, client, state, next_attempt_at)
  WHERE finished_at IS NULL;
)sql";

// Originals that stay after their delivery, because they were committed or may be.
constexpr const char* kKeptFiles = R"sql(
ALTER TABLE file ADD COLUMN retain_for INTEGER NOT NULL DEFAULT 0;
ALTER TABLE file ADD COLUMN promised_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE file ADD COLUMN kept_until INTEGER;
CREATE INDEX file_kept ON file (kept_until) WHERE kept_until IS NOT NULL;
CREATE INDEX file_spare ON file (kept_until) WHERE kept_until IS NOT NULL AND promised_until = 0;
CREATE TABLE commitment_file (
  commitment INTEGER NOT NULL REFERENCES commitment (id),
  position INTEGER NOT NULL,
  file TEXT NOT NULL,
  PRIMARY KEY (commitment, position, file)
) WITHOUT ROWID;
)sql";

// What is more than one instance is another one in each study: the frame of reference of a replan
// has its images in a study of its own. `wanted` repeats what `requirement` says.
constexpr const char* kWantedInStudies = R"sql(
ALTER TABLE requirement ADD COLUMN of_study TEXT
  GENERATED ALWAYS AS (CASE level WHEN 0 THEN '' ELSE study END) VIRTUAL;
CREATE TABLE wanted_in_studies (
  application TEXT NOT NULL,
  uid TEXT NOT NULL,
  of_study TEXT NOT NULL,
  kind INTEGER NOT NULL,
  level INTEGER NOT NULL,
  series TEXT NOT NULL,
  study TEXT NOT NULL,
  waiters INTEGER NOT NULL,
  asked INTEGER NOT NULL,
  next_check INTEGER NOT NULL,
  soon INTEGER NOT NULL,
  PRIMARY KEY (application, uid, of_study)
) WITHOUT ROWID;
INSERT INTO wanted_in_studies
  SELECT w.application, w.uid, r.of_study, w.kind, w.level, w.series,
         CASE w.level WHEN 0 THEN w.study ELSE r.of_study END, COUNT(*), w.asked, w.next_check,
         w.soon
  FROM wanted AS w
  JOIN requirement AS r ON r.application = w.application AND r.uid = w.uid AND r.noted = 0
  JOIN delivery AS d ON d.id = r.row
  WHERE r.met_at IS NULL AND d.state = 'waiting'
  GROUP BY w.application, w.uid, r.of_study;
DROP TABLE wanted;
ALTER TABLE wanted_in_studies RENAME TO wanted;
CREATE INDEX wanted_check ON wanted (application, next_check);
CREATE INDEX wanted_soon ON wanted (application, next_check) WHERE soon = 1;
CREATE INDEX wanted_collections ON wanted (application) WHERE level <> 0;
)sql";

// What was settled for a row when it was accepted: what its deadline does to it, when it may go at
// the earliest, and what goes before it.
constexpr const char* kOwnTerms = R"sql(
ALTER TABLE delivery ADD COLUMN at_deadline TEXT NOT NULL DEFAULT 'configured'
  CHECK (at_deadline IN ('configured', 'quarantine', 'send'));
ALTER TABLE delivery ADD COLUMN not_before INTEGER;
ALTER TABLE delivery ADD COLUMN rank INTEGER NOT NULL DEFAULT 1 CHECK (rank BETWEEN 0 AND 2);
DROP INDEX delivery_due;
CREATE INDEX delivery_due ON delivery (application, rank, kind, place)
  WHERE state = 'ready' AND rests = 0;
)sql";

// One file may serve several applications: the last of its rows to end need not be the one for
// which it is retained.
constexpr const char* kDeliveredOnce = R"sql(
ALTER TABLE file ADD COLUMN delivered INTEGER NOT NULL DEFAULT 0;
)sql";

constexpr Migration kMigrations[] = {
    {"an orderly end is written down", kEnded},
    {"what is due lies apart from what is held", kDueApart},
    {"requests for storage commitment", kCommitmentTables},
    {"digests of patients", kPatientTable},
    {"what is owed to one client", kOwedByClient},
    {"originals that are kept", kKeptFiles},
    {"what is wanted of a frame of reference lies apart for each study", kWantedInStudies},
    {"a row may have terms of its own", kOwnTerms},
    {"a file that was delivered once is known", kDeliveredOnce},
};

}  // namespace

std::span<const Migration> Migrations() { return kMigrations; }

}  // namespace router::store
