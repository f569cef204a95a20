-- Who does something that only one process may do at a time. Times are whole microseconds since 1970-01-01T00:00:00Z.

CREATE TABLE leases (
    district TEXT    NOT NULL,
    timeline TEXT    NOT NULL,
    name     TEXT    NOT NULL,                    -- what is done: rules
    holder   BLOB    NOT NULL,                    -- UUID of the process
    until_at INTEGER NOT NULL,                    -- from then on another process may take it
    PRIMARY KEY (district, timeline, name)
);
