import dataclasses

import pytest

from obelisk.config import OverwriteMode
from obelisk.dicom.levels import LEVELS, Level
from obelisk.errors import NotFoundError, RevisionConflictError
from obelisk.index.records import Attachment, Compression
from obelisk.index.revisions import Revision, RevisionCheck

FREE = RevisionCheck()
DATE = "20240102T030405"
#: MD5 of "a".
MD5_A = "0cc175b9c0f1b6a831c399e269772661"


@pytest.fixture
def ids(index, make):
    """The ids of the only instance and of its ancestors."""
    new = make()
    index.write(lambda writer: writer.store_instance(new, OverwriteMode.NEVER))
    return new.ids


def read(index, method, *args):
    """Call a method of a read transaction."""
    with index.read() as transaction:
        return getattr(transaction, method)(*args)


def pk_of(index, level, ids):
    """Return the row number of a resource."""
    return read(index, "get_pk", level, ids.at(level))


def attachment(key, size=10, content_type=1024):
    """Return an attachment of a user."""
    return Attachment(key, Compression.NONE, size, "md5", 7, size, "md5", content_type)


def put(index, level, ids, new):
    """Attach a file in a transaction of its own."""
    return index.write(
        lambda writer: writer.put_attachment(level, ids.at(level), new, FREE, DATE)
    )


def set_metadatum(index, ids, content, check=FREE):
    """Set a number of the study to a value."""
    id_ = ids.study
    return index.write(
        lambda writer: writer.set_user_metadatum(
            Level.STUDY, id_, 1024, content, check, DATE
        )
    )


def updates(index):
    """Return the changes that users made."""
    with index.read() as transaction:
        found = transaction.find_changes(since=0, limit=99)
    return [(one.type.value, one.level) for one in found if "Updated" in one.type.value]


@pytest.mark.parametrize("content", [b"a", b"", "é\0".encode(), b"\xff\x00"])
def test_metadata_keep_any_bytes(index, ids, content):
    """Text or not, the same bytes come back."""
    set_metadatum(index, ids, content)

    (found,) = read(
        index, "find_user_metadata", Level.STUDY, pk_of(index, Level.STUDY, ids)
    )

    assert (found.number, found.content, found.revision) == (1024, content, 0)


def test_metadata_count_their_changes(index, ids):
    """Each change makes a revision, and is logged."""
    first, second = set_metadatum(index, ids, b"a"), set_metadatum(index, ids, b"a")

    assert (first, second) == (Revision(0, MD5_A), Revision(1, MD5_A))
    assert updates(index) == [("UpdatedMetadata", Level.STUDY)] * 2


@pytest.mark.parametrize(
    "check",
    [
        RevisionCheck(is_required=True),
        RevisionCheck(Revision(1, MD5_A)),
        RevisionCheck(Revision(0, "other")),
    ],
)
def test_another_revision_is_a_conflict(index, ids, check):
    """Nothing is changed then."""
    set_metadatum(index, ids, b"a", RevisionCheck(is_required=True))

    with pytest.raises(RevisionConflictError):
        set_metadatum(index, ids, b"b", check)
    with pytest.raises(RevisionConflictError):
        index.write(
            lambda writer: writer.delete_user_metadatum(
                Level.STUDY, ids.study, 1024, check, DATE
            )
        )
    assert len(updates(index)) == 1


def test_the_right_revision_may_be_changed(index, ids):
    """And the first value needs none."""
    first = set_metadatum(index, ids, b"a", RevisionCheck(is_required=True))
    second = set_metadatum(index, ids, b"b", RevisionCheck(first, is_required=True))

    assert second.number == 1


def test_deleted_metadata_are_gone(index, ids):
    """They cannot be deleted twice, and start again at revision 0."""
    set_metadatum(index, ids, b"a")
    set_metadatum(index, ids, b"a")

    def delete(writer):
        writer.delete_user_metadatum(Level.STUDY, ids.study, 1024, FREE, DATE)

    index.write(delete)
    with pytest.raises(NotFoundError):
        index.write(delete)
    assert set_metadatum(index, ids, b"a").number == 0


@pytest.mark.parametrize("level", LEVELS)
def test_attachments_count_for_all_that_contains_them(index, ids, level):
    """Beside the DICOM file, at their level and above, and for the whole archive."""
    put(index, level, ids, attachment("a", 10))
    put(index, level, ids, attachment("b", 5))

    for other in LEVELS:
        counts = read(index, "counts_of", other, pk_of(index, other, ids))
        extra = 5 if other.depth <= level.depth else 0
        assert (counts.disk_size, counts.other_disk_size) == (100 + extra, extra)
        assert counts.uncompressed_size - counts.other_uncompressed_size == 100
    total = read(index, "total_counts")
    assert (total.disk_size, total.uncompressed_size) == (105, 105)


