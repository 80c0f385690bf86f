-- An instance that comes is inserted into this view: the trigger does what that means, in
-- one statement, during which no other thread has to be waited for. What lies above it
-- is there already; the counts tell how many of these were created for it.
CREATE VIEW arrival (
    id, patient_pk, study_pk, series_pk, patient_count, study_count, series_count,
    sop_instance_uid, index_in_series, attributes, metadata,
    content_type, key, compression, size, md5, crc32, stored_size, stored_md5,
    change, date, stable_at
) AS SELECT
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
WHERE 0;

CREATE TRIGGER instance_arrived INSTEAD OF INSERT ON arrival BEGIN
    INSERT INTO instance (id, parent_pk, sop_instance_uid, index_in_series, attributes, metadata,
                          disk_size, uncompressed_size)
    VALUES (new.id, new.series_pk, new.sop_instance_uid, new.index_in_series, new.attributes,
            new.metadata, new.stored_size, new.size);
    INSERT INTO attachment (level, resource_pk, content_type, key, compression, size, md5, crc32,
                            stored_size, stored_md5)
    VALUES (3, last_insert_rowid(), new.content_type, new.key, new.compression, new.size, new.md5,
            new.crc32, new.stored_size, new.stored_md5);
    UPDATE total SET patient_count = patient_count + new.patient_count,
        study_count = study_count + new.study_count, series_count = series_count + new.series_count,
        instance_count = instance_count + 1, disk_size = disk_size + new.stored_size,
        uncompressed_size = uncompressed_size + new.size, last_change = last_change + 1;
    INSERT INTO change (seq, type, level, resource_pk, id, date)
    SELECT last_change, new.change, 3, last_insert_rowid(), new.id, new.date FROM total;
    UPDATE series SET instance_count = instance_count + 1, disk_size = disk_size + new.stored_size,
        uncompressed_size = uncompressed_size + new.size, last_update = new.date,
        stable_at = new.stable_at
    WHERE pk = new.series_pk;
    UPDATE study SET series_count = series_count + new.series_count,
        instance_count = instance_count + 1, disk_size = disk_size + new.stored_size,
        uncompressed_size = uncompressed_size + new.size, last_update = new.date,
        stable_at = new.stable_at
    WHERE pk = new.study_pk;
    UPDATE patient SET study_count = study_count + new.study_count,
        series_count = series_count + new.series_count, instance_count = instance_count + 1,
        disk_size = disk_size + new.stored_size, uncompressed_size = uncompressed_size + new.size,
        last_update = new.date, stable_at = new.stable_at
    WHERE pk = new.patient_pk;
    -- Whoever grows is recycled last; those who are protected have no place in the order.
    UPDATE patient SET recycling_order = (SELECT MAX(recycling_order) + 1 FROM patient)
    WHERE pk = new.patient_pk
    AND recycling_order < (SELECT MAX(recycling_order) FROM patient);
END;
