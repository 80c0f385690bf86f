-- Jobs. Times are POSIX times in seconds; what does not apply is NULL.

-- `sequence` orders jobs of one priority; `fence` counts the claims, so that whoever lost
-- a job cannot write any more; `wish` is what was asked of a running job, to be done at
-- the end of its step; `revision` counts the changes. JSON: cursor, content, retry_policy
-- (attempts, delay, backoff) and error_payload.
CREATE TABLE job (
    pk INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    state TEXT NOT NULL,
    wish TEXT,
    priority INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    destination TEXT NOT NULL,
    cursor TEXT NOT NULL,
    content TEXT NOT NULL,
    progress REAL NOT NULL DEFAULT 0,
    failed_count INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    fence INTEGER NOT NULL DEFAULT 0,
    lease_until REAL,
    retry_policy TEXT,
    attempt_count INTEGER NOT NULL DEFAULT 0,
    retry_at REAL,
    error_code INTEGER NOT NULL DEFAULT 0,
    error_details TEXT NOT NULL DEFAULT '',
    error_payload TEXT,
    is_permissive INTEGER NOT NULL,
    is_kept INTEGER NOT NULL,
    awaiting_count INTEGER NOT NULL,
    is_auto_deleted INTEGER NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    running_since REAL,
    completed_at REAL,
    runtime REAL NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL DEFAULT 0,
    has_user_data INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX job_by_sequence ON job (sequence);
CREATE INDEX job_by_state ON job (state, id);
CREATE INDEX job_by_type ON job (type, id);
CREATE INDEX job_pending ON job (destination, priority DESC, sequence) WHERE state = 'Pending';
CREATE INDEX job_running ON job (owner, destination) WHERE state = 'Running';
CREATE INDEX job_retrying ON job (retry_at) WHERE state = 'Retry';
CREATE INDEX job_completed ON job (completed_at) WHERE completed_at IS NOT NULL AND awaiting_count = 0;

CREATE INDEX job_awaited ON job (completed_at) WHERE awaiting_count > 0;
CREATE INDEX job_not_kept ON job (pk) WHERE is_kept = 0;

-- What never changes and may be large, as JSON.
CREATE TABLE job_input (
    job_pk INTEGER PRIMARY KEY,
    arguments TEXT NOT NULL,
    user_data TEXT
) STRICT;

-- Requests that may come again: `digest` tells whether it is the same request.
CREATE TABLE job_request (
    key TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    job_pk INTEGER NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

-- What a job could not do, in order.
CREATE TABLE job_failure (
    job_pk INTEGER NOT NULL,
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    error_code INTEGER NOT NULL,
    error_details TEXT NOT NULL,
    PRIMARY KEY (job_pk, position)
) STRICT, WITHOUT ROWID;

-- Files of the storage area that jobs made.
CREATE TABLE job_output (
    job_pk INTEGER NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    file_name TEXT NOT NULL,
    PRIMARY KEY (job_pk, name)
) STRICT, WITHOUT ROWID;

-- How many jobs there are in each state.
CREATE TABLE job_count (state TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO job_count VALUES
    ('Pending', 0), ('Running', 0), ('Paused', 0), ('Retry', 0), ('Success', 0), ('Failure', 0);
CREATE TRIGGER job_inserted AFTER INSERT ON job BEGIN
    UPDATE job_count SET number = number + 1 WHERE state = new.state;
END;
CREATE TRIGGER job_changed AFTER UPDATE OF state ON job BEGIN
    UPDATE job_count SET number = number - 1 WHERE state = old.state;
    UPDATE job_count SET number = number + 1 WHERE state = new.state;
END;
CREATE TRIGGER job_deleted AFTER DELETE ON job BEGIN
    UPDATE job_count SET number = number - 1 WHERE state = old.state;
    DELETE FROM job_input WHERE job_pk = old.pk;
    DELETE FROM job_request WHERE job_pk = old.pk;
    DELETE FROM job_failure WHERE job_pk = old.pk;
    INSERT OR IGNORE INTO removal SELECT key FROM job_output WHERE job_pk = old.pk;
    DELETE FROM job_output WHERE job_pk = old.pk;
END;
