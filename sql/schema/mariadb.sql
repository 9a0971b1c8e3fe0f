-- Generated from carddata_retention/own_tables.py by `make sql`; do not edit.
--
-- Our own tables on MariaDB, for a DBA to apply before the first run where the job's login may not create tables.
-- The first run makes exactly the same where it may. None of them ever holds a card number, token, holder or expiry.
-- Another prefix than carddata_: replace it here, and say so in [evidence] prefix.

-- One row for each run: who, when, by which policy, its verdict, its counts, its seal. Never a card value.
CREATE TABLE carddata_run (
    run_id VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    number BIGINT NOT NULL,
    epoch INTEGER NOT NULL,
    database_name VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
    mode VARCHAR(16) COLLATE utf8mb4_nopad_bin NOT NULL,
    as_of VARCHAR(10) COLLATE utf8mb4_nopad_bin NOT NULL,
    started_at VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    database_clock VARCHAR(40) COLLATE utf8mb4_nopad_bin,
    host VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
    os_user VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
    process INTEGER NOT NULL,
    tool_version VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    policy_version VARCHAR(64) COLLATE utf8mb4_nopad_bin NOT NULL,
    policy_digest VARCHAR(64) COLLATE utf8mb4_nopad_bin NOT NULL,
    plan_digest VARCHAR(64) COLLATE utf8mb4_nopad_bin,
    salt VARCHAR(64) COLLATE utf8mb4_nopad_bin NOT NULL,
    finished_at VARCHAR(40) COLLATE utf8mb4_nopad_bin,
    verdict VARCHAR(16) COLLATE utf8mb4_nopad_bin,
    exit_code INTEGER,
    result LONGTEXT,
    deadlines VARCHAR(64) COLLATE utf8mb4_nopad_bin,
    events VARCHAR(64) COLLATE utf8mb4_nopad_bin,
    last_event BIGINT,
    tombstones BIGINT,
    root VARCHAR(64) COLLATE utf8mb4_nopad_bin,
    previous_seal VARCHAR(64) COLLATE utf8mb4_nopad_bin,
    seal VARCHAR(64) COLLATE utf8mb4_nopad_bin,
    key_id VARCHAR(40) COLLATE utf8mb4_nopad_bin,
    signature VARCHAR(128) COLLATE utf8mb4_nopad_bin,
    trimmed_at VARCHAR(40) COLLATE utf8mb4_nopad_bin,
    PRIMARY KEY (run_id),
    UNIQUE (number)
) ENGINE=InnoDB CHARSET=utf8mb4
  COMMENT='One row for each run: who, when, by which policy, its verdict, its counts, its seal. Never a card value.'
  COLLATE utf8mb4_nopad_bin;

-- One row for each transaction that removed or gave up: counts and the digest of its tombstones. Never a card
-- value.
CREATE TABLE carddata_batch (
    run_id VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    target VARCHAR(64) COLLATE utf8mb4_nopad_bin NOT NULL,
    batch_no INTEGER NOT NULL,
    table_name VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
    disposition VARCHAR(16) COLLATE utf8mb4_nopad_bin NOT NULL,
    fields LONGTEXT NOT NULL,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    purged INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    children LONGTEXT NOT NULL,
    digest VARCHAR(64) COLLATE utf8mb4_nopad_bin NOT NULL,
    removed_at VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    PRIMARY KEY (run_id, target, batch_no)
) ENGINE=InnoDB CHARSET=utf8mb4
  COMMENT='One row for each transaction that removed or gave up: counts and the digest of its tombstones. Never a card value.'
  COLLATE utf8mb4_nopad_bin;

-- One row for each removed record: its key, its status, its service end. Never a card value.
CREATE TABLE carddata_tombstone (
    run_id VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    target VARCHAR(64) COLLATE utf8mb4_nopad_bin NOT NULL,
    seq BIGINT NOT NULL,
    record_key VARCHAR(512) COLLATE utf8mb4_nopad_bin NOT NULL,
    batch_no INTEGER NOT NULL,
    status VARCHAR(16) COLLATE utf8mb4_nopad_bin NOT NULL,
    service_end VARCHAR(100) COLLATE utf8mb4_nopad_bin,
    digest VARCHAR(64) COLLATE utf8mb4_nopad_bin,
    PRIMARY KEY (run_id, target, seq)
) ENGINE=InnoDB CHARSET=utf8mb4
  COMMENT='One row for each removed record: its key, its status, its service end. Never a card value.'
  COLLATE utf8mb4_nopad_bin;

