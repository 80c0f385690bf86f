-- Files of the storage area that jobs work on, until they have succeeded or are deleted.
CREATE TABLE job_file (
    key TEXT PRIMARY KEY,
    job_pk INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX job_file_by_job ON job_file (job_pk);
