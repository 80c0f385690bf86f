import pytest

from factories import make_instance
from obelisk.config import OverwriteMode
from obelisk.dicom.levels import Level
from obelisk.dicom.tag_json import tags_json
from obelisk.errors import ContentGoneError, ContentReplacedError, NotFoundError
from obelisk.services.attachments import Attachments, AttachmentSettings
from obelisk.services.content_names import CONTENT_NUMBERS, ContentNames


@pytest.fixture
def house(open_house):
    """An archive where instances are overwritten."""
    return open_house(overwrite_mode=OverwriteMode.ALWAYS)


@pytest.fixture
def attachments(house):
    """The service of attachments."""
    names = ContentNames("content type", CONTENT_NUMBERS, {})
    return Attachments(house.index, house.storage, names, AttachmentSettings())


def compress(attachments, instance_id):
    """Replace the file of an instance by a compressed one."""
    attachments.rewrite(Level.INSTANCE, instance_id, "dicom", is_compressed=True)


def test_a_file_that_was_compressed_meanwhile_is_read(house, attachments, ct):
    """Its content is the same, so nobody needs to know."""
    ids = house.store(ct).ids
    files = [house.resources.open_file(ids.instance) for _ in range(3)]
    compress(attachments, ids.instance)

    with files[0].view() as content:
        assert content == ct
    assert b"".join(files[1].read()) == ct
    assert b"".join(files[2].read(128, 132)) == b"DICM"


@pytest.mark.parametrize("whole", [False, True])
def test_the_dataset_of_a_file(house, attachments, ct, whole):
    """It is the same when the file was compressed meanwhile."""
    ids = house.store(ct).ids
    file = house.resources.open_file(ids.instance)
    with file.dataset("Latin1", whole=whole) as dataset:
        expected = tags_json(dataset)
    compress(attachments, ids.instance)

    for one in (file, house.resources.open_file(ids.instance)):
        with one.dataset("Latin1", whole=whole) as dataset:
            assert tags_json(dataset) == expected


def test_an_open_file_is_read_to_its_end(house, ct):
    """What happens to it later does not matter."""
    ids = house.store(ct).ids
    chunks = house.resources.open_file(ids.instance).read()
    house.resources.delete(Level.STUDY, ids.study)

    assert b"".join(chunks) == ct


def test_a_file_that_was_deleted_meanwhile_is_not_found(house, attachments, ct):
    """As if the request had come a moment later."""
    ids = house.store(ct).ids
    file = house.resources.open_file(ids.instance)
    found = attachments.open(Level.INSTANCE, ids.instance, "dicom")
    house.resources.delete(Level.STUDY, ids.study)

    with pytest.raises(NotFoundError), file.view():
        pass
    with pytest.raises(NotFoundError):
        file.read()
    with pytest.raises(NotFoundError):
        found.read_stored()


def test_a_file_that_was_overwritten_meanwhile_has_other_content(house):
    """A view shows the new content; a reader who knows the old size is told."""
    new = make_instance(SeriesDescription="Another one")
    ids = house.store(make_instance()).ids
    viewed, read = (house.resources.open_file(ids.instance) for _ in range(2))
    house.store(new)

    with viewed.view() as content:
        assert content == new
    assert viewed.size == len(new)
    with pytest.raises(ContentReplacedError):
        read.read()


def test_stored_bytes_that_were_compressed_meanwhile_are_others(house, attachments, ct):
    """The bytes of the file are not those that were looked up."""
    ids = house.store(ct).ids
    found = attachments.open(Level.INSTANCE, ids.instance, "dicom")
    compress(attachments, ids.instance)

    with pytest.raises(ContentReplacedError):
        found.read_stored()
    assert attachments.verify(Level.INSTANCE, ids.instance, "dicom")


def test_a_file_that_was_lost_is_an_error(house, ct):
    """If the index still names it, the storage area failed."""
    ids = house.store(ct).ids
    file = house.resources.open_file(ids.instance)
    house.storage.delete(file.uuid)

    with pytest.raises(ContentGoneError):
        file.read()
    with pytest.raises(ContentGoneError), file.view():
        pass
