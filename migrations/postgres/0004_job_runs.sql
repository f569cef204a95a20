-- Runs of planned jobs (reports, digests of figures): one row each, so that no two schedulers run one of them twice.
-- Times are whole microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE job_runs (
    district     TEXT    NOT NULL,
    timeline     TEXT    NOT NULL,
    job          TEXT    NOT NULL,
    planned_at   BIGINT  NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('known', 'begun', 'done')), -- known: the job was first heard of then, nothing ran
    attempts     BIGINT  NOT NULL,                 -- also the fence: only the last taker may settle it
    leased_until BIGINT  NOT NULL,                 -- begun: in the hands of a scheduler until then
    missed       BIGINT  NOT NULL,                 -- earlier runs that were missed and are made up for by this one
    result       TEXT    NOT NULL,
    began_at     BIGINT  NOT NULL,
    ended_at     BIGINT,
    PRIMARY KEY (district, timeline, job, planned_at) -- claim: one run once; last: the newest run of a job
);
