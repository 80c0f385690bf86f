-- Two triggers told that a description is gone and that it is there, in an order that
-- SQLite does not promise: a study that was described anew in other words but those was
-- lost to searches. One trigger has an order, and what was lost is told again.
DROP TRIGGER study_description_removed;
DROP TRIGGER study_description_added;
CREATE TRIGGER study_description_changed AFTER UPDATE OF attributes ON study
WHEN old.attributes ->> 'StudyDescription' IS NOT new.attributes ->> 'StudyDescription' BEGIN
    INSERT INTO study_description_trigram (study_description_trigram, rowid, study_description)
    SELECT 'delete', old.pk, fold(old.attributes ->> 'StudyDescription')
    WHERE old.attributes ->> 'StudyDescription' <> '';
    INSERT INTO study_description_trigram (rowid, study_description)
    SELECT new.pk, fold(new.attributes ->> 'StudyDescription')
    WHERE new.attributes ->> 'StudyDescription' <> '';
END;

INSERT INTO study_description_trigram (study_description_trigram) VALUES ('delete-all');
INSERT INTO study_description_trigram (rowid, study_description)
SELECT pk, fold(attributes ->> 'StudyDescription') FROM study
WHERE attributes ->> 'StudyDescription' <> '';
