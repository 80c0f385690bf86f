-- One row per resource: typed columns for what is searched, JSON for the rest.
-- `attributes` maps keywords to values, `stable_at` is a POSIX time in seconds
-- (NULL once the resource is stable), times are UTC as YYYYMMDDTHHMMSS.
-- `patient_attributes` are those of the instance that created the study.

CREATE TABLE patient (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient_id TEXT NOT NULL,
    patient_name TEXT NOT NULL,
    attributes TEXT NOT NULL,
    metadata TEXT NOT NULL,
    is_protected INTEGER NOT NULL DEFAULT 0,
    study_count INTEGER NOT NULL DEFAULT 0,
    series_count INTEGER NOT NULL DEFAULT 0,
    instance_count INTEGER NOT NULL DEFAULT 0,
    disk_size INTEGER NOT NULL DEFAULT 0,
    uncompressed_size INTEGER NOT NULL DEFAULT 0,
    last_update TEXT NOT NULL,
    stable_at REAL
) STRICT;
CREATE INDEX patient_by_patient_id ON patient (patient_id);
CREATE INDEX patient_by_name ON patient (patient_name);
CREATE INDEX patient_unstable ON patient (stable_at) WHERE stable_at IS NOT NULL;

CREATE TABLE study (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    parent_pk INTEGER NOT NULL REFERENCES patient (pk),
    study_instance_uid TEXT NOT NULL,
    study_date TEXT NOT NULL,
    accession_number TEXT NOT NULL,
    patient_attributes TEXT NOT NULL,
    attributes TEXT NOT NULL,
    metadata TEXT NOT NULL,
    series_count INTEGER NOT NULL DEFAULT 0,
    instance_count INTEGER NOT NULL DEFAULT 0,
    disk_size INTEGER NOT NULL DEFAULT 0,
    uncompressed_size INTEGER NOT NULL DEFAULT 0,
    last_update TEXT NOT NULL,
    stable_at REAL
) STRICT;
CREATE INDEX study_by_parent ON study (parent_pk);
CREATE INDEX study_by_uid ON study (study_instance_uid);
CREATE INDEX study_by_date ON study (study_date);
CREATE INDEX study_by_accession_number ON study (accession_number);
CREATE INDEX study_unstable ON study (stable_at) WHERE stable_at IS NOT NULL;

CREATE TABLE series (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    parent_pk INTEGER NOT NULL REFERENCES study (pk),
    series_instance_uid TEXT NOT NULL,
    modality TEXT NOT NULL,
    expected_instance_count INTEGER,
    attributes TEXT NOT NULL,
    metadata TEXT NOT NULL,
    instance_count INTEGER NOT NULL DEFAULT 0,
    disk_size INTEGER NOT NULL DEFAULT 0,
    uncompressed_size INTEGER NOT NULL DEFAULT 0,
    last_update TEXT NOT NULL,
    stable_at REAL
) STRICT;
CREATE INDEX series_by_parent ON series (parent_pk);
CREATE INDEX series_by_uid ON series (series_instance_uid);
CREATE INDEX series_by_modality ON series (modality);
CREATE INDEX series_unstable ON series (stable_at) WHERE stable_at IS NOT NULL;

CREATE TABLE instance (
    pk INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    parent_pk INTEGER NOT NULL REFERENCES series (pk),
    sop_instance_uid TEXT NOT NULL,
    index_in_series INTEGER,
    attributes TEXT NOT NULL,
    metadata TEXT NOT NULL,
    disk_size INTEGER NOT NULL,
    uncompressed_size INTEGER NOT NULL
) STRICT;
CREATE INDEX instance_by_parent ON instance (parent_pk);
CREATE INDEX instance_by_uid ON instance (sop_instance_uid);

-- A file of the storage area. `level` is 0 (patient) to 3 (instance),
-- `compression` is 0 (none) or 1 (zlib after the size); sizes are in bytes.
CREATE TABLE attachment (
    level INTEGER NOT NULL,
    resource_pk INTEGER NOT NULL,
    content_type INTEGER NOT NULL,
    key TEXT NOT NULL,
    compression INTEGER NOT NULL,
    size INTEGER NOT NULL,
    md5 TEXT NOT NULL,
    crc32 INTEGER NOT NULL,
    stored_size INTEGER NOT NULL,
    stored_md5 TEXT NOT NULL,
    PRIMARY KEY (level, resource_pk, content_type)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX attachment_by_key ON attachment (key);

-- Files that no attachment names any more and that are still to be removed.
CREATE TABLE removal (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    type TEXT NOT NULL,
    level INTEGER NOT NULL,
    resource_pk INTEGER NOT NULL,
    id TEXT NOT NULL,
    date TEXT NOT NULL
) STRICT;
CREATE INDEX change_by_resource ON change (level, resource_pk);

-- One row: the size of the whole archive.
CREATE TABLE total (
    pk INTEGER PRIMARY KEY CHECK (pk = 1),
    patient_count INTEGER NOT NULL,
    study_count INTEGER NOT NULL,
    series_count INTEGER NOT NULL,
    instance_count INTEGER NOT NULL,
    disk_size INTEGER NOT NULL,
    uncompressed_size INTEGER NOT NULL
) STRICT;
INSERT INTO total VALUES (1, 0, 0, 0, 0, 0, 0);
