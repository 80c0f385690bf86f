-- What was sent to others, and when. The identifiers are copied, as the log outlives
-- the resources; those of levels below the resource are empty. The time is UTC as
-- YYYYMMDDTHHMMSS.

CREATE TABLE export (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    level INTEGER NOT NULL,
    id TEXT NOT NULL,
    remote TEXT NOT NULL,
    date TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    study_instance_uid TEXT NOT NULL,
    series_instance_uid TEXT NOT NULL,
    sop_instance_uid TEXT NOT NULL
) STRICT;
