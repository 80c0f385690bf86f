-- What searches need. Columns that are searched hold capitals, made by the function
-- `fold`; "" stands for an attribute that is absent.

-- A study keeps the attributes of the patient that its first instance had, and is found
-- by them: these two are those of `patient_attributes`.
ALTER TABLE study ADD COLUMN patient_id TEXT NOT NULL DEFAULT '';
ALTER TABLE study ADD COLUMN patient_name TEXT NOT NULL DEFAULT '';

UPDATE patient SET patient_id = fold(patient_id),
    patient_name = fold(coalesce(attributes ->> 'PatientName', ''));
UPDATE study SET study_instance_uid = fold(study_instance_uid),
    study_date = fold(study_date), accession_number = fold(accession_number),
    patient_id = fold(coalesce(patient_attributes ->> 'PatientID', '')),
    patient_name = fold(coalesce(patient_attributes ->> 'PatientName', ''));
UPDATE series SET series_instance_uid = fold(series_instance_uid), modality = fold(modality);
UPDATE instance SET sop_instance_uid = fold(sop_instance_uid);

CREATE INDEX study_by_patient_id ON study (patient_id);
CREATE INDEX study_by_patient_name ON study (patient_name);

-- For searches in the middle of a name.
CREATE VIRTUAL TABLE patient_trigram USING fts5 (
    patient_name, content = 'patient', content_rowid = 'pk', tokenize = 'trigram case_sensitive 1'
);
INSERT INTO patient_trigram (rowid, patient_name) SELECT pk, patient_name FROM patient;
CREATE TRIGGER patient_inserted AFTER INSERT ON patient BEGIN
    INSERT INTO patient_trigram (rowid, patient_name) VALUES (new.pk, new.patient_name);
END;
CREATE TRIGGER patient_deleted AFTER DELETE ON patient BEGIN
    INSERT INTO patient_trigram (patient_trigram, rowid, patient_name)
    VALUES ('delete', old.pk, old.patient_name);
END;
CREATE TRIGGER patient_renamed AFTER UPDATE OF patient_name ON patient BEGIN
    INSERT INTO patient_trigram (patient_trigram, rowid, patient_name)
    VALUES ('delete', old.pk, old.patient_name);
    INSERT INTO patient_trigram (rowid, patient_name) VALUES (new.pk, new.patient_name);
END;

CREATE VIRTUAL TABLE study_trigram USING fts5 (
    patient_name, content = 'study', content_rowid = 'pk', tokenize = 'trigram case_sensitive 1'
);
INSERT INTO study_trigram (rowid, patient_name) SELECT pk, patient_name FROM study;
CREATE TRIGGER study_inserted AFTER INSERT ON study BEGIN
    INSERT INTO study_trigram (rowid, patient_name) VALUES (new.pk, new.patient_name);
END;
CREATE TRIGGER study_deleted AFTER DELETE ON study BEGIN
    INSERT INTO study_trigram (study_trigram, rowid, patient_name)
    VALUES ('delete', old.pk, old.patient_name);
END;
CREATE TRIGGER study_renamed AFTER UPDATE OF patient_name ON study BEGIN
    INSERT INTO study_trigram (study_trigram, rowid, patient_name)
    VALUES ('delete', old.pk, old.patient_name);
    INSERT INTO study_trigram (rowid, patient_name) VALUES (new.pk, new.patient_name);
END;

-- For the modalities of a study, and the studies of a modality.
DROP INDEX series_by_modality;
CREATE INDEX series_by_modality ON series (modality, parent_pk);
DROP INDEX series_by_parent;
CREATE INDEX series_by_parent ON series (parent_pk, modality);

-- `level` is 0 (patient) to 3 (instance).
CREATE TABLE IF NOT EXISTS label (
    level INTEGER NOT NULL,
    resource_pk INTEGER NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (level, resource_pk, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS label_by_name ON label (label, level, resource_pk);