-- What followed from each service end by the rule of the run: the days of the deadline, the articles. Never a
-- card value.
CREATE TABLE carddata_deadline (
    run_id VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    service_end VARCHAR(100) COLLATE utf8mb4_nopad_bin NOT NULL,
    ended_at VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    start_day VARCHAR(10) COLLATE utf8mb4_nopad_bin NOT NULL,
    last_retained_day VARCHAR(10) COLLATE utf8mb4_nopad_bin NOT NULL,
    first_purgeable_day VARCHAR(10) COLLATE utf8mb4_nopad_bin NOT NULL,
    rule VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
    policy_version VARCHAR(64) COLLATE utf8mb4_nopad_bin NOT NULL,
    attestation VARCHAR(40) COLLATE utf8mb4_nopad_bin,
    PRIMARY KEY (run_id, service_end)
) ENGINE=InnoDB CHARSET=utf8mb4
  COMMENT='What followed from each service end by the rule of the run: the days of the deadline, the articles. Never a card value.'
  COLLATE utf8mb4_nopad_bin;

-- The candidates of the last run: the keys of what was due, and how each ended. Never a card value.
CREATE TABLE carddata_work (
    run_id VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    target VARCHAR(64) COLLATE utf8mb4_nopad_bin NOT NULL,
    seq BIGINT NOT NULL,
    record_key VARCHAR(512) COLLATE utf8mb4_nopad_bin NOT NULL,
    status VARCHAR(16) COLLATE utf8mb4_nopad_bin NOT NULL,
    service_end VARCHAR(100) COLLATE utf8mb4_nopad_bin,
    outcome VARCHAR(16) COLLATE utf8mb4_nopad_bin,
    reason VARCHAR(64) COLLATE utf8mb4_nopad_bin,
    batch_no INTEGER,
    locked_since VARCHAR(10) COLLATE utf8mb4_nopad_bin,
    PRIMARY KEY (run_id, target, seq)
) ENGINE=InnoDB CHARSET=utf8mb4
  COMMENT='The candidates of the last run: the keys of what was due, and how each ended. Never a card value.'
  COLLATE utf8mb4_nopad_bin;
CREATE INDEX carddata_work_key ON carddata_work (record_key, run_id, target);

-- One row for each target: the counts of its last night that was let through. Never a card value.
CREATE TABLE carddata_target (
    name VARCHAR(64) COLLATE utf8mb4_nopad_bin NOT NULL,
    run_id VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    digest VARCHAR(64) COLLATE utf8mb4_nopad_bin NOT NULL,
    fingerprint VARCHAR(64) COLLATE utf8mb4_nopad_bin NOT NULL,
    as_of VARCHAR(10) COLLATE utf8mb4_nopad_bin NOT NULL,
    result LONGTEXT NOT NULL,
    PRIMARY KEY (name)
) ENGINE=InnoDB CHARSET=utf8mb4
  COMMENT='One row for each target: the counts of its last night that was let through. Never a card value.'
  COLLATE utf8mb4_nopad_bin;

-- Legal holds: what must not be removed, on what basis, by whom, until when reviewed; a row for each part of
-- what one hold names. Never a card value.
CREATE TABLE carddata_hold (
    id VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    part INTEGER NOT NULL DEFAULT '1',
    scope VARCHAR(16) COLLATE utf8mb4_nopad_bin NOT NULL,
    target VARCHAR(64) COLLATE utf8mb4_nopad_bin,
    item VARCHAR(512) COLLATE utf8mb4_nopad_bin,
    basis VARCHAR(64) COLLATE utf8mb4_nopad_bin NOT NULL,
    note LONGTEXT,
    placed_by VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
    placed_at VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    review_by VARCHAR(10) COLLATE utf8mb4_nopad_bin,
    reviewed_by VARCHAR(255) COLLATE utf8mb4_nopad_bin,
    reviewed_at VARCHAR(40) COLLATE utf8mb4_nopad_bin,
    released_by VARCHAR(255) COLLATE utf8mb4_nopad_bin,
    released_at VARCHAR(40) COLLATE utf8mb4_nopad_bin,
    release_reason LONGTEXT,
    PRIMARY KEY (id, part),
    CONSTRAINT carddata_hold_scope CHECK (scope IN ('record', 'subject', 'target'))
) ENGINE=InnoDB CHARSET=utf8mb4
  COMMENT='Legal holds: what must not be removed, on what basis, by whom, until when reviewed; a row for each part of what one hold names. Never a card value.'
  COLLATE utf8mb4_nopad_bin;
