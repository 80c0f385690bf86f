"""Tests of what is read of the index: whole rows, parts of them, and by which way."""

import pytest

from obelisk.config import OverwriteMode
from obelisk.dicom.levels import LEVELS, Level
from obelisk.index.records import BARE, WHOLE, RowParts
from obelisk.index.revisions import RevisionCheck


@pytest.fixture
def stored(index, make):
    """The ids of five instances, of two series of one study, with labels."""
    found = []
    for series, sop in (("2", "3"), ("2", "4"), ("5", "6"), ("5", "7"), ("5", "8")):
        new = make("P", "1", series, sop)
        index.write(lambda writer, new=new: writer.store_instance(new, _NEVER))
        found.append(new.ids)
    for level in LEVELS:
        id_ = found[0].at(level)
        index.write(lambda writer, at=(level, id_): writer.add_label(*at, "seen"))
    return found


_NEVER = OverwriteMode.NEVER


@pytest.fixture
def plans(index):
    """A function that runs another one, and returns the plans of its statements."""

    def explain(run):
        asked = []
        with index.read() as transaction:
            connection = transaction.connection
            connection.set_trace_callback(asked.append)
            run(transaction)
            connection.set_trace_callback(None)
            return [
                row[3]
                for sql in asked
                for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")
            ]

    return explain


@pytest.mark.parametrize(
    "run",
    [
        lambda found: found.find_descendants(Level.SERIES, 1, Level.INSTANCE),
        lambda found: found.find_descendants(Level.PATIENT, 1, Level.INSTANCE),
        lambda found: found.find_rows(Level.INSTANCE, 5, 10),
        lambda found: found.get_rows_by_pk(Level.INSTANCE, [1, 2]),
        lambda found: found.get_rows_by_pk(Level.INSTANCE, [1, 2, 3, 4]),
        lambda found: list(found.iter_instance_lines(1)),
    ],
)
def test_files_are_looked_up_by_their_instances(stored, plans, run):
    """Nothing goes through the files of all instances to show some of them."""
    steps = [step for step in plans(run) if " a " in f"{step} "]

    assert steps
    assert all("resource_pk=? AND content_type=?" in step for step in steps)


def test_kept_files_are_looked_up_by_their_instances(index, stored):
    """The files of a new archive are found without going through all files."""
    with index.read() as transaction:
        lines = list(transaction.iter_instance_lines(1))
    asked = []

    def keep(writer):
        writer.connection.set_trace_callback(asked.append)
        return writer.keep_files("archive", [(line.pk, line.key) for line in lines])

    assert index.write(keep)
    with index.read() as transaction:
        (sql,) = [one for one in asked if "INSERT INTO kept_file" in one]
        plan = transaction.connection.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()

    assert any("resource_pk=? AND content_type=?" in step[3] for step in plan)


@pytest.mark.parametrize("change", ["key", "pk", "double"])
def test_files_that_are_no_more_are_not_kept(index, stored, change):
    """Either all files of an archive are those of their instances, or none is kept."""
    with index.read() as transaction:
        files = [(line.pk, line.key) for line in transaction.iter_instance_lines(1)]
    pk, key = files[0]
    changed = {"key": (pk, "another"), "pk": (99, key), "double": (pk + 2, key)}

    kept = index.write(lambda writer: writer.keep_files("a", [changed[change]]))

    assert not kept
    assert index.write(lambda writer: writer.keep_files("a", files))
    assert index.write(lambda writer: writer.release_files("a")) == []


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "parts", [WHOLE, BARE, RowParts(children=False), RowParts(labels=False)]
)
def test_parts_of_rows(index, stored, level, parts):
    """What is not wanted is empty, and the rest is as in whole rows."""
    with index.read() as transaction:
        whole = transaction.find_rows(level, 0, None)
        expected = [
            row._replace(
                child_ids=row.child_ids if parts.children else "[]",
                labels=row.labels if parts.labels else "[]",
            )
            for row in whole
        ]
        pks = [row.pk for row in whole]

        assert {'["seen"]'} <= {row.labels for row in whole}
        assert transaction.find_rows(level, 0, None, parts) == expected
        assert transaction.get_rows_by_pk(level, pks, parts) == expected
        assert [transaction.get_row(level, row.id, parts) for row in whole] == expected


def test_rows_come_in_the_order_of_their_numbers(index, stored):
    """Rows that are asked for in some order come in that one."""
    with index.read() as transaction:
        for pks in ([3, 1, 2], [5, 3, 1, 2, 4], [2], []):
            rows = transaction.get_rows_by_pk(Level.INSTANCE, pks)

            assert [row.pk for row in rows] == pks


def test_annotations_of_several_resources(index, stored):
    """Each resource has its own metadata and files, in their order, or none."""
    ids = [one.instance for one in stored]
    for number in (2000, 1024):
        index.write(
            lambda writer, number=number: writer.set_user_metadatum(
                Level.INSTANCE, ids[1], number, b"x", RevisionCheck(), ""
            )
        )
    with index.read() as transaction:
        pks = [transaction.get_pk(Level.INSTANCE, id_) for id_ in ids]
        metadata = transaction.find_user_metadata_of(Level.INSTANCE, pks)
        files = transaction.find_attachments_of(Level.INSTANCE, pks)

        numbers = [[one.number for one in found] for found in metadata]
        assert numbers == [[], [1024, 2000], [], [], []]
        assert [len(own) for own in files] == [1, 1, 1, 1, 1]
        for pk, found, own in zip(pks, metadata, files, strict=True):
            few = [pk]
            assert transaction.find_user_metadata_of(Level.INSTANCE, few) == [found]
            assert transaction.find_attachments_of(Level.INSTANCE, few) == [own]
        assert transaction.find_attachments_of(Level.STUDY, [1]) == [[]]


@pytest.mark.parametrize("count", [1, 5])
def test_some_of_many_resources(index, stored, count):
    """Those that are not there any more are left out, few or many."""
    ids = [one.instance for one in stored[:count]]
    with index.read() as transaction:
        rows = transaction.find_rows_by_id(Level.INSTANCE, [*reversed(ids), "nothing"])
        present = [(row.pk, row.id) for row in rows]
        gone = [(99, ids[0]), (rows[0].pk, "nothing")]

        assert [row.id for row in rows] == ids[::-1]
        assert transaction.find_present(Level.INSTANCE, present) == set(present)
        assert transaction.find_present(Level.INSTANCE, gone) == set()
        found = transaction.find_present(Level.INSTANCE, present + gone)
        assert found >= set(present)
        assert (99, ids[0]) not in found
