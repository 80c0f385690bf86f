-- Resources whose deletion has begun, and takes several transactions; and when they last
-- grew before that. `level` is 0 (patient) to 2 (series).
CREATE TABLE begun_deletion (
    level INTEGER NOT NULL,
    resource_pk INTEGER NOT NULL,
    last_update TEXT NOT NULL,
    PRIMARY KEY (level, resource_pk)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER patient_deletion_ended AFTER DELETE ON patient BEGIN
    DELETE FROM begun_deletion WHERE level = 0 AND resource_pk = old.pk;
END;
CREATE TRIGGER study_deletion_ended AFTER DELETE ON study BEGIN
    DELETE FROM begun_deletion WHERE level = 1 AND resource_pk = old.pk;
END;
CREATE TRIGGER series_deletion_ended AFTER DELETE ON series BEGIN
    DELETE FROM begun_deletion WHERE level = 2 AND resource_pk = old.pk;
END;
