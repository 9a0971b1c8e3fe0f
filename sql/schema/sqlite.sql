-- Generated from carddata_retention/own_tables.py by `make sql`; do not edit.
--
-- Our own tables on SQLite, for a DBA to apply before the first run where the job's login may not create tables.
-- The first run makes exactly the same where it may. None of them ever holds a card number, token, holder or expiry.
-- Another prefix than carddata_: replace it here, and say so in [evidence] prefix.

-- One row for each run: who, when, by which policy, its verdict, its counts, its seal. Never a card value.
CREATE TABLE carddata_run (
    run_id VARCHAR(40) NOT NULL,
    number BIGINT NOT NULL,
    epoch INTEGER NOT NULL,
    database_name VARCHAR(255) NOT NULL,
    mode VARCHAR(16) NOT NULL,
    as_of VARCHAR(10) NOT NULL,
    started_at VARCHAR(40) NOT NULL,
    database_clock VARCHAR(40),
    host VARCHAR(255) NOT NULL,
    os_user VARCHAR(255) NOT NULL,
    process INTEGER NOT NULL,
    tool_version VARCHAR(40) NOT NULL,
    policy_version VARCHAR(64) NOT NULL,
    policy_digest VARCHAR(64) NOT NULL,
    plan_digest VARCHAR(64),
    salt VARCHAR(64) NOT NULL,
    finished_at VARCHAR(40),
    verdict VARCHAR(16),
    exit_code INTEGER,
    result TEXT,
    deadlines VARCHAR(64),
    events VARCHAR(64),
    last_event BIGINT,
    tombstones BIGINT,
    root VARCHAR(64),
    previous_seal VARCHAR(64),
    seal VARCHAR(64),
    key_id VARCHAR(40),
    signature VARCHAR(128),
    trimmed_at VARCHAR(40),
    PRIMARY KEY (run_id),
    UNIQUE (number)
);

-- One row for each transaction that removed or gave up: counts and the digest of its tombstones. Never a card
-- value.
CREATE TABLE carddata_batch (
    run_id VARCHAR(40) NOT NULL,
    target VARCHAR(64) NOT NULL,
    batch_no INTEGER NOT NULL,
    table_name VARCHAR(255) NOT NULL,
    disposition VARCHAR(16) NOT NULL,
    fields TEXT NOT NULL,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    purged INTEGER NOT NULL,
    skipped INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    children TEXT NOT NULL,
    digest VARCHAR(64) NOT NULL,
    removed_at VARCHAR(40) NOT NULL,
    PRIMARY KEY (run_id, target, batch_no)
);

-- One row for each removed record: its key, its status, its service end. Never a card value.
CREATE TABLE carddata_tombstone (
    run_id VARCHAR(40) NOT NULL,
    target VARCHAR(64) NOT NULL,
    seq BIGINT NOT NULL,
    record_key VARCHAR(512) NOT NULL,
    batch_no INTEGER NOT NULL,
    status VARCHAR(16) NOT NULL,
    service_end VARCHAR(100),
    digest VARCHAR(64),
    PRIMARY KEY (run_id, target, seq)
);

-- What followed from each service end by the rule of the run: the days of the deadline, the articles. Never a
-- card value.
CREATE TABLE carddata_deadline (
    run_id VARCHAR(40) NOT NULL,
    service_end VARCHAR(100) NOT NULL,
    ended_at VARCHAR(40) NOT NULL,
    start_day VARCHAR(10) NOT NULL,
    last_retained_day VARCHAR(10) NOT NULL,
    first_purgeable_day VARCHAR(10) NOT NULL,
    rule VARCHAR(255) NOT NULL,
    policy_version VARCHAR(64) NOT NULL,
    attestation VARCHAR(40),
    PRIMARY KEY (run_id, service_end)
);

-- The candidates of the last run: the keys of what was due, and how each ended. Never a card value.
CREATE TABLE carddata_work (
    run_id VARCHAR(40) NOT NULL,
    target VARCHAR(64) NOT NULL,
    seq BIGINT NOT NULL,
    record_key VARCHAR(512) NOT NULL,
    status VARCHAR(16) NOT NULL,
    service_end VARCHAR(100),
    outcome VARCHAR(16),
    reason VARCHAR(64),
    batch_no INTEGER,
    locked_since VARCHAR(10),
    PRIMARY KEY (run_id, target, seq)
);
CREATE INDEX carddata_work_key ON carddata_work (record_key, run_id, target);

