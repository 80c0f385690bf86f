-- The ids of what is below patients and studies come from these indexes alone.

DROP INDEX study_by_parent;
CREATE INDEX study_by_parent ON study (parent_pk, id);
DROP INDEX series_by_parent;
CREATE INDEX series_by_parent ON series (parent_pk, modality, id);
