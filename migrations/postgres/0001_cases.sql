-- Cases, their journal, their timers, the outbox, and what else one step writes.
-- Times are whole microseconds since 1970-01-01T00:00:00Z. Hashes are SHA-256 (32 bytes).
-- The table of command ids stays whole (not partitioned), so that an id is unique for ever.
-- Every row carries its district (GB/T 2260) and its timeline ('real', or the name of an exercise).

CREATE TABLE cases (
    id              UUID    NOT NULL PRIMARY KEY,  -- UUID v7 or ordered like one: new cases append
    number          TEXT    NOT NULL,
    district        TEXT    NOT NULL,
    timeline        TEXT    NOT NULL,
    workflow        TEXT    NOT NULL,
    version         BIGINT  NOT NULL,
    definition_hash TEXT    NOT NULL,              -- kept.hash of the definition the case runs on
    state           TEXT    NOT NULL,              -- JSON; confidential values sealed with the case's key
    title           TEXT    NOT NULL,
    place           TEXT    NOT NULL,
    category        TEXT    NOT NULL,
    channel         TEXT    NOT NULL,
    active          TEXT    NOT NULL,              -- JSON list of the ids of the active atomic states
    owner           TEXT,                          -- party string
    owners          TEXT    NOT NULL,              -- JSON list of party strings; case_owners is its index
    due_at          BIGINT ,
    due_clock       TEXT,
    due_provisional BOOLEAN NOT NULL,
    marks           TEXT    NOT NULL,              -- JSON list
    excluded        TEXT    NOT NULL,              -- JSON list of unit ids that may neither own nor see the case
    running         BIGINT  NOT NULL,              -- clocks that run and so must have a timer
    received_at     BIGINT  NOT NULL,              -- when the matter reached the office
    registered_at   BIGINT  NOT NULL,              -- when it was typed in
    opened_at       BIGINT  NOT NULL,
    closed_at       BIGINT ,
    last_at         BIGINT  NOT NULL,              -- time of the newest entry; never goes back
    seq             BIGINT  NOT NULL,              -- number of the newest entry, from 1
    head            BYTEA    NOT NULL,              -- hash of the newest entry
    plain           TEXT    NOT NULL               -- lower-case text that may be searched; no confidential value
);
-- case_by_number; a number is given once
CREATE UNIQUE INDEX cases_number ON cases (district, timeline, number);
-- list_cases, count_cases: next due first, those without a due date last
CREATE INDEX cases_due ON cases (district, timeline, COALESCE(due_at, 9223372036854775807), id);
-- case_records: page by page in id order
CREATE INDEX cases_pages ON cases (district, timeline, id);
-- open_cases, clocks_without_timer: the open ones, page by page
CREATE INDEX cases_open ON cases (district, timeline, id) WHERE closed_at IS NULL;
-- list_cases: newest received first
CREATE INDEX cases_received ON cases (district, timeline, received_at, id);
-- list_cases: of one workflow
CREATE INDEX cases_workflow ON cases (district, timeline, workflow, received_at);
-- daily_root: cases that changed on a day
CREATE INDEX cases_last ON cases (district, timeline, last_at);

CREATE TABLE case_owners (
    party   TEXT NOT NULL,
    case_id UUID NOT NULL,
    PRIMARY KEY (party, case_id)                   -- list_cases: those of a party
);
-- write: the owners of a case are replaced
CREATE INDEX case_owners_case ON case_owners (case_id);

CREATE TABLE journal (
    case_id   UUID    NOT NULL,
    seq       BIGINT  NOT NULL,
    at        BIGINT  NOT NULL,
    district  TEXT    NOT NULL,
    timeline  TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    body      TEXT    NOT NULL,                    -- canonical JSON: the exact bytes that are hashed
    prev_hash BYTEA   NOT NULL,
    hash      BYTEA   NOT NULL,                    -- SHA-256(prev_hash || body)
    PRIMARY KEY (case_id, seq, at)                 -- timeline, verify: the entries of a case in order
) PARTITION BY RANGE (at);                         -- one partition a month (UTC), made before the first entry of the month
-- daily_root: the entries of a day
CREATE INDEX journal_day ON journal (district, timeline, at);
CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'journal entries are never changed'; END $$;
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_is_append_only();
-- TRUNCATE fires no row triggers; each month gets this one too when it is made
CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();

CREATE TABLE commands (
    id        UUID    NOT NULL PRIMARY KEY,        -- claim: the same command twice
    body_hash BYTEA    NOT NULL,
    case_id   UUID,
    answer    TEXT,                                -- JSON
    at        BIGINT  NOT NULL
);

CREATE TABLE timers (
    case_id  UUID    NOT NULL,
    key      TEXT    NOT NULL,
    due_at   BIGINT  NOT NULL,
    version  BIGINT  NOT NULL,                     -- seq of the entry that set it
    district TEXT    NOT NULL,
    timeline TEXT    NOT NULL,
    not_before BIGINT NOT NULL DEFAULT 0,           -- put off because its case could not be stepped; due_at stays the truth
    PRIMARY KEY (case_id, key)                     -- write: set and clear; due_timers: those of the locked cases
);
-- next_due, due_cases, overdue_timers: the earliest of a district's timeline
CREATE INDEX timers_due ON timers (district, timeline, due_at);
-- next_due, put_off_timers: those that were put off
CREATE INDEX timers_put_off ON timers (district, timeline, not_before) WHERE not_before > 0;

