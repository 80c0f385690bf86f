-- The order in which patients are recycled: first the lowest number, and never those
-- without one, who are protected.
ALTER TABLE patient ADD COLUMN recycling_order INTEGER;
UPDATE patient SET recycling_order = place.number FROM (
    SELECT pk, row_number() OVER (ORDER BY last_update, pk) AS number
    FROM patient WHERE is_protected = 0
) AS place
WHERE patient.pk = place.pk;
CREATE INDEX patient_by_recycling_order ON patient (recycling_order);
