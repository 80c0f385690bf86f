-- Fewer pages to write for each instance.

-- The number of the last change; numbers go on after changes are deleted.
ALTER TABLE total ADD COLUMN last_change INTEGER NOT NULL DEFAULT 0;
UPDATE total SET last_change = (SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'change');

CREATE TABLE numbered_change (
    seq INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    level INTEGER NOT NULL,
    resource_pk INTEGER NOT NULL,
    id TEXT NOT NULL,
    date TEXT NOT NULL
) STRICT;
INSERT INTO numbered_change SELECT seq, type, level, resource_pk, id, date FROM change;
DROP TABLE change;
ALTER TABLE numbered_change RENAME TO change;
CREATE INDEX change_by_resource ON change (level, resource_pk);

-- Only the recovery after a crash looks for keys, and it may read the whole table.
DROP INDEX attachment_by_key;

-- The resources that have a `stable_at`, which changes with each instance: this table
-- does not. `level` is 0 (patient) to 2 (series).
CREATE TABLE unstable (
    level INTEGER NOT NULL,
    resource_pk INTEGER NOT NULL,
    PRIMARY KEY (level, resource_pk)
) STRICT, WITHOUT ROWID;
INSERT INTO unstable SELECT 0, pk FROM patient WHERE stable_at IS NOT NULL;
INSERT INTO unstable SELECT 1, pk FROM study WHERE stable_at IS NOT NULL;
INSERT INTO unstable SELECT 2, pk FROM series WHERE stable_at IS NOT NULL;
DROP INDEX patient_unstable;
DROP INDEX study_unstable;
DROP INDEX series_unstable;

CREATE TRIGGER patient_created AFTER INSERT ON patient WHEN new.stable_at IS NOT NULL BEGIN
    INSERT INTO unstable VALUES (0, new.pk);
END;
CREATE TRIGGER patient_grown AFTER UPDATE OF stable_at ON patient
WHEN old.stable_at IS NULL AND new.stable_at IS NOT NULL BEGIN
    INSERT INTO unstable VALUES (0, new.pk);
END;
CREATE TRIGGER patient_settled AFTER UPDATE OF stable_at ON patient WHEN new.stable_at IS NULL BEGIN
    DELETE FROM unstable WHERE level = 0 AND resource_pk = new.pk;
END;
CREATE TRIGGER patient_removed AFTER DELETE ON patient BEGIN
    DELETE FROM unstable WHERE level = 0 AND resource_pk = old.pk;
END;

CREATE TRIGGER study_created AFTER INSERT ON study WHEN new.stable_at IS NOT NULL BEGIN
    INSERT INTO unstable VALUES (1, new.pk);
END;
CREATE TRIGGER study_grown AFTER UPDATE OF stable_at ON study
WHEN old.stable_at IS NULL AND new.stable_at IS NOT NULL BEGIN
    INSERT INTO unstable VALUES (1, new.pk);
END;
CREATE TRIGGER study_settled AFTER UPDATE OF stable_at ON study WHEN new.stable_at IS NULL BEGIN
    DELETE FROM unstable WHERE level = 1 AND resource_pk = new.pk;
END;
CREATE TRIGGER study_removed AFTER DELETE ON study BEGIN
    DELETE FROM unstable WHERE level = 1 AND resource_pk = old.pk;
END;

CREATE TRIGGER series_created AFTER INSERT ON series WHEN new.stable_at IS NOT NULL BEGIN
    INSERT INTO unstable VALUES (2, new.pk);
END;
CREATE TRIGGER series_grown AFTER UPDATE OF stable_at ON series
WHEN old.stable_at IS NULL AND new.stable_at IS NOT NULL BEGIN
    INSERT INTO unstable VALUES (2, new.pk);
END;
CREATE TRIGGER series_settled AFTER UPDATE OF stable_at ON series WHEN new.stable_at IS NULL BEGIN
    DELETE FROM unstable WHERE level = 2 AND resource_pk = new.pk;
END;
CREATE TRIGGER series_removed AFTER DELETE ON series BEGIN
    DELETE FROM unstable WHERE level = 2 AND resource_pk = old.pk;
END;