CREATE TABLE outbox (
    id         BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key        TEXT    NOT NULL,
    kind       TEXT    NOT NULL,                   -- committed, notify, emit, open, send
    case_id    UUID    NOT NULL,
    seq        BIGINT  NOT NULL,                   -- the entry that wrote it
    district   TEXT    NOT NULL,
    timeline   TEXT    NOT NULL,
    payload    TEXT    NOT NULL,                   -- JSON; confidential values sealed with the case's key
    created_at BIGINT  NOT NULL,
    next_at    BIGINT  NOT NULL,                   -- not taken before
    attempts   BIGINT  NOT NULL DEFAULT 0,         -- also the fence: only the last taker may settle it
    leased_until BIGINT  NOT NULL DEFAULT 0,
    state      TEXT    NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'failed')),
    result     TEXT,
    mac        BYTEA                                 -- settled: HMAC over key, state and result under the master key
);
-- write: an effect is written once, whoever writes it
CREATE UNIQUE INDEX outbox_key ON outbox (key);
-- claim: what waits, by district and kind
CREATE INDEX outbox_waiting ON outbox (district, kind, next_at) WHERE state = 'waiting';
-- outbox_size: what was given up
CREATE INDEX outbox_failed ON outbox (district) WHERE state = 'failed';
-- purge: what was settled long ago
CREATE INDEX outbox_settled ON outbox (created_at) WHERE state <> 'waiting';
-- effects_of: the effects of a case
CREATE INDEX outbox_case ON outbox (case_id);

CREATE TABLE counters (
    district TEXT    NOT NULL,
    timeline TEXT    NOT NULL,
    workflow TEXT    NOT NULL,
    period   TEXT    NOT NULL,                     -- local date, YYYYMMDD
    n        BIGINT  NOT NULL,
    PRIMARY KEY (district, timeline, workflow, period)
);

CREATE TABLE case_keys (
    case_id UUID NOT NULL PRIMARY KEY,             -- lock, timeline: the key of a case; deleted when retention ends
    wrapped BYTEA NOT NULL                          -- nonce and ciphertext under the master key
);

CREATE TABLE grams (
    gram    BIGINT  NOT NULL,                      -- keyed hash of a piece of a confidential value
    case_id UUID    NOT NULL,
    PRIMARY KEY (gram, case_id)                    -- list_cases: search by identity
);
-- destroy_key: forget the pieces of a case
CREATE INDEX grams_case ON grams (case_id);

CREATE TABLE links (
    parent UUID    NOT NULL,
    link   TEXT    NOT NULL,
    child  UUID    NOT NULL,
    at     BIGINT  NOT NULL,
    PRIMARY KEY (parent, link, child)              -- links: the children of a case
);
-- links: the parents of a case
CREATE INDEX links_child ON links (child);

CREATE TABLE attachments (
    case_id    UUID    NOT NULL,
    hash       TEXT    NOT NULL,                   -- SHA-256 of the content, lower-case hex; its name in the folder
    name       TEXT    NOT NULL,
    media_type TEXT    NOT NULL,
    size       BIGINT  NOT NULL,
    added_by   TEXT    NOT NULL,
    at         BIGINT  NOT NULL,
    PRIMARY KEY (case_id, hash)                    -- attachments: those of a case
);
-- attachment_cases: who may read a content
CREATE INDEX attachments_hash ON attachments (hash);

CREATE TABLE kept (
    kind    TEXT    NOT NULL,                      -- definition, directory, calendar
    hash    TEXT    NOT NULL,                      -- content address
    name    TEXT    NOT NULL,
    version TEXT    NOT NULL,
    body    TEXT    NOT NULL,
    at      BIGINT  NOT NULL,
    PRIMARY KEY (kind, hash)                       -- kept: by content address
);
-- kept_named: all versions of a name
CREATE INDEX kept_name ON kept (kind, name, at);

CREATE TABLE roots (
    district  TEXT    NOT NULL,
    timeline  TEXT    NOT NULL,
    day       TEXT    NOT NULL,                    -- local date, YYYY-MM-DD
    from_at   BIGINT  NOT NULL,
    to_at     BIGINT  NOT NULL,
    cases     BIGINT  NOT NULL,
    prev      BYTEA    NOT NULL,
    root      BYTEA    NOT NULL,
    signature BYTEA    NOT NULL,
    PRIMARY KEY (district, timeline, day)
);

CREATE TABLE settings (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE quarantine (
    id       UUID    NOT NULL PRIMARY KEY,
    kind     TEXT    NOT NULL CHECK (kind IN ('command', 'timers')),
    subject  UUID    NOT NULL,                     -- the command's id, or the case whose timers could not be fired
    district TEXT    NOT NULL,
    timeline TEXT    NOT NULL,
    case_id  UUID,
    body     TEXT    NOT NULL,                     -- what it was, without confidential values
    error    TEXT    NOT NULL,                     -- of the last try
    first_at BIGINT NOT NULL,
    at       BIGINT NOT NULL,                     -- of the last try
    times    BIGINT NOT NULL                      -- tries
);
-- quarantine: the same thing again is the same row
CREATE UNIQUE INDEX quarantine_subject ON quarantine (kind, subject);
-- quarantined: newest first
CREATE INDEX quarantine_at ON quarantine (at);
