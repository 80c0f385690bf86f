import pytest

from obelisk.dicom.levels import LEVELS, Level
from obelisk.errors import (
    CorruptedFileError,
    InvalidArgumentError,
    NotFoundError,
    ReadOnlyContentError,
    RevisionConflictError,
    UnknownNameError,
)
from obelisk.services.attachments import Attachments, AttachmentSettings
from obelisk.services.content_names import (
    CONTENT_NUMBERS,
    METADATA_NUMBERS,
    ContentNames,
)
from obelisk.services.labels import Labels, Protection
from obelisk.services.metadata import Metadata

CLOCK = lambda: 1_700_000_000.0  # noqa: E731 -- a clock that stands


def metadata_of(house, **options):
    """Return the metadata service of an archive, with one name for users."""
    names = ContentNames("metadata", METADATA_NUMBERS, {"Mine": 1024})
    return Metadata(house.index, names, clock=CLOCK, **options)


def attachments_of(house, **settings):
    """Return the attachment service of an archive, with one name for users."""
    names = ContentNames("content type", CONTENT_NUMBERS, {"note": 1024})
    settings = AttachmentSettings(**settings)
    return Attachments(house.index, house.storage, names, settings, CLOCK)


def content_of(attachments, level, id_, name):
    """Return the content of an attachment."""
    return b"".join(attachments.open(level, id_, name).file.read())


def test_names_and_numbers():
    """A number is its own name, unless it was given one."""
    names = ContentNames("metadata", METADATA_NUMBERS, {"Mine": 1024, "Origin": 2000})

    assert (names.name(1024), names.name(1025), names.name(8)) == (
        "Mine",
        "1025",
        "Origin",
    )
    assert (names.number("Mine"), names.number("1025"), names.number("-1")) == (
        1024,
        1025,
        -1,
    )
    assert names.number("Origin") == 8
    with pytest.raises(UnknownNameError):
        names.number("Other")


@pytest.mark.parametrize("name", ["Origin", "8", "0", "-1", "1023", "65536"])
def test_metadata_of_the_server_are_not_for_users(house, ct, name):
    """Neither by name nor by number."""
    ids, metadata = house.store(ct).ids, metadata_of(house)

    with pytest.raises(ReadOnlyContentError):
        metadata.set(Level.INSTANCE, ids.instance, name, b"x")
    with pytest.raises(ReadOnlyContentError):
        metadata.delete(Level.INSTANCE, ids.instance, name)


def test_metadata_are_complete_and_in_order(house, ct):
    """Those of the server come first, by their numbers, then those of users."""
    ids, metadata = house.store(ct).ids, metadata_of(house)
    metadata.set(Level.INSTANCE, ids.instance, "2000", b"last")
    metadata.set(Level.INSTANCE, ids.instance, "Mine", b"first")

    found = {
        level: [metadata.names.name(one.number) for one in metadata.all(level, id_)]
        for level in LEVELS
        for id_ in [ids.at(level)]
    }

    assert found[Level.PATIENT] == ["LastUpdate", "MainDicomTagsSignature"]
    assert found[Level.SERIES][:2] == ["RemoteAET", "LastUpdate"]
    assert found[Level.INSTANCE][0] == "IndexInSeries"
    assert found[Level.INSTANCE][-2:] == ["Mine", "2000"]


def test_one_metadatum(house, ct):
    """By name or number; what is not set is nothing."""
    ids, metadata = house.store(ct).ids, metadata_of(house)
    metadata.set(Level.STUDY, ids.study, "Mine", b"x")

    assert metadata.lookup(Level.STUDY, ids.study, "1024").content == b"x"
    assert metadata.lookup(Level.STUDY, ids.study, "1025") is None
    metadata.delete(Level.STUDY, ids.study, "1024")
    assert metadata.lookup(Level.STUDY, ids.study, "Mine") is None


def test_required_revisions(house, ct):
    """With CheckRevisions, who changes something says what."""
    ids, metadata = house.store(ct).ids, metadata_of(house, is_revision_required=True)
    first = metadata.set(Level.STUDY, ids.study, "Mine", b"x")

    with pytest.raises(RevisionConflictError):
        metadata.set(Level.STUDY, ids.study, "Mine", b"y")
    second = metadata.set(Level.STUDY, ids.study, "Mine", b"y", first)
    with pytest.raises(RevisionConflictError):
        metadata.delete(Level.STUDY, ids.study, "Mine", first)
    metadata.delete(Level.STUDY, ids.study, "Mine", second)