def test_replaced_and_deleted_files_are_to_be_removed(index, ids):
    """Their keys are in the answer and on the list of removals."""
    put(index, Level.STUDY, ids, attachment("a"))
    revision, keys = put(index, Level.STUDY, ids, attachment("b"))
    last = index.write(
        lambda writer: writer.delete_attachment(
            Level.STUDY, ids.study, 1024, FREE, DATE
        )
    )

    assert (revision.number, keys, last) == (1, ["a"], ["b"])
    assert sorted(read(index, "find_removals")) == ["a", "b"]
    assert read(index, "total_counts").disk_size == 100
    assert updates(index) == [("UpdatedAttachment", Level.STUDY)] * 3


def test_a_rewritten_dicom_file_is_no_event(index, ids):
    """Its size is counted, and a second writer learns that it came too late."""
    pk = pk_of(index, Level.INSTANCE, ids)
    old = read(index, "lookup_attachment", Level.INSTANCE, pk)
    new = dataclasses.replace(old, key="new", stored_size=40)

    def rewrite(writer):
        return writer.rewrite_attachment(Level.INSTANCE, ids.instance, old, new, DATE)

    assert index.write(rewrite) == [old.key]
    assert index.write(rewrite) is None
    found = read(index, "lookup_attachment", Level.INSTANCE, pk)
    counts = read(index, "counts_of", Level.PATIENT, pk_of(index, Level.PATIENT, ids))
    assert (found.key, found.revision) == ("new", 1)
    assert (counts.disk_size, counts.other_disk_size) == (40, 0)
    assert updates(index) == []


def test_labels_are_sorted_and_given_once(index, ids):
    """Of one resource and of all."""
    for level, label in [(Level.STUDY, "b"), (Level.STUDY, "a"), (Level.SERIES, "a")]:
        for _ in range(2):
            index.write(lambda w, at=level, it=label: w.add_label(at, ids.at(at), it))

    study = pk_of(index, Level.STUDY, ids)
    assert read(index, "find_labels", Level.STUDY, study) == ["a", "b"]
    assert read(index, "find_all_labels") == ["a", "b"]
    assert read(index, "get_row", Level.STUDY, ids.study).labels == '["a","b"]'
    index.write(lambda writer: writer.remove_label(Level.STUDY, ids.study, "b"))
    assert read(index, "find_all_labels") == ["a"]


def test_annotations_go_with_their_resource(index, ids, make):
    """Nothing stays behind that a later resource could inherit."""
    for level in LEVELS:
        put(index, level, ids, attachment(f"key-{level.name}"))
        index.write(lambda writer, at=level: writer.add_label(at, ids.at(at), "x"))
    set_metadatum(index, ids, b"a")
    other = make(patient="Q", study="7", series="8", sop="9")
    index.write(lambda writer: writer.store_instance(other, OverwriteMode.NEVER))

    deletion = index.write(lambda writer: writer.delete(Level.SERIES, ids.series))

    assert len(deletion.keys) == 5
    assert read(index, "find_all_labels") == []
    total = read(index, "total_counts")
    assert (total.instance_count, total.disk_size) == (1, 100)
    again = make()
    index.write(lambda writer: writer.store_instance(again, OverwriteMode.NEVER))
    study = pk_of(index, Level.STUDY, ids)
    assert read(index, "find_user_metadata", Level.STUDY, study) == []


def test_a_deleted_series_takes_its_attachments_from_the_study(index, ids, make):
    """The study keeps its own, and counts them alone."""
    sibling = make(series="7", sop="9")
    index.write(lambda writer: writer.store_instance(sibling, OverwriteMode.NEVER))
    put(index, Level.SERIES, ids, attachment("a", 10))
    put(index, Level.STUDY, ids, attachment("b", 5))

    index.write(lambda writer: writer.delete(Level.SERIES, ids.series))

    counts = read(index, "counts_of", Level.PATIENT, pk_of(index, Level.PATIENT, ids))
    assert (counts.disk_size, counts.other_disk_size) == (105, 5)
    assert read(index, "total_counts").disk_size == 105


def test_protection_can_be_switched(index, ids):
    """A patient is not protected until it is said."""
    pk = pk_of(index, Level.PATIENT, ids)
    before = read(index, "is_protected", pk)
    index.write(lambda writer: writer.protect(ids.patient, is_protected=True))

    assert not before
    assert read(index, "is_protected", pk)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("set_user_metadatum", (1024, b"a", FREE, DATE)),
        ("delete_user_metadatum", (1024, FREE, DATE)),
        ("put_attachment", (attachment("k"), FREE, DATE)),
        ("delete_attachment", (1024, FREE, DATE)),
        ("add_label", ("x",)),
        ("remove_label", ("x",)),
    ],
)
def test_unknown_resources_cannot_be_annotated(index, method, arguments):
    """Nothing is written for what is not there."""
    with pytest.raises(NotFoundError):
        index.write(
            lambda writer: getattr(writer, method)(Level.STUDY, "nope", *arguments)
        )
    assert read(index, "total_counts").disk_size == 0
