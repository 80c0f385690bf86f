-- Named statements; those with {table} exist once per level.

-- name: find_ids
SELECT id FROM {table} ORDER BY id LIMIT ? OFFSET ?

-- name: find_edge_metadata
SELECT metadata FROM {table}
WHERE pk IN ((SELECT MIN(pk) FROM {table}), (SELECT MAX(pk) FROM {table}))

-- name: find_ids_after
SELECT id FROM {table} WHERE id > ? ORDER BY id LIMIT ?

-- name: find_modalities
SELECT DISTINCT attributes ->> 'Modality' FROM series
WHERE parent_pk = ? AND attributes ->> 'Modality' <> ''
ORDER BY 1

-- name: find_sop_classes
SELECT DISTINCT i.metadata ->> 'SopClassUid'
FROM series e JOIN instance i ON i.parent_pk = e.pk
WHERE e.parent_pk = ? AND i.metadata ->> 'SopClassUid' <> ''
ORDER BY 1

-- name: find_present
-- Of row numbers in JSON, those that there are, with their ids.
SELECT pk, id FROM {table} WHERE pk IN (SELECT value FROM json_each(?))

-- name: find_pk
SELECT pk FROM {table} WHERE id = ?

-- name: patient_rows
-- The columns of all *_rows are the first ones of ResourceRow; labels come in the order of their
-- key. Each column costs time, so that what a level does not have is left out at the end, and children
-- and labels are there only if ?1 and ?2 want them.
SELECT r.pk, r.id, r.attributes, r.metadata, NULL,
       CASE WHEN ?1 THEN (SELECT json_group_array(id) FROM (SELECT id FROM study WHERE parent_pk = r.pk ORDER BY id)) ELSE '[]' END,
       r.last_update, r.stable_at,
       CASE WHEN ?2 AND EXISTS (SELECT 1 FROM label WHERE level = 0) THEN (SELECT json_group_array(label) FROM label WHERE level = 0 AND resource_pk = r.pk) ELSE '[]' END,
       NULL, r.is_protected
FROM patient r

-- name: study_rows
SELECT r.pk, r.id, r.attributes, r.metadata, p.id,
       CASE WHEN ?1 THEN (SELECT json_group_array(id) FROM (SELECT id FROM series WHERE parent_pk = r.pk ORDER BY id)) ELSE '[]' END,
       r.last_update, r.stable_at,
       CASE WHEN ?2 AND EXISTS (SELECT 1 FROM label WHERE level = 1) THEN (SELECT json_group_array(label) FROM label WHERE level = 1 AND resource_pk = r.pk) ELSE '[]' END,
       r.patient_attributes
FROM study r JOIN patient p ON p.pk = r.parent_pk

-- name: study_texts
-- The columns of study_rows that a list shows, filled into a text, which takes half as long as to
-- take them out one by one; and the metadata where these contain another text.
SELECT CAST(printf(?, r.id,
           CASE WHEN r.series_count = 1 THEN (SELECT '["' || id || '"]' FROM series WHERE parent_pk = r.pk) ELSE (SELECT json_group_array(id) FROM (SELECT id FROM series WHERE parent_pk = r.pk ORDER BY id)) END,
           CASE WHEN r.stable_at IS NULL THEN 'true' ELSE 'false' END, r.last_update,
           CASE WHEN EXISTS (SELECT 1 FROM label WHERE level = 1) THEN (SELECT json_group_array(label) FROM label WHERE level = 1 AND resource_pk = r.pk) ELSE '[]' END,
           CASE WHEN instr(r.metadata, 'MainDicomTagsSignature') THEN main_attributes(1, r.attributes) ELSE r.attributes END,
           p.id,
           CASE WHEN instr(r.metadata, 'MainDicomTagsSignature') THEN main_attributes(0, r.patient_attributes) ELSE r.patient_attributes END) AS BLOB),
       CASE WHEN instr(r.metadata, ?) THEN r.metadata END
FROM study r JOIN patient p ON p.pk = r.parent_pk

