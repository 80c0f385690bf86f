-- Who waits for jobs, whose jobs end with their process, and what happened to jobs.

-- Processes that somebody waits in, or whose jobs end with them: when the lease has
-- ended, all of that is void.
CREATE TABLE job_owner (name TEXT PRIMARY KEY, lease_until REAL NOT NULL) STRICT, WITHOUT ROWID;

-- The process that a job ends with, for a job that is not kept.
ALTER TABLE job ADD COLUMN keeper TEXT;
DELETE FROM job WHERE is_kept = 0;
DROP INDEX job_not_kept;
CREATE INDEX job_kept_by ON job (keeper) WHERE keeper IS NOT NULL;

-- One row for each request that waits for a job; `awaiting_count` counts them.
CREATE TABLE job_waiter (pk INTEGER PRIMARY KEY, job_pk INTEGER NOT NULL, owner TEXT NOT NULL) STRICT;
CREATE INDEX job_waiter_by_owner ON job_waiter (owner, job_pk);
CREATE INDEX job_waiter_by_job ON job_waiter (job_pk);
UPDATE job SET awaiting_count = 0 WHERE awaiting_count > 0;
CREATE TRIGGER job_waiter_came AFTER INSERT ON job_waiter BEGIN
    UPDATE job SET awaiting_count = awaiting_count + 1 WHERE pk = new.job_pk;
END;
CREATE TRIGGER job_waiter_left AFTER DELETE ON job_waiter BEGIN
    UPDATE job SET awaiting_count = awaiting_count - 1 WHERE pk = old.job_pk;
END;
CREATE TRIGGER job_with_waiters_deleted AFTER DELETE ON job WHEN old.awaiting_count > 0 BEGIN
    DELETE FROM job_waiter WHERE job_pk = old.pk;
END;

-- Lists in their orders.
CREATE INDEX job_by_priority ON job (priority, pk);
CREATE INDEX job_by_completion ON job (completed_at, pk);

-- What happened to jobs, with numbers of its own; it outlives the jobs, and the last
-- 100,000 are kept.
CREATE TABLE job_event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    time REAL NOT NULL
) STRICT;
CREATE TRIGGER job_submitted AFTER INSERT ON job BEGIN
    INSERT INTO job_event (type, id, time) VALUES ('JobSubmitted', new.id, new.created_at);
END;
CREATE TRIGGER job_ended AFTER UPDATE OF state ON job
WHEN new.state IN ('Success', 'Failure') AND old.state <> new.state BEGIN
    INSERT INTO job_event (type, id, time) VALUES ('Job' || new.state, new.id, new.updated_at);
END;
CREATE TRIGGER job_event_inserted AFTER INSERT ON job_event BEGIN
    DELETE FROM job_event WHERE seq <= new.seq - 100000;
END;
