-- Leading blanks of a Patient ID do not count when it is looked up (PS3.5 Section 6.2).
CREATE INDEX patient_padded ON patient (ltrim(patient_id)) WHERE substr(patient_id, 1, 1) = ' ';
