import dataclasses
from unittest.mock import Mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexes import empty_index
from obelisk.config import OverwriteMode
from obelisk.dicom.levels import LEVELS, Level
from obelisk.errors import NotFoundError
from obelisk.index.records import (
    ChangeType,
    Counts,
    StoreStatus,
)
from obelisk.index.revisions import RevisionCheck

NEVER = OverwriteMode.NEVER


def store(index, new, mode=NEVER):
    """Store an instance in a transaction of its own."""
    return index.write(lambda writer: writer.store_instance(new, mode))


def read(index, method, *args, **kwargs):
    """Call a method of a read transaction."""
    with index.read() as transaction:
        return getattr(transaction, method)(*args, **kwargs)


def change_types(index):
    """Return the kinds of all changes, in order."""
    return [
        change.type.value for change in read(index, "find_changes", since=0, limit=99)
    ]


def test_first_instance_creates_its_ancestors(index, make):
    """A new instance brings its series, study and patient with it."""
    outcome = store(index, make())

    assert outcome.status is StoreStatus.SUCCESS
    assert [len(read(index, "find_ids", level, 0, None)) for level in LEVELS] == [1] * 4
    assert read(index, "total_counts") == Counts(1, 1, 1, 1, 100, 100)


def test_changes_name_the_instance_before_its_ancestors(index, make):
    """The order of the change log is that of Orthanc."""
    store(index, make())

    assert change_types(index) == ["NewInstance", "NewSeries", "NewStudy", "NewPatient"]


def test_instance_of_a_known_series_takes_two_statements(index, make):
    """Each statement lets other threads run, for whom the transaction then waits."""
    store(index, make(sop="3"))
    index._writer = writer = Mock(wraps=index._writer)

    store(index, make(sop="4"))

    assert writer.execute.call_count == len(["BEGIN", "SELECT", "INSERT", "COMMIT"])
    assert change_types(index)[4:] == ["NewInstance"]


def test_repeated_instance_changes_nothing(index, make):
    """An instance that is there already is told so, and nothing is counted twice."""
    store(index, make())

    outcome = store(index, make())

    assert outcome.status is StoreStatus.ALREADY_STORED
    assert read(index, "total_counts").instance_count == 1


def test_overwriting_names_the_old_file(index, make):
    """With Always, the new file takes the place of the old one."""
    store(index, make())
    new = dataclasses.replace(
        make(), attachment=dataclasses.replace(make().attachment, key="other", size=5)
    )

    outcome = store(index, new, OverwriteMode.ALWAYS)

    assert outcome.status is StoreStatus.SUCCESS
    assert outcome.removed_keys == ["key-P-1-2-3"]
    assert read(index, "find_removals") == ["key-P-1-2-3"]
    assert read(index, "total_counts") == Counts(1, 1, 1, 1, 100, 5)


@pytest.mark.parametrize(
    ("crc32", "status"), [(7, StoreStatus.ALREADY_STORED), (8, StoreStatus.SUCCESS)]
)
def test_overwriting_if_changed_compares_the_content(index, make, crc32, status):
    """With IfChanged, equal content is already stored."""
    store(index, make())
    attachment = dataclasses.replace(make().attachment, key="other", crc32=crc32)

    outcome = store(index, make(attachment=attachment), OverwriteMode.IF_CHANGED)

    assert outcome.status is status


def test_deletion_of_the_last_instance_empties_the_archive(index, make):
    """Ancestors that become empty go too, with their changes."""
    new = make()
    store(index, new)

    deletion = index.write(lambda w: w.delete(Level.INSTANCE, new.ids.instance))

    assert deletion.remaining is None
    assert deletion.keys == ["key-P-1-2-3"]
    assert read(index, "total_counts") == Counts(0, 0, 0, 0, 0, 0)
    assert change_types(index) == []
    assert read(index, "last_change") == 4


def test_deletion_leaves_nothing_of_what_is_below(index, make):
    """Labels, metadata, attachments and changes of all levels go with a patient."""
    stored = [
        make("P", "1", "2", "3"),
        make("P", "1", "2", "4"),
        make("P", "1", "5", "6"),
        make("P", "7", "8", "9"),
    ]
    other = make("Q", "10", "11", "12")

    def annotate(writer):
        for new in [*stored, other]:
            writer.store_instance(new, NEVER)
            for level in LEVELS:
                id_ = new.ids.at(level)
                check = RevisionCheck()
                writer.add_label(level, id_, "label")
                writer.set_user_metadatum(level, id_, 1024, b"value", check, "")

    index.write(annotate)
    deletion = index.write(
        lambda writer: writer.delete(Level.PATIENT, stored[0].ids.patient)
    )

    assert sorted(deletion.keys) == sorted(new.attachment.key for new in stored)
    with index.read() as transaction:
        rows = transaction._connection.execute
        for table in ("patient", "study", "series", "instance", "attachment"):
            assert rows(f"SELECT COUNT(*) FROM {table}").fetchone() == (1,), table
        for table in ("label", "user_metadata"):
            assert rows(f"SELECT COUNT(*) FROM {table}").fetchone() == (4,), table
        found = {change.id for change in transaction.find_changes(since=0, limit=99)}
        assert found == {other.ids.at(level) for level in LEVELS}
        assert sorted(transaction.find_removals()) == sorted(deletion.keys)


