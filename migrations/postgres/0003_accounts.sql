-- Accounts: who may sign in, their sessions, one-time sign-in tokens, failed attempts, and the audit trail.
-- Times are whole microseconds since 1970-01-01T00:00:00Z. Secrets are kept only as SHA-256 or argon2id.

CREATE TABLE users (
    id            TEXT    NOT NULL PRIMARY KEY,
    district      TEXT    NOT NULL,
    login         TEXT    NOT NULL,
    name          TEXT    NOT NULL,
    password_hash TEXT,                           -- argon2id PHC string; null: cannot sign in with a password
    roles         TEXT    NOT NULL,               -- JSON list of role names
    units         TEXT    NOT NULL,               -- JSON list of unit ids the person belongs to
    heads         TEXT    NOT NULL,               -- JSON list of unit ids the person heads
    language      TEXT    NOT NULL,               -- zh or en
    active        BOOLEAN NOT NULL,
    created_at    BIGINT  NOT NULL,
    changed_at    BIGINT  NOT NULL
);
-- sign-in looks a person up by login; logins are unique in the whole deployment
CREATE UNIQUE INDEX users_login ON users (login);
-- the administrator's list
CREATE INDEX users_district ON users (district, login);

CREATE TABLE sessions (
    token_hash TEXT   NOT NULL PRIMARY KEY,       -- SHA-256 of the cookie's value, lower-case hex
    user_id    TEXT   NOT NULL REFERENCES users (id),
    csrf       TEXT   NOT NULL,
    opened_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT
);
-- revoking every session of a person
CREATE INDEX sessions_user ON sessions (user_id);
-- sweeping what has expired
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE sign_in_tokens (
    token_hash TEXT   NOT NULL PRIMARY KEY,       -- SHA-256, lower-case hex
    user_id    TEXT   NOT NULL REFERENCES users (id),
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);

CREATE TABLE sign_in_failures (
    id   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    who  TEXT   NOT NULL,                         -- SHA-256 of the login or of the caller's address
    at   BIGINT NOT NULL
);
-- counting the failures of the last minutes
CREATE INDEX sign_in_failures_who ON sign_in_failures (who, at);
-- sweeping old ones
CREATE INDEX sign_in_failures_at ON sign_in_failures (at);

-- Appended to, never changed: who looked behind a mask, who changed an account, who moved the clock.
CREATE TABLE audit (
    id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       BIGINT NOT NULL,
    district TEXT   NOT NULL,
    user_id  TEXT   NOT NULL,
    action   TEXT   NOT NULL,
    case_id  TEXT,
    reason   TEXT   NOT NULL
);
-- the auditor's list, newest first
CREATE INDEX audit_district ON audit (district, id);
-- what was looked at on one case
CREATE INDEX audit_case ON audit (case_id, id);
