-- What stations said, what the alarm rules remember, the alarms, and the commands that alarms send to the engine.
-- Times are whole microseconds since 1970-01-01T00:00:00Z. Ids are UUIDs (16 bytes).

CREATE TABLE observations (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT, -- order in which the rules read them
    district    TEXT    NOT NULL,
    timeline    TEXT    NOT NULL,
    station     TEXT    NOT NULL,
    pollutant   TEXT    NOT NULL,                 -- factor code of HJ 212
    kind        TEXT    NOT NULL,                 -- real, minutes, hour, day
    observed_at INTEGER NOT NULL,                 -- of a mean: the beginning of its period
    value       REAL NOT NULL,
    unit        TEXT    NOT NULL,
    flag        TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    source      TEXT    NOT NULL
);
-- keep_observations: the same reading again changes nothing; series: a station's readings of a pollutant by time
CREATE UNIQUE INDEX observations_once ON observations (district, timeline, station, pollutant, kind, observed_at);

CREATE TABLE sensing_states (
    district TEXT    NOT NULL,
    timeline TEXT    NOT NULL,
    name     TEXT    NOT NULL,                    -- a set of rules
    version  INTEGER NOT NULL,                    -- the fence: who decides must have seen the newest
    seq      INTEGER NOT NULL,                    -- the last observation that is in the state
    state    TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (district, timeline, name)
);

CREATE TABLE alarms (
    id         BLOB    NOT NULL PRIMARY KEY,    -- UUID v5 of (district, timeline, rule, place, start): the same alarm again makes no second row
    district   TEXT    NOT NULL,
    timeline   TEXT    NOT NULL,
    rule       TEXT    NOT NULL,
    place      TEXT    NOT NULL,
    severity   TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,                           -- none: still above
    body       TEXT    NOT NULL,                 -- JSON: reason in words, evidence
    case_id    BLOB                             -- the incident it opened or joined
);
-- alarms: newest first, open ones; alarm_before: the last one of the same rule and place
CREATE INDEX alarms_log ON alarms (district, timeline, started_at);
CREATE INDEX alarms_of_place ON alarms (district, timeline, rule, place, started_at);

CREATE TABLE alarm_commands (
    n        INTEGER PRIMARY KEY AUTOINCREMENT, -- order in which they are sent
    id       BLOB    NOT NULL UNIQUE,           -- UUID v5 of (alarm, what, how severe)
    district TEXT    NOT NULL,
    timeline TEXT    NOT NULL,
    alarm    BLOB    NOT NULL,
    what     TEXT    NOT NULL,                    -- raised, worse, cleared
    body     TEXT    NOT NULL,
    state    TEXT    NOT NULL CHECK (state IN ('waiting', 'done', 'refused')),
    answer   TEXT    NOT NULL,
    made_at  INTEGER NOT NULL,
    done_at  INTEGER
);
-- waiting_alarm_commands: what is still to be sent, in order
CREATE INDEX alarm_commands_waiting ON alarm_commands (district, timeline, n) WHERE state = 'waiting';
