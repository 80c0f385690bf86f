import re
import sqlite3
from contextlib import closing

import pytest

from obelisk.config import OverwriteMode
from obelisk.dicom.levels import Level
from obelisk.dicom.matching import Constraint, Like, Query
from obelisk.index import migrations
from obelisk.index.conditions import fold_value
from obelisk.index.sqlite import SQLiteIndex


def database_of_version(path, version):
    """Make a database as an earlier version of the program left it."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    connection.create_function("fold", 1, fold_value, deterministic=True)
    for number, text in migrations.migrations():
        if number <= version:
            connection.executescript(text)
    connection.execute(f"PRAGMA user_version = {version}")
    return connection


def fill(connection, stable_at):
    """Store one instance as version 3 did; its series is stable without a time."""
    connection.executescript(
        f"""
        INSERT INTO patient (id, patient_id, patient_name, attributes, metadata,
            last_update, stable_at, study_count, series_count, instance_count)
        VALUES ('p', 'P', '', '{{}}', '{{}}', '20260101T000000', {stable_at}, 1, 1, 1);
        INSERT INTO study (id, parent_pk, study_instance_uid, study_date,
            accession_number, patient_attributes, attributes, metadata, last_update,
            stable_at, series_count, instance_count)
        VALUES ('s', 1, '1', '', '', '{{}}', '{{}}', '{{}}', '', {stable_at}, 1, 1);
        INSERT INTO series (id, parent_pk, series_instance_uid, modality, attributes,
            metadata, last_update, stable_at, instance_count)
        VALUES ('e', 1, '2', '', '{{}}', '{{}}', '', NULL, 1);
        INSERT INTO change (type, level, resource_pk, id, date)
        VALUES ('NewPatient', 0, 1, 'p', '20260101T000000'),
               ('NewStudy', 1, 1, 's', '20260101T000000');
        DELETE FROM change WHERE seq = 2;
        """
    )
    connection.commit()
    connection.close()


def test_changes_and_clocks_outlive_the_migration(tmp_path, make):
    """Numbers of changes go on, and what waited to become stable still does."""
    path = tmp_path / "index"
    fill(database_of_version(path, 3), stable_at=5.0)

    index = SQLiteIndex(path)

    with index.read() as transaction:
        assert [
            change.seq for change in transaction.find_changes(since=0, limit=9)
        ] == [1]
        assert transaction.last_change() == 2
        assert transaction.find_unstable(Level.PATIENT, 6.0) == [(1, "p", 5.0)]
        assert transaction.find_unstable(Level.PATIENT, 4.0) == []
        assert transaction.find_unstable(Level.STUDY, 6.0) == [(1, "s", 5.0)]
        assert transaction.find_unstable(Level.SERIES, 6.0) == []
    index.write(lambda writer: writer.store_instance(make(), OverwriteMode.NEVER))
    with index.read() as transaction:
        assert transaction.find_changes(since=2, limit=9)[0].seq == 3
    index.close()


def test_patients_of_old_archives_are_recycled_in_their_order(tmp_path):
    """Those go first whose last instance came first, and the protected ones never."""
    path = tmp_path / "index"
    connection = database_of_version(path, 3)
    patients = [("new", "2026", 0), ("old", "2024", 0), ("kept", "2023", 1)]
    connection.executemany(
        "INSERT INTO patient (id, patient_id, patient_name, attributes, metadata,"
        " last_update, is_protected) VALUES (?, '', '', '{}', '{}', ?, ?)",
        patients,
    )
    connection.commit()
    connection.close()

    index = SQLiteIndex(path)

    with index.read() as transaction:
        assert [id_ for id_, _ in transaction.iter_recyclable(None)] == ["old", "new"]
        assert [id_ for id_, _ in transaction.iter_recyclable(1)] == ["old"]
    index.close()


def test_descriptions_of_an_older_archive_are_found(tmp_path):
    """The migration indexes what is there already."""
    path = tmp_path / "index"
    fill(database_of_version(path, 3), stable_at=5.0)
    connection = sqlite3.connect(path)
    connection.execute(
        """UPDATE study SET attributes = '{"StudyDescription": "Näh"}'"""
    )
    connection.commit()
    connection.close()
    constraints = (Constraint(0x00081030, Like("*näh*", is_case_sensitive=False)),)

    index = SQLiteIndex(path)

    with index.read() as transaction:
        found = transaction.find(Query(level=Level.STUDY, constraints=constraints))
    assert found == [(1, "s")]
    index.close()


def test_descriptions_that_were_lost_are_found_again(tmp_path):
    """Version 21 forgot the description of a study that was described anew."""
    path = tmp_path / "index"
    connection = database_of_version(path, 21)
    connection.executescript(
        """
        INSERT INTO patient (id, patient_id, patient_name, attributes, metadata,
            last_update)
        VALUES ('p', 'P', '', '{}', '{}', '');
        INSERT INTO study (id, parent_pk, study_instance_uid, study_date,
            accession_number, patient_attributes, attributes, metadata, last_update)
        VALUES ('s', 1, '1', '', '', '{}', '{"StudyDescription": "Knee"}', '{}', '');
        UPDATE study SET attributes = '{"StudyDescription": "Knee", "StudyID": "1"}';
        """
    )
    connection.commit()
    connection.close()
    constraints = (Constraint(0x00081030, Like("*knee*", is_case_sensitive=False)),)

    index = SQLiteIndex(path)

    with index.read() as transaction:
        found = transaction.find(Query(level=Level.STUDY, constraints=constraints))
    assert found == [(1, "s")]
    index.close()


def test_every_version_leads_to_the_same_schema(tmp_path):
    """It does not matter when an archive was founded."""
    schemas = []
    for number, _ in migrations.migrations():
        path = tmp_path / str(number)
        database_of_version(path, number).close()
        SQLiteIndex(path, is_synchronous=False).close()
        with closing(sqlite3.connect(path)) as connection:
            schemas.append(connection.execute(_SCHEMA).fetchall())

    assert len(schemas) > 1
    assert all(schema == schemas[0] for schema in schemas)


_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name"


def test_migration_that_fails_changes_nothing(tmp_path, monkeypatch):
    """All that is missing is applied, or none of it."""
    path = tmp_path / "index"
    database_of_version(path, 1).close()
    known = migrations.migrations()
    broken = [*known, (known[-1][0] + 1, "CREATE TABLE patient (pk INTEGER);")]
    monkeypatch.setattr(migrations, "migrations", lambda: broken)

    with pytest.raises(Exception, match=re.escape("already exists")):
        SQLiteIndex(path)

    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
