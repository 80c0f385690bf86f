-- Files that archives of jobs are made of stay, though their instances may be deleted.
-- The holder is the key of the output that the job has, or will have.
CREATE TABLE kept_file (
    key TEXT NOT NULL,
    holder TEXT NOT NULL,
    PRIMARY KEY (key, holder)
) STRICT, WITHOUT ROWID;

CREATE INDEX kept_file_by_holder ON kept_file (holder);

-- Grows with each use: the output with the lowest number was not used for the longest.
ALTER TABLE job_output ADD COLUMN used INTEGER NOT NULL DEFAULT 0;