-- name: series_rows
SELECT r.pk, r.id, r.attributes, r.metadata, p.id,
       CASE WHEN ?1 THEN (SELECT json_group_array(id) FROM (SELECT id FROM instance WHERE parent_pk = r.pk ORDER BY id)) ELSE '[]' END,
       r.last_update, r.stable_at,
       CASE WHEN ?2 AND EXISTS (SELECT 1 FROM label WHERE level = 2) THEN (SELECT json_group_array(label) FROM label WHERE level = 2 AND resource_pk = r.pk) ELSE '[]' END,
       NULL, 0, r.expected_instance_count
FROM series r JOIN study p ON p.pk = r.parent_pk

-- name: instance_rows
-- CROSS JOIN keeps SQLite from beginning with the attachments of all instances.
SELECT r.pk, r.id, r.attributes, r.metadata, p.id, '[]', '', NULL,
       CASE WHEN ?2 AND EXISTS (SELECT 1 FROM label WHERE level = 3) THEN (SELECT json_group_array(label) FROM label WHERE level = 3 AND resource_pk = r.pk) ELSE '[]' END,
       NULL, 0, NULL, r.index_in_series, a.key, a.size
FROM instance r CROSS JOIN series p ON p.pk = r.parent_pk
CROSS JOIN attachment a ON a.level = 3 AND a.resource_pk = r.pk AND a.content_type = 1

-- name: series_indexes
SELECT COUNT(*), COUNT(index_in_series), COUNT(DISTINCT index_in_series),
       MIN(index_in_series), MAX(index_in_series)
FROM instance WHERE parent_pk = ?

-- name: patient_counts
SELECT 1, study_count, series_count, instance_count, disk_size, uncompressed_size,
       other_disk_size, other_uncompressed_size
FROM patient WHERE pk = ?

-- name: study_counts
SELECT 1, 1, series_count, instance_count, disk_size, uncompressed_size,
       other_disk_size, other_uncompressed_size
FROM study WHERE pk = ?

-- name: series_counts
SELECT 1, 1, 1, instance_count, disk_size, uncompressed_size,
       other_disk_size, other_uncompressed_size
FROM series WHERE pk = ?

-- name: instance_counts
SELECT 1, 1, 1, 1, disk_size, uncompressed_size,
       other_disk_size, other_uncompressed_size
FROM instance WHERE pk = ?

-- name: total_counts
SELECT patient_count, study_count, series_count, instance_count, disk_size, uncompressed_size
FROM total

-- name: find_attachment
SELECT key, compression, size, md5, crc32, stored_size, stored_md5, content_type, revision
FROM attachment WHERE level = ? AND resource_pk = ? AND content_type = ?

-- name: find_file
SELECT key, compression, size, md5, crc32, stored_size, stored_md5, content_type, revision
FROM attachment
WHERE level = ? AND resource_pk = (SELECT pk FROM instance WHERE id = ?) AND content_type = ?

-- name: find_attachments
SELECT key, compression, size, md5, crc32, stored_size, stored_md5, content_type, revision
FROM attachment WHERE level = ? AND resource_pk = ? ORDER BY content_type

-- name: find_attachments_of_some
SELECT resource_pk, key, compression, size, md5, crc32, stored_size, stored_md5, content_type,
       revision
FROM attachment
WHERE level = ? AND resource_pk IN (SELECT value FROM json_each(?)) ORDER BY resource_pk, content_type

-- name: find_known_keys
-- Of a list in JSON.
SELECT key FROM attachment WHERE key IN (SELECT value FROM json_each(?1))
UNION ALL SELECT key FROM job_output WHERE key IN (SELECT value FROM json_each(?1))
UNION ALL SELECT key FROM job_file WHERE key IN (SELECT value FROM json_each(?1))

-- name: find_lineage
-- The pks of an instance, of its series and of what is above that, and how many instances
-- the series announces; NULL for what there is not.
SELECT i.pk, e.pk, s.pk, s.parent_pk, e.expected_instance_count
FROM total LEFT JOIN instance i ON i.id = ?1 LEFT JOIN series e ON e.id = ?2
LEFT JOIN study s ON s.pk = e.parent_pk