def test_deletion_tells_the_nearest_remaining_ancestor(index, make):
    """The series of another instance remains."""
    first, second = make(sop="3"), make(sop="4")
    store(index, first)
    store(index, second)

    deletion = index.write(lambda w: w.delete(Level.INSTANCE, first.ids.instance))

    assert deletion.remaining == (Level.SERIES, first.ids.series)


def test_deletion_of_an_unknown_resource_is_refused(index):
    """What is not there cannot be deleted."""
    with pytest.raises(NotFoundError):
        index.write(lambda writer: writer.delete(Level.STUDY, "nope"))


def test_series_is_completed_by_its_last_instance(index, make):
    """The series that announces two instances is complete with the second."""
    store(index, make(sop="3", index_in_series=1, expected_instance_count=2))
    store(index, make(sop="4", index_in_series=2, expected_instance_count=2))

    assert change_types(index)[-2:] == ["NewInstance", "CompletedSeries"]


def test_series_is_completed_by_any_instance(index, make):
    """Also by one that does not tell how many there are."""
    store(index, make(sop="3", index_in_series=1, expected_instance_count=2))
    store(index, make(sop="4", index_in_series=2))

    assert change_types(index)[-2:] == ["NewInstance", "CompletedSeries"]


def test_stable_resources_are_logged_once(index, make):
    """A resource becomes stable once its time has come, and only once."""
    new = make()
    store(index, new)
    ((pk, id_, _),) = read(index, "find_unstable", Level.STUDY, 1000.0)

    for _ in range(2):
        index.write(lambda w: w.make_stable(Level.STUDY, pk, id_, 1000.0, "date"))

    assert id_ == new.ids.study
    assert change_types(index).count("StableStudy") == 1
    assert read(index, "find_unstable", Level.STUDY, 1000.0) == []


def test_growth_postpones_stability(index, make):
    """An instance that came meanwhile keeps its ancestors unstable."""
    store(index, make(sop="3"))
    ((pk, id_, _),) = read(index, "find_unstable", Level.SERIES, 1000.0)
    store(index, make(sop="4", stable_at=2000.0))

    index.write(lambda w: w.make_stable(Level.SERIES, pk, id_, 1000.0, "date"))

    assert "StableSeries" not in change_types(index)


def test_a_successor_is_not_made_stable(index, make):
    """A resource that got the row of a deleted one keeps its own time."""
    store(index, make(patient="A"))
    ((pk, id_, _),) = read(index, "find_unstable", Level.PATIENT, 1000.0)
    index.write(lambda w: w.delete(Level.PATIENT, id_))
    store(index, make(patient="B"))

    index.write(lambda w: w.make_stable(Level.PATIENT, pk, id_, 1000.0, "date"))

    assert read(index, "find_unstable", Level.PATIENT, 1000.0)[0][0] == pk
    assert "StablePatient" not in change_types(index)


def test_changes_can_be_read_backward_and_by_type(index, make):
    """The last changes up to a number come in ascending order."""
    store(index, make(sop="3"))
    store(index, make(sop="4"))

    found = read(index, "find_changes", since=0, limit=2, to=4, is_backward=True)
    instances = read(
        index, "find_changes", since=0, limit=9, types=[ChangeType.NEW_INSTANCE]
    )

    assert [change.seq for change in found] == [3, 4]
    assert [change.seq for change in instances] == [1, 5]


def naive_counts(instances):
    """Count patients, studies, series and instances of a set of paths."""
    return tuple(len({path[:depth] for path in instances}) for depth in (1, 2, 3, 4))


paths = st.tuples(*[st.sampled_from("abc")] * 4)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(st.tuples(st.sampled_from(["store", *LEVELS]), paths), max_size=25)
)
def test_counters_equal_a_recount(tmp_path_factory, make, steps):
    """After any sequence of ingests and deletions all counters are right."""
    index = empty_index(tmp_path_factory.mktemp("index"))
    stored = set()
    for action, path in steps:
        new = make(*path)
        if action == "store":
            store(index, new)
            stored.add(path)
            continue
        prefix = path[: action.depth + 1]
        doomed = {other for other in stored if other[: len(prefix)] == prefix}
        if doomed:
            index.write(lambda w, a=action, n=new: w.delete(a, n.ids.at(a)))
            stored -= doomed
    total = read(index, "total_counts")
    details = {
        path: [
            read(
                index,
                "counts_of",
                level,
                read(index, "get_pk", level, make(*path).ids.at(level)),
            )
            for level in LEVELS
        ]
        for path in stored
    }
    index.close()

    assert dataclasses.astuple(total)[:4] == naive_counts(stored)
    assert total.disk_size == 100 * len(stored)
    for path, counts in details.items():
        for level, count in zip(LEVELS, counts, strict=True):
            below = {
                p for p in stored if p[: level.depth + 1] == path[: level.depth + 1]
            }
            assert dataclasses.astuple(count)[:4] == naive_counts(below)
            assert count.disk_size == 100 * len(below)


def test_study_keeps_the_patient_attributes_of_its_own_instance(index, make):
    """Two studies of a patient may say different things about the patient."""
    attributes = make().attributes | {Level.PATIENT: {"PatientName": "Doe^J"}}
    store(index, make(study="1"))
    store(index, make(study="2", sop="4", attributes=attributes))

    rows = [
        read(index, "get_row", Level.STUDY, make(study=uid).ids.study)
        for uid in ("1", "2")
    ]

    assert "Doe^Jane" in rows[0].patient_attributes
    assert "Doe^J" in rows[1].patient_attributes
    assert "Doe^Jane" not in rows[1].patient_attributes