CREATE INDEX carddata_hold_item ON carddata_hold (scope, item);

-- Requests of individuals (disclose, correct, erase): whose, how identity was checked, what was decided, the
-- letter. Never a card value.
CREATE TABLE carddata_request (
    id VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    part INTEGER NOT NULL DEFAULT '1',
    scope VARCHAR(16) COLLATE utf8mb4_nopad_bin NOT NULL,
    target VARCHAR(64) COLLATE utf8mb4_nopad_bin,
    item VARCHAR(512) COLLATE utf8mb4_nopad_bin,
    kind VARCHAR(16) COLLATE utf8mb4_nopad_bin NOT NULL,
    received_at VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    recorded_at VARCHAR(40) COLLATE utf8mb4_nopad_bin,
    received_by VARCHAR(255) COLLATE utf8mb4_nopad_bin,
    identity_check LONGTEXT,
    granted_by VARCHAR(255) COLLATE utf8mb4_nopad_bin,
    granted_at VARCHAR(40) COLLATE utf8mb4_nopad_bin,
    refused_by VARCHAR(255) COLLATE utf8mb4_nopad_bin,
    refused_at VARCHAR(40) COLLATE utf8mb4_nopad_bin,
    ground VARCHAR(16) COLLATE utf8mb4_nopad_bin,
    reason LONGTEXT,
    fields VARCHAR(64) COLLATE utf8mb4_nopad_bin,
    fee_yen INTEGER,
    letter_ja LONGTEXT,
    letter_en LONGTEXT,
    closed_at VARCHAR(40) COLLATE utf8mb4_nopad_bin,
    PRIMARY KEY (id, part),
    CONSTRAINT carddata_request_scope CHECK (scope IN ('record', 'subject', 'target'))
) ENGINE=InnoDB CHARSET=utf8mb4
  COMMENT='Requests of individuals (disclose, correct, erase): whose, how identity was checked, what was decided, the letter. Never a card value.'
  COLLATE utf8mb4_nopad_bin;
CREATE INDEX carddata_request_item ON carddata_request (scope, item);

-- Audit events: who did what, when, from where, with which outcome. Only ever added. Never a card value.
CREATE TABLE carddata_event (
    number BIGINT NOT NULL,
    id VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    at VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    what VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    os_user VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
    host VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
    outcome INTEGER NOT NULL,
    facts LONGTEXT NOT NULL,
    key_id VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    signature VARCHAR(128) COLLATE utf8mb4_nopad_bin NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id)
) ENGINE=InnoDB CHARSET=utf8mb4
  COMMENT='Audit events: who did what, when, from where, with which outcome. Only ever added. Never a card value.'
  COLLATE utf8mb4_nopad_bin;

-- Service ends that two people and a document attest where the data say none. Never a card value.
CREATE TABLE carddata_attestation (
    id VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    item VARCHAR(512) COLLATE utf8mb4_nopad_bin NOT NULL,
    subject VARCHAR(512) COLLATE utf8mb4_nopad_bin NOT NULL,
    ended VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    ended_on VARCHAR(10) COLLATE utf8mb4_nopad_bin NOT NULL,
    services BIGINT NOT NULL,
    reason VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    document LONGTEXT NOT NULL,
    attested_by VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
    second VARCHAR(255) COLLATE utf8mb4_nopad_bin NOT NULL,
    attested_at VARCHAR(40) COLLATE utf8mb4_nopad_bin NOT NULL,
    withdrawn_by VARCHAR(255) COLLATE utf8mb4_nopad_bin,
    withdrawn_at VARCHAR(40) COLLATE utf8mb4_nopad_bin,
    withdrawal_reason LONGTEXT,
    overtaken_by VARCHAR(40) COLLATE utf8mb4_nopad_bin,
    overtaken_at VARCHAR(40) COLLATE utf8mb4_nopad_bin,
    PRIMARY KEY (id)
) ENGINE=InnoDB CHARSET=utf8mb4
  COMMENT='Service ends that two people and a document attest where the data say none. Never a card value.'
  COLLATE utf8mb4_nopad_bin;
CREATE INDEX carddata_attestation_item ON carddata_attestation (item);