-- name: insert_arrival
INSERT INTO arrival VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: insert_patient
INSERT INTO patient (id, patient_id, patient_name, attributes, metadata, last_update, stable_at,
                     recycling_order)
VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(MAX(recycling_order), 0) + 1 FROM patient))

-- name: insert_study
INSERT INTO study (id, parent_pk, study_instance_uid, study_date, accession_number,
                   patient_id, patient_name, patient_attributes, attributes, metadata,
                   last_update, stable_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: insert_series
INSERT INTO series (id, parent_pk, series_instance_uid, modality, expected_instance_count,
                    attributes, metadata, last_update, stable_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: shrink_patient
UPDATE patient SET study_count = study_count - ?, series_count = series_count - ?,
    instance_count = instance_count - ?, disk_size = disk_size - ?,
    uncompressed_size = uncompressed_size - ?,
    other_disk_size = other_disk_size - ?,
    other_uncompressed_size = other_uncompressed_size - ?
WHERE pk = ?

-- name: shrink_study
UPDATE study SET series_count = series_count - ?, instance_count = instance_count - ?,
    disk_size = disk_size - ?, uncompressed_size = uncompressed_size - ?,
    other_disk_size = other_disk_size - ?,
    other_uncompressed_size = other_uncompressed_size - ?
WHERE pk = ?

-- name: shrink_series
UPDATE series SET instance_count = instance_count - ?, disk_size = disk_size - ?,
    uncompressed_size = uncompressed_size - ?,
    other_disk_size = other_disk_size - ?,
    other_uncompressed_size = other_uncompressed_size - ?
WHERE pk = ?

-- name: grow_total
UPDATE total SET patient_count = patient_count + ?, study_count = study_count + ?,
    series_count = series_count + ?, instance_count = instance_count + ?,
    disk_size = disk_size + ?, uncompressed_size = uncompressed_size + ?

-- name: count_siblings
SELECT parent_pk, (SELECT COUNT(*) FROM (SELECT 1 FROM {table} b WHERE b.parent_pk = a.parent_pk LIMIT 2))
FROM {table} a WHERE a.pk = ?

-- name: find_id
SELECT id FROM {table} WHERE pk = ?

-- name: delete_attachments
DELETE FROM attachment WHERE level = ? AND resource_pk IN ({rows}) RETURNING key

-- name: delete_changes
DELETE FROM change WHERE level = ? AND resource_pk IN ({rows})

-- name: delete_rows
DELETE FROM {level} WHERE pk IN ({rows})

-- name: begin_deletion
INSERT OR REPLACE INTO begun_deletion SELECT {depth}, pk, last_update FROM {table} WHERE id = ?

-- name: give_up_deletion
DELETE FROM begun_deletion WHERE level = {depth} AND resource_pk = (SELECT pk FROM {table} WHERE id = ?)

-- name: find_begun_deletions
-- Whether they grew since.
SELECT r.id, r.last_update <> d.last_update FROM begun_deletion d JOIN {table} r ON r.pk = d.resource_pk
WHERE d.level = {depth}

-- name: first_instances_counts
-- Of the first instances of a series, as those of a series are counted.
SELECT 1, 1, 1, COUNT(*), SUM(disk_size), SUM(uncompressed_size),
       SUM(other_disk_size), SUM(other_uncompressed_size)
FROM (SELECT * FROM instance WHERE parent_pk = ? ORDER BY pk LIMIT ?)

-- name: insert_removal
INSERT OR IGNORE INTO removal (key) VALUES (?)

-- name: delete_removal
DELETE FROM removal WHERE key = ?

-- name: find_removals
SELECT key FROM removal WHERE key NOT IN (SELECT key FROM kept_file)

-- name: find_kept_keys
-- Of a list in JSON.
SELECT DISTINCT key FROM kept_file WHERE key IN (SELECT value FROM json_each(?))

-- name: keep_files
-- Those of instances, of whose row numbers and keys there is a list in JSON.
INSERT INTO kept_file (key, holder)
SELECT a.key, ?1 FROM json_each(?2) f
CROSS JOIN attachment a ON a.level = 3 AND a.resource_pk = f.value ->> 0 AND a.content_type = 1
WHERE a.key = f.value ->> 1

-- name: find_released_keys
SELECT key FROM kept_file k WHERE holder = ? AND key IN (SELECT key FROM removal)
AND NOT EXISTS (SELECT 1 FROM kept_file o WHERE o.key = k.key AND o.holder != k.holder)

-- name: release_files
DELETE FROM kept_file WHERE holder = ?

-- name: forget_holders
DELETE FROM kept_file WHERE holder NOT IN (SELECT key FROM job_output)

-- name: number_changes
UPDATE total SET last_change = last_change + ? RETURNING last_change

-- name: insert_change
INSERT INTO change (seq, type, level, resource_pk, id, date) VALUES (?, ?, ?, ?, ?, ?)

-- name: find_changes_forward
SELECT seq, type, level, id, date FROM change
WHERE seq > ? AND seq <= ?{types} ORDER BY seq LIMIT ?

-- name: find_changes_backward
SELECT seq, type, level, id, date FROM change
WHERE seq <= ?{types} ORDER BY seq DESC LIMIT ?

-- name: find_last_change
SELECT last_change FROM total

-- name: clear_changes
DELETE FROM change

-- name: find_unstable
SELECT r.pk, r.id, r.stable_at FROM unstable u JOIN {table} r ON r.pk = u.resource_pk
WHERE u.level = ? AND r.stable_at <= ? ORDER BY r.stable_at

-- name: set_stable
UPDATE {table} SET stable_at = NULL WHERE pk = ? AND id = ? AND stable_at <= ?

-- name: find_user_metadata
SELECT number, value, revision FROM user_metadata
WHERE level = ? AND resource_pk = ? ORDER BY number

-- name: find_user_metadata_of_some
SELECT resource_pk, number, value, revision FROM user_metadata
WHERE level = ? AND resource_pk IN (SELECT value FROM json_each(?)) ORDER BY resource_pk, number

-- name: find_user_metadatum
SELECT number, value, revision FROM user_metadata
WHERE level = ? AND resource_pk = ? AND number = ?

-- name: replace_user_metadatum
INSERT OR REPLACE INTO user_metadata (level, resource_pk, number, value, revision)
VALUES (?, ?, ?, ?, ?)

-- name: delete_user_metadatum
DELETE FROM user_metadata WHERE level = ? AND resource_pk = ? AND number = ?

-- name: delete_user_metadata
DELETE FROM user_metadata WHERE level = ? AND resource_pk IN ({rows})

-- name: find_content_types
SELECT content_type FROM attachment
WHERE level = ? AND resource_pk = ? ORDER BY content_type

-- name: replace_attachment
INSERT OR REPLACE INTO attachment (level, resource_pk, content_type, key, compression, size,
                                   md5, crc32, stored_size, stored_md5, revision)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: delete_attachment
DELETE FROM attachment WHERE level = ? AND resource_pk = ? AND content_type = ?

-- name: resize
UPDATE {table} SET disk_size = disk_size + ?, uncompressed_size = uncompressed_size + ?,
    other_disk_size = other_disk_size + ?,
    other_uncompressed_size = other_uncompressed_size + ?
WHERE pk = ?

-- name: find_labels
SELECT label FROM label WHERE level = ? AND resource_pk = ? ORDER BY label

-- name: find_all_labels
SELECT DISTINCT label FROM label ORDER BY label

-- name: insert_label
INSERT OR IGNORE INTO label (level, resource_pk, label) VALUES (?, ?, ?)

-- name: delete_label
DELETE FROM label WHERE level = ? AND resource_pk = ? AND label = ?

-- name: delete_labels
DELETE FROM label WHERE level = ? AND resource_pk IN ({rows})

-- name: find_protection
SELECT is_protected FROM patient WHERE pk = ?

-- name: set_protection
UPDATE patient SET is_protected = ?1, recycling_order = CASE
    WHEN ?1 THEN NULL
    WHEN is_protected THEN (SELECT coalesce(MAX(recycling_order), 0) + 1 FROM patient)
    ELSE recycling_order END
WHERE pk = ?2

-- name: insert_export
INSERT INTO export (
    level, id, remote, date,
    patient_id, study_instance_uid, series_instance_uid, sop_instance_uid
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- name: find_exports
SELECT
    seq, level, id, remote, date,
    patient_id, study_instance_uid, series_instance_uid, sop_instance_uid
FROM export WHERE seq > ? ORDER BY seq LIMIT ?

-- name: find_last_export
SELECT
    seq, level, id, remote, date,
    patient_id, study_instance_uid, series_instance_uid, sop_instance_uid
FROM export ORDER BY seq DESC LIMIT 1

-- name: clear_exports
DELETE FROM export

-- name: find_resource_description
SELECT attributes, metadata FROM {table} WHERE pk = ?

-- name: find_study_description
SELECT patient_attributes, attributes, metadata FROM {table} WHERE pk = ?

-- name: describe_patient
UPDATE patient SET patient_id = ?, patient_name = ?, attributes = ?, metadata = ?
WHERE pk = ?

-- name: describe_study
UPDATE study SET study_instance_uid = ?, study_date = ?, accession_number = ?,
    patient_id = ?, patient_name = ?, patient_attributes = ?, attributes = ?, metadata = ?
WHERE pk = ?

-- name: describe_series
UPDATE series SET series_instance_uid = ?, modality = ?, attributes = ?, metadata = ?
WHERE pk = ?

-- name: describe_instance
UPDATE instance SET index_in_series = ?, sop_instance_uid = ?, attributes = ?, metadata = ?
WHERE pk = ?

-- name: find_padded_patients
SELECT pk, id FROM patient
WHERE substr(patient_id, 1, 1) = ' ' AND ltrim(patient_id) = ?
ORDER BY id

-- name: find_recyclable
SELECT id, disk_size FROM patient
WHERE recycling_order IS NOT NULL AND pk IS NOT ? ORDER BY recycling_order

-- name: series_lines
SELECT p.id, s.id, e.id, e.pk, p.attributes, s.patient_attributes, s.attributes, e.attributes
FROM series e JOIN study s ON s.pk = e.parent_pk JOIN patient p ON p.pk = s.parent_pk
WHERE {condition}

-- name: instance_numbers
SELECT pk, MAX(0, COALESCE(index_in_series, 0)) FROM instance WHERE parent_pk = ?

-- name: instance_lines
SELECT i.pk, i.id, MAX(0, COALESCE(i.index_in_series, 0)) AS number,
       i.metadata ->> 'ReceptionDate', i.metadata ->> 'SopClassUid',
       i.metadata ->> 'TransferSyntax', i.attributes ->> 'SOPInstanceUID',
       i.attributes ->> 'InstanceNumber', a.key, a.compression, a.size, a.crc32
FROM instance i
CROSS JOIN attachment a ON a.level = 3 AND a.resource_pk = i.pk AND a.content_type = 1
WHERE i.parent_pk = ? ORDER BY number, i.id

-- name: insert_job
INSERT INTO job (id, type, state, priority, sequence, destination, cursor, content, retry_policy,
                 is_permissive, is_kept, keeper, awaiting_count, is_auto_deleted, created_at,
                 updated_at, has_user_data, trace)
VALUES (?1, ?2, 'Pending', ?3, (SELECT COALESCE(MAX(sequence), 0) + 1 FROM job), ?4, 'null', ?5,
        ?6, ?7, ?8 IS NULL, ?8, 0, ?9, ?10, ?10, ?11, ?12)

-- name: insert_job_input
INSERT INTO job_input (job_pk, arguments, user_data) VALUES (?, ?, ?)

-- name: replace_job_arguments
UPDATE job_input SET arguments = ? WHERE job_pk = ?

-- name: find_job_arguments
SELECT arguments FROM job_input WHERE job_pk = ?

-- name: find_job_user_data
SELECT user_data FROM job_input WHERE job_pk = ?

-- name: insert_job_request
INSERT INTO job_request (key, digest, job_pk) VALUES (?, ?, ?)

-- name: find_job_request
SELECT q.digest, j.id FROM job_request q JOIN job j ON j.pk = q.job_pk WHERE q.key = ?

-- name: find_job
SELECT {columns} FROM job WHERE id = ?

-- name: find_job_by_pk
SELECT {columns} FROM job WHERE pk = ?

-- name: find_jobs
SELECT {columns} FROM job{conditions} ORDER BY {order} LIMIT ? OFFSET ?

-- name: count_jobs
SELECT state, number FROM job_count

-- name: count_some_jobs
-- No more of them than some number.
SELECT COUNT(*) FROM (SELECT 1 FROM job WHERE {column} IN ({values}) LIMIT ?)

-- name: has_pending_job
SELECT EXISTS (SELECT 1 FROM job WHERE state = 'Pending')

-- name: find_claimable_job
-- The first pending job of each destination that does not have its share of the workers,
-- but for jobs that end with another process, and what is sent to a client, which has an
-- owner. Left to itself, SQLite would look at all that is pending.
WITH RECURSIVE waiting (destination) AS (
    SELECT MIN(destination) FROM job INDEXED BY job_pending WHERE state = 'Pending'
    UNION ALL
    SELECT (SELECT MIN(destination) FROM job INDEXED BY job_pending
            WHERE state = 'Pending' AND destination > waiting.destination)
    FROM waiting WHERE waiting.destination IS NOT NULL
)
SELECT j.pk FROM waiting JOIN job j ON j.pk = (
    SELECT pk FROM job WHERE state = 'Pending' AND destination = waiting.destination
        AND (keeper IS NULL OR keeper = ?1) AND owner IS NULL
    ORDER BY priority DESC, sequence LIMIT 1
)
WHERE waiting.destination = '' OR ?2 > (
    SELECT COUNT(*) FROM job
    WHERE state = 'Running' AND owner = ?1 AND destination = waiting.destination
)
ORDER BY j.priority DESC, j.sequence LIMIT 1

-- name: claim_job
UPDATE job SET state = 'Running', owner = ?1, fence = fence + 1, lease_until = ?2,
    running_since = ?3, updated_at = ?3, revision = revision + 1
WHERE pk = ?4

-- name: update_job
UPDATE job SET {columns}, revision = revision + 1 WHERE pk = ?

-- name: next_job_sequence
SELECT COALESCE(MAX(sequence), 0) + 1 FROM job

-- name: renew_lease
UPDATE job SET lease_until = ? WHERE pk = ? AND owner = ? AND fence = ? AND state = 'Running'

-- name: find_lost_jobs
SELECT pk FROM job WHERE state = 'Running' AND lease_until <= ?

-- name: find_due_jobs
SELECT pk FROM job INDEXED BY job_retrying WHERE state = 'Retry' AND retry_at <= ?

-- name: find_oldest_completed_jobs
-- But for those that somebody waits for.
SELECT pk FROM job WHERE completed_at IS NOT NULL AND awaiting_count = 0
ORDER BY completed_at, pk LIMIT ?

-- name: count_completed_jobs
-- Idem.
SELECT (SELECT SUM(number) FROM job_count WHERE state IN ('Success', 'Failure'))
     - (SELECT COUNT(*) FROM job WHERE awaiting_count > 0 AND completed_at IS NOT NULL)

-- name: find_jobs_kept_by
SELECT pk FROM job WHERE keeper = ?

-- name: keep_job_owner
INSERT INTO job_owner (name, lease_until) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET lease_until = MAX(lease_until, excluded.lease_until)

-- name: is_job_owner_needed
SELECT EXISTS (SELECT 1 FROM job_waiter WHERE owner = ?1)
    OR EXISTS (SELECT 1 FROM job WHERE keeper = ?1)

-- name: find_lost_job_owners
SELECT name FROM job_owner WHERE lease_until <= ?

-- name: delete_job_owner
DELETE FROM job_owner WHERE name = ?

-- name: insert_job_waiter
INSERT INTO job_waiter (job_pk, owner) VALUES (?, ?)

-- name: delete_job_waiter
DELETE FROM job_waiter
WHERE pk = (SELECT MIN(pk) FROM job_waiter WHERE owner = ? AND job_pk = ?)

-- name: find_jobs_awaited_by
SELECT DISTINCT job_pk FROM job_waiter WHERE owner = ?

-- name: delete_job_waiters_of
DELETE FROM job_waiter WHERE owner = ?

-- name: find_wished_jobs
SELECT id FROM job WHERE state = 'Running' AND owner = ? AND wish IS NOT NULL

-- name: find_job_events_forward
SELECT seq, type, id, time FROM job_event
WHERE seq > ? AND seq <= ? AND type IN ({types}) ORDER BY seq LIMIT ?

-- name: find_job_events_backward
SELECT seq, type, id, time FROM job_event
WHERE seq <= ? AND type IN ({types}) ORDER BY seq DESC LIMIT ?

-- name: find_last_job_event
SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'job_event'

-- name: clear_job_events
DELETE FROM job_event

-- name: find_last_job_pk
SELECT COALESCE(MAX(pk), 0) FROM job

-- name: find_last_lease
SELECT COALESCE(MAX(lease_until), ?1) FROM job
WHERE state = 'Running' AND lease_until > ?1 AND lease_until < ?2

-- name: find_unfinished_jobs
SELECT pk FROM job WHERE state IN ('Pending', 'Running', 'Retry') AND pk <= ?
    AND NOT (state = 'Running' AND lease_until = ?)

-- name: delete_job
DELETE FROM job WHERE pk = ?

-- name: insert_job_failure
INSERT INTO job_failure (job_pk, position, id, error_code, error_details) VALUES (?, ?, ?, ?, ?)

-- name: find_job_failures
SELECT id, error_code, error_details FROM job_failure WHERE job_pk = ? ORDER BY position LIMIT ?

-- name: clear_job_failures
DELETE FROM job_failure WHERE job_pk = ?

-- name: insert_job_file
INSERT INTO job_file (key, job_pk) VALUES (?, ?)

-- name: delete_job_files
DELETE FROM job_file WHERE job_pk = ? RETURNING key

-- name: insert_job_output
INSERT INTO job_output (job_pk, name, key, size, media_type, file_name, used)
VALUES (?, ?, ?, ?, ?, ?, (SELECT COALESCE(MAX(used), 0) + 1 FROM job_output))

-- name: is_job_output_latest
SELECT used = (SELECT MAX(used) FROM job_output) FROM job_output WHERE key = ?

-- name: use_job_output
UPDATE job_output SET used = (SELECT MAX(used) + 1 FROM job_output) WHERE key = ?

-- name: find_job_output
SELECT name, key, size, media_type, file_name FROM job_output WHERE job_pk = ? AND name = ?

-- name: find_old_outputs
SELECT job_pk FROM job_output WHERE name = ? ORDER BY used DESC LIMIT -1 OFFSET ?

-- name: find_job_output_keys
SELECT key FROM job_output WHERE job_pk = ?

-- name: delete_job_outputs
DELETE FROM job_output WHERE job_pk = ?1 AND (?2 IS NULL OR name = ?2) RETURNING key

-- name: find_peers
SELECT name, description FROM peer ORDER BY name

-- name: find_peer
SELECT description FROM peer WHERE name = ?

-- name: put_peer
INSERT INTO peer (name, description) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET description = excluded.description

-- name: delete_peer
DELETE FROM peer WHERE name = ?