-- One row for each target: the counts of its last night that was let through. Never a card value.
CREATE TABLE carddata_target (
    name VARCHAR(64) NOT NULL,
    run_id VARCHAR(40) NOT NULL,
    digest VARCHAR(64) NOT NULL,
    fingerprint VARCHAR(64) NOT NULL,
    as_of VARCHAR(10) NOT NULL,
    result TEXT NOT NULL,
    PRIMARY KEY (name)
);

-- Legal holds: what must not be removed, on what basis, by whom, until when reviewed; a row for each part of
-- what one hold names. Never a card value.
CREATE TABLE carddata_hold (
    id VARCHAR(40) NOT NULL,
    part INTEGER DEFAULT '1' NOT NULL,
    scope VARCHAR(16) NOT NULL,
    target VARCHAR(64),
    item VARCHAR(512),
    basis VARCHAR(64) NOT NULL,
    note TEXT,
    placed_by VARCHAR(255) NOT NULL,
    placed_at VARCHAR(40) NOT NULL,
    review_by VARCHAR(10),
    reviewed_by VARCHAR(255),
    reviewed_at VARCHAR(40),
    released_by VARCHAR(255),
    released_at VARCHAR(40),
    release_reason TEXT,
    PRIMARY KEY (id, part),
    CONSTRAINT carddata_hold_scope CHECK (scope IN ('record', 'subject', 'target'))
);
CREATE INDEX carddata_hold_item ON carddata_hold (scope, item);

-- Requests of individuals (disclose, correct, erase): whose, how identity was checked, what was decided, the
-- letter. Never a card value.
CREATE TABLE carddata_request (
    id VARCHAR(40) NOT NULL,
    part INTEGER DEFAULT '1' NOT NULL,
    scope VARCHAR(16) NOT NULL,
    target VARCHAR(64),
    item VARCHAR(512),
    kind VARCHAR(16) NOT NULL,
    received_at VARCHAR(40) NOT NULL,
    recorded_at VARCHAR(40),
    received_by VARCHAR(255),
    identity_check TEXT,
    granted_by VARCHAR(255),
    granted_at VARCHAR(40),
    refused_by VARCHAR(255),
    refused_at VARCHAR(40),
    ground VARCHAR(16),
    reason TEXT,
    fields VARCHAR(64),
    fee_yen INTEGER,
    letter_ja TEXT,
    letter_en TEXT,
    closed_at VARCHAR(40),
    PRIMARY KEY (id, part),
    CONSTRAINT carddata_request_scope CHECK (scope IN ('record', 'subject', 'target'))
);
CREATE INDEX carddata_request_item ON carddata_request (scope, item);

-- Audit events: who did what, when, from where, with which outcome. Only ever added. Never a card value.
CREATE TABLE carddata_event (
    number BIGINT NOT NULL,
    id VARCHAR(40) NOT NULL,
    at VARCHAR(40) NOT NULL,
    what VARCHAR(40) NOT NULL,
    os_user VARCHAR(255) NOT NULL,
    host VARCHAR(255) NOT NULL,
    outcome INTEGER NOT NULL,
    facts TEXT NOT NULL,
    key_id VARCHAR(40) NOT NULL,
    signature VARCHAR(128) NOT NULL,
    PRIMARY KEY (number),
    UNIQUE (id)
);

-- Service ends that two people and a document attest where the data say none. Never a card value.
CREATE TABLE carddata_attestation (
    id VARCHAR(40) NOT NULL,
    item VARCHAR(512) NOT NULL,
    subject VARCHAR(512) NOT NULL,
    ended VARCHAR(40) NOT NULL,
    ended_on VARCHAR(10) NOT NULL,
    services BIGINT NOT NULL,
    reason VARCHAR(40) NOT NULL,
    document TEXT NOT NULL,
    attested_by VARCHAR(255) NOT NULL,
    second VARCHAR(255) NOT NULL,
    attested_at VARCHAR(40) NOT NULL,
    withdrawn_by VARCHAR(255),
    withdrawn_at VARCHAR(40),
    withdrawal_reason TEXT,
    overtaken_by VARCHAR(40),
    overtaken_at VARCHAR(40),
    PRIMARY KEY (id)
);
CREATE INDEX carddata_attestation_item ON carddata_attestation (item);