-- What the database refuses, whoever asks: a change of evidence, a hold that disappears. Only the owner can drop these.
DELIMITER $$
CREATE TRIGGER carddata_tombstone_no_update BEFORE UPDATE ON carddata_tombstone FOR EACH ROW IF 1 = 1 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
CREATE TRIGGER carddata_deadline_no_update BEFORE UPDATE ON carddata_deadline FOR EACH ROW IF 1 = 1 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
CREATE TRIGGER carddata_batch_no_update BEFORE UPDATE ON carddata_batch FOR EACH ROW IF 1 = 1 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
CREATE TRIGGER carddata_event_no_update BEFORE UPDATE ON carddata_event FOR EACH ROW IF 1 = 1 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
CREATE TRIGGER carddata_tombstone_no_delete BEFORE DELETE ON carddata_tombstone FOR EACH ROW IF EXISTS (SELECT 1 FROM carddata_run WHERE run_id = OLD.run_id AND seal IS NOT NULL AND trimmed_at IS NULL) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
CREATE TRIGGER carddata_deadline_no_delete BEFORE DELETE ON carddata_deadline FOR EACH ROW IF EXISTS (SELECT 1 FROM carddata_run WHERE run_id = OLD.run_id AND seal IS NOT NULL) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
CREATE TRIGGER carddata_batch_no_delete BEFORE DELETE ON carddata_batch FOR EACH ROW IF EXISTS (SELECT 1 FROM carddata_run WHERE run_id = OLD.run_id AND seal IS NOT NULL) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
CREATE TRIGGER carddata_event_no_delete BEFORE DELETE ON carddata_event FOR EACH ROW IF OLD.number <= (SELECT COALESCE(MAX(last_event), 0) FROM carddata_run) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
CREATE TRIGGER carddata_run_no_delete BEFORE DELETE ON carddata_run FOR EACH ROW IF OLD.seal IS NOT NULL THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
CREATE TRIGGER carddata_run_no_update BEFORE UPDATE ON carddata_run FOR EACH ROW IF OLD.seal IS NOT NULL AND (OLD.trimmed_at IS NOT NULL OR NEW.trimmed_at IS NULL OR NEW.seal <> OLD.seal) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
CREATE TRIGGER carddata_hold_no_delete BEFORE DELETE ON carddata_hold FOR EACH ROW IF 1 = 1 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
CREATE TRIGGER carddata_hold_no_update BEFORE UPDATE ON carddata_hold FOR EACH ROW IF OLD.released_at IS NOT NULL OR COALESCE(NEW.id, '') <> COALESCE(OLD.id, '') OR COALESCE(NEW.scope, '') <> COALESCE(OLD.scope, '') OR COALESCE(NEW.target, '') <> COALESCE(OLD.target, '') OR COALESCE(NEW.item, '') <> COALESCE(OLD.item, '') OR COALESCE(NEW.basis, '') <> COALESCE(OLD.basis, '') OR COALESCE(NEW.placed_by, '') <> COALESCE(OLD.placed_by, '') OR COALESCE(NEW.placed_at, '') <> COALESCE(OLD.placed_at, '') THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
CREATE TRIGGER carddata_request_no_delete BEFORE DELETE ON carddata_request FOR EACH ROW IF 1 = 1 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
CREATE TRIGGER carddata_attestation_no_delete BEFORE DELETE ON carddata_attestation FOR EACH ROW IF 1 = 1 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
CREATE TRIGGER carddata_attestation_no_update BEFORE UPDATE ON carddata_attestation FOR EACH ROW IF OLD.withdrawn_at IS NOT NULL OR OLD.overtaken_at IS NOT NULL OR COALESCE(NEW.id, '') <> COALESCE(OLD.id, '') OR COALESCE(NEW.item, '') <> COALESCE(OLD.item, '') OR COALESCE(NEW.subject, '') <> COALESCE(OLD.subject, '') OR COALESCE(NEW.ended_on, '') <> COALESCE(OLD.ended_on, '') OR COALESCE(NEW.document, '') <> COALESCE(OLD.document, '') OR COALESCE(NEW.attested_by, '') <> COALESCE(OLD.attested_by, '') OR COALESCE(NEW.second, '') <> COALESCE(OLD.second, '') OR COALESCE(NEW.attested_at, '') <> COALESCE(OLD.attested_at, '') THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'carddata: evidence is only added'; END IF$$
DELIMITER ;
