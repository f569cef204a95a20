-- Deliveries: what left (or should leave) the house for people: mails and webhook calls, with every attempt.
-- Times are microseconds since 1970-01-01T00:00:00Z. Ids are UUIDs (16 bytes). Booleans are 0 and 1.

CREATE TABLE deliveries (
  id             BLOB    NOT NULL PRIMARY KEY,          -- UUID v5 of (case, effect key, channel, recipient): a repeated effect makes no second row
  district       TEXT    NOT NULL,
  timeline       TEXT    NOT NULL,                      -- 'real' or the name of an exercise
  case_id        BLOB,                                  -- none for a digest
  case_number    TEXT    NOT NULL,
  effect_key     TEXT    NOT NULL,
  channel        TEXT    NOT NULL,                      -- 'mail' or 'webhook:<name>'
  recipient      TEXT    NOT NULL,                      -- person id, unit id when the unit itself is written to
  recipient_name TEXT    NOT NULL,
  address        TEXT    NOT NULL,                      -- mail address or webhook name; '' when there is none
  template       TEXT    NOT NULL,
  clock          TEXT,
  rung           TEXT,
  urgent         INTEGER NOT NULL,
  notice         TEXT    NOT NULL,                      -- JSON: the notice as the step wrote it, recipients still symbolic
  subject        TEXT    NOT NULL,
  text           TEXT    NOT NULL,
  html           TEXT    NOT NULL,
  message_id     TEXT    NOT NULL,                      -- the same across all attempts
  state          TEXT    NOT NULL CHECK (state IN ('queued', 'held', 'sent', 'failed', 'local', 'suppressed')),
  hold_until     INTEGER,                               -- held: the opening of the office at which the digest goes out
  next_at        INTEGER NOT NULL,                      -- queued, held: not touched before
  leased_until   INTEGER NOT NULL,                      -- queued: in the hands of a worker until then
  attempts       INTEGER NOT NULL,
  last_result    TEXT,
  digest_id      BLOB,                                  -- the digest (a delivery itself) that carries this notice
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL
);

-- one Message-ID is one delivery: asserted by the store, and found by it when a bounce comes back
CREATE UNIQUE INDEX deliveries_message_id ON deliveries (message_id);
-- claim_due: the queued ones whose time has come, urgent first
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE state = 'queued';
-- due_digests: the held ones whose hour has come, by recipient
CREATE INDEX deliveries_held ON deliveries (next_at, district, timeline, recipient) WHERE state = 'held' AND digest_id IS NULL;
-- members: the notices in one digest
CREATE INDEX deliveries_digest ON deliveries (digest_id) WHERE digest_id IS NOT NULL;
-- list: the mails of a case
CREATE INDEX deliveries_case ON deliveries (case_id, created_at);
-- list: the mail log, newest first
CREATE INDEX deliveries_log ON deliveries (district, timeline, created_at);
-- list, failed: the mail log by state
CREATE INDEX deliveries_state ON deliveries (district, timeline, state, created_at);

CREATE TABLE delivery_attempts (
  delivery_id BLOB    NOT NULL,
  n           INTEGER NOT NULL,                         -- 1, 2, …
  at          INTEGER NOT NULL,
  ended_at    INTEGER,                                  -- none: the process died while it tried
  address     TEXT    NOT NULL,
  via         TEXT    NOT NULL,                         -- host:port of the relay, or the webhook's name
  outcome     TEXT    NOT NULL CHECK (outcome IN ('started', 'accepted', 'transient', 'permanent')),
  result      TEXT    NOT NULL,
  PRIMARY KEY (delivery_id, n)
);

-- attempts_since: the global rate limit
CREATE INDEX delivery_attempts_at ON delivery_attempts (at);
-- attempts_to_since: the rate limit of one recipient
CREATE INDEX delivery_attempts_address ON delivery_attempts (address, at);

CREATE TABLE digests (
  id          BLOB    NOT NULL PRIMARY KEY,             -- the id of the delivery that carries it
  district    TEXT    NOT NULL,
  timeline    TEXT    NOT NULL,
  recipient   TEXT    NOT NULL,
  day         TEXT    NOT NULL,                         -- local working day, YYYY-MM-DD
  notices     INTEGER NOT NULL,
  created_at  INTEGER NOT NULL
);

-- compose_digest: one digest per recipient per day, asserted by the store
CREATE UNIQUE INDEX digests_day ON digests (district, timeline, recipient, day);