-- What the database refuses, whoever asks: a change of evidence, a hold that disappears. Only the owner can drop these.
CREATE TRIGGER carddata_tombstone_no_update BEFORE UPDATE ON carddata_tombstone WHEN 1 = 1 BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
CREATE TRIGGER carddata_deadline_no_update BEFORE UPDATE ON carddata_deadline WHEN 1 = 1 BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
CREATE TRIGGER carddata_batch_no_update BEFORE UPDATE ON carddata_batch WHEN 1 = 1 BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
CREATE TRIGGER carddata_event_no_update BEFORE UPDATE ON carddata_event WHEN 1 = 1 BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
CREATE TRIGGER carddata_tombstone_no_delete BEFORE DELETE ON carddata_tombstone WHEN EXISTS (SELECT 1 FROM carddata_run WHERE run_id = OLD.run_id AND seal IS NOT NULL AND trimmed_at IS NULL) BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
CREATE TRIGGER carddata_deadline_no_delete BEFORE DELETE ON carddata_deadline WHEN EXISTS (SELECT 1 FROM carddata_run WHERE run_id = OLD.run_id AND seal IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
CREATE TRIGGER carddata_batch_no_delete BEFORE DELETE ON carddata_batch WHEN EXISTS (SELECT 1 FROM carddata_run WHERE run_id = OLD.run_id AND seal IS NOT NULL) BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
CREATE TRIGGER carddata_event_no_delete BEFORE DELETE ON carddata_event WHEN OLD.number <= (SELECT COALESCE(MAX(last_event), 0) FROM carddata_run) BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
CREATE TRIGGER carddata_run_no_delete BEFORE DELETE ON carddata_run WHEN OLD.seal IS NOT NULL BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
CREATE TRIGGER carddata_run_no_update BEFORE UPDATE ON carddata_run WHEN OLD.seal IS NOT NULL AND (OLD.trimmed_at IS NOT NULL OR NEW.trimmed_at IS NULL OR NEW.seal <> OLD.seal) BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
CREATE TRIGGER carddata_hold_no_delete BEFORE DELETE ON carddata_hold WHEN 1 = 1 BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
CREATE TRIGGER carddata_hold_no_update BEFORE UPDATE ON carddata_hold WHEN OLD.released_at IS NOT NULL OR COALESCE(NEW.id, '') <> COALESCE(OLD.id, '') OR COALESCE(NEW.scope, '') <> COALESCE(OLD.scope, '') OR COALESCE(NEW.target, '') <> COALESCE(OLD.target, '') OR COALESCE(NEW.item, '') <> COALESCE(OLD.item, '') OR COALESCE(NEW.basis, '') <> COALESCE(OLD.basis, '') OR COALESCE(NEW.placed_by, '') <> COALESCE(OLD.placed_by, '') OR COALESCE(NEW.placed_at, '') <> COALESCE(OLD.placed_at, '') BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
CREATE TRIGGER carddata_request_no_delete BEFORE DELETE ON carddata_request WHEN 1 = 1 BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
CREATE TRIGGER carddata_attestation_no_delete BEFORE DELETE ON carddata_attestation WHEN 1 = 1 BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
CREATE TRIGGER carddata_attestation_no_update BEFORE UPDATE ON carddata_attestation WHEN OLD.withdrawn_at IS NOT NULL OR OLD.overtaken_at IS NOT NULL OR COALESCE(NEW.id, '') <> COALESCE(OLD.id, '') OR COALESCE(NEW.item, '') <> COALESCE(OLD.item, '') OR COALESCE(NEW.subject, '') <> COALESCE(OLD.subject, '') OR COALESCE(NEW.ended_on, '') <> COALESCE(OLD.ended_on, '') OR COALESCE(NEW.document, '') <> COALESCE(OLD.document, '') OR COALESCE(NEW.attested_by, '') <> COALESCE(OLD.attested_by, '') OR COALESCE(NEW.second, '') <> COALESCE(OLD.second, '') OR COALESCE(NEW.attested_at, '') <> COALESCE(OLD.attested_at, '') BEGIN SELECT RAISE(ABORT, 'carddata: evidence is only added'); END;
