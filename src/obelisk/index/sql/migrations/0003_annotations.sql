-- What users attach to resources. `level` is 0 (patient) to 3 (instance), `revision`
-- counts the changes from 0.

-- `value` is a text, or a blob if it is not UTF-8.
CREATE TABLE user_metadata (
    level INTEGER NOT NULL,
    resource_pk INTEGER NOT NULL,
    number INTEGER NOT NULL,
    value ANY NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (level, resource_pk, number)
) STRICT, WITHOUT ROWID;

ALTER TABLE attachment ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;

-- The parts of `disk_size` and `uncompressed_size` that are no DICOM files.
ALTER TABLE patient ADD COLUMN other_disk_size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE patient ADD COLUMN other_uncompressed_size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE study ADD COLUMN other_disk_size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE study ADD COLUMN other_uncompressed_size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE series ADD COLUMN other_disk_size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE series ADD COLUMN other_uncompressed_size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN other_disk_size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instance ADD COLUMN other_uncompressed_size INTEGER NOT NULL DEFAULT 0;
