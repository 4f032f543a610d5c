-- A ledger as version 1 of its tables had it, with a row in each state. Never changed: what it
-- becomes is for migration_test.cc.
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

INSERT INTO delivery (id, sop_instance, sop_class, kind, application, client, called, calling_as, study, series, instance_number, transfer_syntax, file, size, dataset_offset, sha256, canonical, state, cause, reason, accepted_at, since, attempts, next_attempt_at, owner, lease_until, deadline, warn_after, warned, missing, waits_for, ready_since, begun, maybe_there, there_before, place) VALUES (1, '1.1', '1.2.840.10008.5.1.4.1.1.2', 1, 'VMSDBD', 'TPS', 'VMSDBD', 'SLUICE', '1.2.3', '', 2147483648, '1.2.840.10008.1.2.1', 'f1.dcm', 7, 0, x'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73', NULL, 'waiting', 'references', '', 1700000000000, 1700000000000, 0, 1700000000000, '', NULL, NULL, NULL, 0, 1, 0, NULL, 0, 0, 0, 1);
INSERT INTO delivery (id, sop_instance, sop_class, kind, application, client, called, calling_as, study, series, instance_number, transfer_syntax, file, size, dataset_offset, sha256, canonical, state, cause, reason, accepted_at, since, attempts, next_attempt_at, owner, lease_until, deadline, warn_after, warned, missing, waits_for, ready_since, begun, maybe_there, there_before, place) VALUES (2, '1.2', '1.2.840.10008.5.1.4.1.1.2', 2, 'VMSDBD', 'TPS', 'VMSDBD', 'SLUICE', '1.2.3', '', 2147483648, '1.2.840.10008.1.2.1', 'f2.dcm', 7, 0, x'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73', NULL, 'waiting', 'references', '', 1700000000000, 1700000000000, 0, 1700000000000, '', NULL, NULL, NULL, 0, 1, 1, NULL, 0, 0, 0, 2);
INSERT INTO delivery (id, sop_instance, sop_class, kind, application, client, called, calling_as, study, series, instance_number, transfer_syntax, file, size, dataset_offset, sha256, canonical, state, cause, reason, accepted_at, since, attempts, next_attempt_at, owner, lease_until, deadline, warn_after, warned, missing, waits_for, ready_since, begun, maybe_there, there_before, place) VALUES (3, '1.3', '1.2.840.10008.5.1.4.1.1.2', 0, 'VMSDBD', 'TPS', 'VMSDBD', 'SLUICE', '1.2.3', '', 2147483648, '1.2.840.10008.1.2.1', 'f3.dcm', 7, 0, x'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73', NULL, 'ready', 'none', '', 1700000000000, 1700000000000, 0, 1700000000000, '', NULL, NULL, NULL, 0, 0, NULL, NULL, 0, 0, 0, 3);
INSERT INTO delivery (id, sop_instance, sop_class, kind, application, client, called, calling_as, study, series, instance_number, transfer_syntax, file, size, dataset_offset, sha256, canonical, state, cause, reason, accepted_at, since, attempts, next_attempt_at, owner, lease_until, deadline, warn_after, warned, missing, waits_for, ready_since, begun, maybe_there, there_before, place) VALUES (4, '1.4', '1.2.840.10008.5.1.4.1.1.2', 0, 'VMSDBD', 'TPS', 'VMSDBD', 'SLUICE', '1.2.3', '', 2147483648, '1.2.840.10008.1.2.1', 'f4.dcm', 7, 0, x'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73', NULL, 'ready', 'retry', '', 1700000000000, 1700000000000, 1, 1700003600000, '', NULL, NULL, NULL, 0, 0, NULL, NULL, 0, 0, 0, 4);
INSERT INTO delivery (id, sop_instance, sop_class, kind, application, client, called, calling_as, study, series, instance_number, transfer_syntax, file, size, dataset_offset, sha256, canonical, state, cause, reason, accepted_at, since, attempts, next_attempt_at, owner, lease_until, deadline, warn_after, warned, missing, waits_for, ready_since, begun, maybe_there, there_before, place) VALUES (5, '1.5', '1.2.840.10008.5.1.4.1.1.2', 0, 'VMSDBD', 'TPS', 'VMSDBD', 'SLUICE', '1.2.3', '', 2147483648, '1.2.840.10008.1.2.1', 'f5.dcm', 7, 0, x'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73', NULL, 'sending', 'none', '', 1700000000000, 1700000000000, 1, 1700000000000, 'a', 1700000300000, NULL, NULL, 0, 0, NULL, NULL, 1, 0, 0, 5);
INSERT INTO delivery (id, sop_instance, sop_class, kind, application, client, called, calling_as, study, series, instance_number, transfer_syntax, file, size, dataset_offset, sha256, canonical, state, cause, reason, accepted_at, since, attempts, next_attempt_at, owner, lease_until, deadline, warn_after, warned, missing, waits_for, ready_since, begun, maybe_there, there_before, place) VALUES (6, '1.6', '1.2.840.10008.5.1.4.1.1.2', 2, 'VMSDBD', 'TPS', 'VMSDBD', 'SLUICE', '1.2.3', '', 2147483648, '1.2.840.10008.1.2.1', 'f6.dcm', 7, 0, x'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73', NULL, 'quarantined', 'deadline', '', 1700000000000, 1700000000000, 0, 1700000000000, '', NULL, NULL, NULL, 0, 0, NULL, NULL, 0, 0, 0, 6);
INSERT INTO delivery (id, sop_instance, sop_class, kind, application, client, called, calling_as, study, series, instance_number, transfer_syntax, file, size, dataset_offset, sha256, canonical, state, cause, reason, accepted_at, since, attempts, next_attempt_at, owner, lease_until, deadline, warn_after, warned, missing, waits_for, ready_since, begun, maybe_there, there_before, place) VALUES (7, '1.7', '1.2.840.10008.5.1.4.1.1.2', 0, 'VMSDBD', 'TPS', 'VMSDBD', 'SLUICE', '1.2.3', '', 2147483648, '1.2.840.10008.1.2.1', 'f7.dcm', 7, 0, x'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73', NULL, 'delivered', 'none', '', 1700000000000, 1700000000000, 1, 1700000000000, '', NULL, NULL, NULL, 0, 0, NULL, NULL, 0, 0, 0, 7);
INSERT INTO file VALUES ('f1.dcm', 7, 1);
INSERT INTO file VALUES ('f2.dcm', 7, 1);
INSERT INTO file VALUES ('f3.dcm', 7, 1);
INSERT INTO file VALUES ('f4.dcm', 7, 1);
INSERT INTO file VALUES ('f5.dcm', 7, 1);
INSERT INTO file VALUES ('f6.dcm', 7, 1);
INSERT INTO requirement VALUES (1, '9.1', 'VMSDBD', 0, 0, 0, '', '', 'contour', 1700000060000);
INSERT INTO requirement VALUES (1, '9.2', 'VMSDBD', 0, 0, 0, '', '', 'list only', NULL);
INSERT INTO requirement VALUES (2, '9.3', 'VMSDBD', 1, 0, 0, '', '', '', NULL);
INSERT INTO existence VALUES ('VMSDBD', '9.1', 'query', 1700000060000, 1700086460000);
INSERT INTO wanted VALUES ('VMSDBD', '9.2', 0, 0, '', '', 1, 3, 1700000000000);
INSERT INTO wanted VALUES ('VMSDBD', '9.3', 1, 0, '', '', 1, 0, 1700000000000);
INSERT INTO history (row, at, from_state, to_state, cause, reason, by_whom) VALUES (1, 1700000000000, NULL, 'waiting', 'none', '', 'sluice');
INSERT INTO history (row, at, from_state, to_state, cause, reason, by_whom) VALUES (2, 1700000000000, NULL, 'waiting', 'none', '', 'sluice');
INSERT INTO history (row, at, from_state, to_state, cause, reason, by_whom) VALUES (3, 1700000000000, NULL, 'ready', 'none', '', 'sluice');
INSERT INTO history (row, at, from_state, to_state, cause, reason, by_whom) VALUES (4, 1700000000000, NULL, 'ready', 'none', '', 'sluice');
INSERT INTO history (row, at, from_state, to_state, cause, reason, by_whom) VALUES (5, 1700000000000, NULL, 'sending', 'none', '', 'sluice');
INSERT INTO history (row, at, from_state, to_state, cause, reason, by_whom) VALUES (6, 1700000000000, NULL, 'quarantined', 'none', '', 'sluice');
INSERT INTO history (row, at, from_state, to_state, cause, reason, by_whom) VALUES (7, 1700000000000, NULL, 'delivered', 'none', '', 'sluice');
INSERT INTO message_id VALUES ('VMSDBD', 'SLUICE', 77);
PRAGMA user_version = 1;
