-- For searches in the middle of the description of a study. It holds capitals and none
-- of the text itself, so that what is deleted has to be told.
CREATE VIRTUAL TABLE study_description_trigram USING fts5 (
    study_description, content = '', tokenize = 'trigram case_sensitive 1'
);
INSERT INTO study_description_trigram (rowid, study_description)
SELECT pk, fold(attributes ->> 'StudyDescription') FROM study
WHERE attributes ->> 'StudyDescription' <> '';

CREATE TRIGGER study_description_inserted AFTER INSERT ON study
WHEN new.attributes ->> 'StudyDescription' <> '' BEGIN
    INSERT INTO study_description_trigram (rowid, study_description)
    VALUES (new.pk, fold(new.attributes ->> 'StudyDescription'));
END;
CREATE TRIGGER study_description_deleted AFTER DELETE ON study
WHEN old.attributes ->> 'StudyDescription' <> '' BEGIN
    INSERT INTO study_description_trigram (study_description_trigram, rowid, study_description)
    VALUES ('delete', old.pk, fold(old.attributes ->> 'StudyDescription'));
END;
CREATE TRIGGER study_description_removed AFTER UPDATE OF attributes ON study
WHEN old.attributes ->> 'StudyDescription' <> '' BEGIN
    INSERT INTO study_description_trigram (study_description_trigram, rowid, study_description)
    VALUES ('delete', old.pk, fold(old.attributes ->> 'StudyDescription'));
END;
CREATE TRIGGER study_description_added AFTER UPDATE OF attributes ON study
WHEN new.attributes ->> 'StudyDescription' <> '' BEGIN
    INSERT INTO study_description_trigram (rowid, study_description)
    VALUES (new.pk, fold(new.attributes ->> 'StudyDescription'));
END;