@pytest.mark.parametrize("is_compressed", [False, True])
def test_an_attachment_is_kept_and_replaced(house, ct, is_compressed):
    """Whatever way it is stored, only the present file stays."""
    ids = house.store(ct).ids
    attachments = attachments_of(house, is_compressed=is_compressed)
    attachments.put(Level.STUDY, ids.study, "note", [b"old"])
    revision = attachments.put(Level.STUDY, ids.study, "1024", [b"n" * 1000, b"ew"])

    found = attachments.open(Level.STUDY, ids.study, "note")
    assert (revision.number, found.revision) == (1, revision)
    assert found.is_compressed is is_compressed
    assert b"".join(found.file.read()) == b"n" * 1000 + b"ew"
    assert len(house.files()) == 2
    assert attachments.content_types(Level.STUDY, ids.study) == [1024]
    attachments.delete(Level.STUDY, ids.study, "note")
    assert len(house.files()) == 1
    with pytest.raises(NotFoundError):
        attachments.open(Level.STUDY, ids.study, "note")


def test_an_attachment_of_nothing_leaves_nothing(house):
    """The file of a refused attachment goes away."""
    with pytest.raises(NotFoundError):
        attachments_of(house).put(Level.STUDY, "nope", "note", [b"x"])

    assert house.files() == []


def test_the_dicom_file_is_not_for_users(house, ct):
    """It cannot be replaced or deleted, but read."""
    ids, attachments = house.store(ct).ids, attachments_of(house)

    for name in ("dicom", "1", "dicom-until-pixel-data", "1023", "65536"):
        with pytest.raises(ReadOnlyContentError):
            attachments.put(Level.INSTANCE, ids.instance, name, [b"x"])
        with pytest.raises(ReadOnlyContentError):
            attachments.delete(Level.INSTANCE, ids.instance, name)
    with pytest.raises(NotFoundError):
        attachments.delete(Level.INSTANCE, ids.instance, "dicom-as-json")
    assert content_of(attachments, Level.INSTANCE, ids.instance, "dicom") == ct


def test_compression_can_be_changed(house, ct):
    """The content stays; the sizes, the file and the revision change."""
    ids, attachments = house.store(ct).ids, attachments_of(house)
    where = (Level.INSTANCE, ids.instance, "dicom")

    for is_compressed in (True, True, False):
        attachments.rewrite(*where, is_compressed=is_compressed)
        found = attachments.open(*where)
        assert found.is_compressed is is_compressed
        assert content_of(attachments, *where) == ct
        assert attachments.verify(*where)
        stored = len(b"".join(found.read_stored()))
        assert stored == found.attachment.stored_size
        assert house.resources.statistics().disk_size == stored
        assert len(house.files()) == 1

    assert found.revision.number == 2


def test_damage_is_found(house, ct):
    """A file that changed on the disk is told from a good one."""
    ids, attachments = house.store(ct).ids, attachments_of(house)
    attachments.put(Level.STUDY, ids.study, "note", [b"good"])
    (path,) = (one for one in house.files() if one.read_bytes() == b"good")
    path.write_bytes(b"evil")

    with pytest.raises(CorruptedFileError):
        attachments.verify(Level.STUDY, ids.study, "note")
    assert not attachments.verify(Level.STUDY, ids.study, "1025")


def test_nothing_to_verify_without_sums(house, ct):
    """Then it is said so."""
    ids, attachments = house.store(ct).ids, attachments_of(house, is_md5_computed=False)
    attachments.put(Level.STUDY, ids.study, "note", [b"x"])

    assert not attachments.verify(Level.STUDY, ids.study, "note")


@pytest.mark.parametrize("label", ["", "a b", "a.b", "é", "x" * 65, "a\n"])
def test_what_is_no_label(house, ct, label):
    """It can be neither given nor taken."""
    ids, labels = house.store(ct).ids, Labels(house.index)

    with pytest.raises(InvalidArgumentError):
        labels.add(Level.STUDY, ids.study, label)
    with pytest.raises(InvalidArgumentError):
        labels.remove(Level.STUDY, ids.study, label)


def test_labels_and_protection(house, ct):
    """They are seen in the description of a resource."""
    ids, labels = house.store(ct).ids, Labels(house.index)
    labels.add(Level.PATIENT, ids.patient, "x" * 64)
    protection = Protection(house.index)
    protection.switch(ids.patient, is_on=True)

    described = house.resources.get(Level.PATIENT, ids.patient)

    assert labels.of(Level.PATIENT, ids.patient) == described.labels == ["x" * 64]
    assert protection.is_on(ids.patient)
    assert described.row.is_protected
    labels.remove(Level.PATIENT, ids.patient, "x" * 64)
    assert labels.everywhere() == []
