import hashlib
import io
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydicom import dcmread

from obelisk.config import OverwriteMode
from obelisk.dicom.levels import Level
from obelisk.dicom.noted_values import NotedValues
from obelisk.dicom.parsing import parse_instance
from obelisk.errors import IndexUnavailableError, InvalidDICOMError
from obelisk.index.records import Compression, StoreStatus
from obelisk.services import ingest
from obelisk.services.ingest import Origin
from obelisk.storage.filesystem import FilePendingContent

_PATIENT_NAME = 0x00100010
_MODALITY = 0x00080060


def attachment_of(house, instance_id):
    """Return the attachment that holds the file of an instance."""
    with house.index.read() as transaction:
        pk = transaction.get_pk(Level.INSTANCE, instance_id)
        return transaction.lookup_attachment(Level.INSTANCE, pk)


def content_of(house, instance_id):
    """Return the file of an instance."""
    return b"".join(house.resources.open_file(instance_id).read())


def enlarge(content, size):
    """Return the same instance with more pixel data."""
    dataset = dcmread(io.BytesIO(content))
    dataset.PixelData = bytes(range(256)) * (size // 256)
    target = io.BytesIO()
    dataset.save_as(target)
    return target.getvalue()


def with_uid(content, number):
    """Return another instance with the same content."""
    dataset = dcmread(io.BytesIO(content))
    dataset.SOPInstanceUID = f"2.25.{number + 1}"
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    target = io.BytesIO()
    dataset.save_as(target)
    return target.getvalue()


def test_stored_bytes_are_the_received_bytes(house, ct):
    """A file comes back as it came."""
    result = house.store(ct)

    assert result.status is StoreStatus.SUCCESS
    assert content_of(house, result.ids.instance) == ct


def test_sums_are_kept_with_the_file(house, ct):
    """Size, MD5 and CRC-32 of the content are known without reading it again."""
    file = attachment_of(house, house.store(ct).ids.instance)

    assert file.size == file.stored_size == len(ct)
    assert file.md5 == file.stored_md5 == hashlib.md5(ct).hexdigest()
    assert file.crc32 == zlib.crc32(ct)


def test_large_file_is_not_held_in_memory(house, ct):
    """A file beyond the limit goes through the storage area and comes back equal."""
    content = enlarge(ct, 9_000_000)

    result = house.store(content)

    assert content_of(house, result.ids.instance) == content
    file = attachment_of(house, result.ids.instance)
    assert file.md5 == hashlib.md5(content).hexdigest()
    assert len(house.files()) == 1


@pytest.mark.parametrize("is_compressed", [False, True])
@pytest.mark.parametrize("chunk_bytes", [4_096, 131_072, 1_048_576, 10_000_000])
@pytest.mark.parametrize("size", [200_000, 527_000, 9_000_000])
def test_sums_are_right_however_the_file_comes(
    open_house, ct, size, chunk_bytes, is_compressed
):
    """Small chunks and large ones make the same sums."""
    house = open_house(is_compressed=is_compressed)
    content = enlarge(ct, size)

    result = house.store(content, chunk_bytes)

    file = attachment_of(house, result.ids.instance)
    assert (file.size, file.crc32) == (len(content), zlib.crc32(content))
    assert file.md5 == hashlib.md5(content).hexdigest()
    assert content_of(house, result.ids.instance) == content


def test_files_that_come_at_once_have_their_own_sums(house, ct):
    """However many there are."""
    contents = [with_uid(enlarge(ct, 1_000_000 + n * 256), n) for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda one: house.store(one, 1_048_576), contents))

    for content, result in zip(contents, results, strict=True):
        file = attachment_of(house, result.ids.instance)
        assert file.md5 == hashlib.md5(content).hexdigest()
        assert file.crc32 == zlib.crc32(content)


@pytest.mark.parametrize("size", [0, 9_000_000])
def test_compressed_file_is_smaller_and_comes_back(open_house, ct, size):
    """With StorageCompression, the content is the same and the file is not."""
    house = open_house(is_compressed=True)
    content = enlarge(ct, size) if size else ct

    result = house.store(content)

    file = attachment_of(house, result.ids.instance)
    (path,) = house.files()
    assert content_of(house, result.ids.instance) == content
    assert file.compression is Compression.ZLIB_WITH_SIZE
    assert file.md5 == hashlib.md5(content).hexdigest()
    assert file.stored_md5 == hashlib.md5(path.read_bytes()).hexdigest()
    assert path.stat().st_size == file.stored_size < len(content)


def test_range_of_a_compressed_file_is_that_of_the_content(open_house, ct):
    """Ranges count in bytes of the content."""
    house = open_house(is_compressed=True)
    file = house.resources.open_file(house.store(ct).ids.instance)

    assert b"".join(file.read(128, 132)) == b"DICM"
    assert b"".join(file.read(1000)) == ct[1000:]


def test_md5_can_be_left_out(open_house, ct):
    """Without StoreMD5ForAttachments there is no MD5 sum."""
    house = open_house(is_md5_computed=False)

    assert attachment_of(house, house.store(ct).ids.instance).md5 == ""


@pytest.mark.parametrize("size", [0, 9_000_000])
def test_repeated_file_is_already_stored(house, ct, size):
    """The second time leaves one file and one instance."""
    content = enlarge(ct, size) if size else ct
    house.store(content)

    result = house.store(content)

    assert result.status is StoreStatus.ALREADY_STORED
    assert len(house.files()) == 1


def test_overwritten_file_goes_away(open_house, ct):
    """With Always, only the new file remains."""
    house = open_house(overwrite_mode=OverwriteMode.ALWAYS)
    house.store(ct)

    result = house.store(enlarge(ct, 1024))

    assert result.status is StoreStatus.SUCCESS
    assert content_of(house, result.ids.instance) == enlarge(ct, 1024)
    assert len(house.files()) == 1


def test_overwriting_if_changed_keeps_equal_files(open_house, ct):
    """With IfChanged, the same bytes are already stored, others replace them."""
    house = open_house(overwrite_mode=OverwriteMode.IF_CHANGED)

    statuses = [house.store(content).status for content in (ct, ct, enlarge(ct, 1024))]

    assert [status.value for status in statuses] == [
        "Success",
        "AlreadyStored",
        "Success",
    ]
    assert len(house.files()) == 1


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG\r\n\x1a\n" + bytes(200), bytes(5_000_000)]
)
@pytest.mark.parametrize("chunk_bytes", [65_536, 1_048_576])
def test_what_is_not_dicom_leaves_nothing(house, content, chunk_bytes):
    """A refused file is neither in the index nor in the storage area."""
    with pytest.raises(InvalidDICOMError):
        house.store(content, chunk_bytes)

    assert house.files() == []
    assert house.resources.statistics().instance_count == 0


@pytest.mark.parametrize("size", [0, 6_000_000])
def test_file_is_on_its_way_to_the_disk_while_it_is_parsed(
    house, ct, size, monkeypatch
):
    """All of it is there, and the system was told so, before parsing begins."""
    content = enlarge(ct, size) if size else ct
    begun, found = [], []
    begin = FilePendingContent.begin_finish

    def begin_finish(pending):
        begun.append(pending.key)
        begin(pending)

    def parse(*arguments, **options):
        found.extend((path.name, path.read_bytes()) for path in house.files())
        assert begun == [name for name, _ in found]
        return parse_instance(*arguments, **options)

    for number in range(8):  # then it is clear that nobody else comes
        house.resources.delete(
            Level.INSTANCE, house.store(with_uid(ct, number)).ids.instance
        )
    monkeypatch.setattr(FilePendingContent, "begin_finish", begin_finish)
    monkeypatch.setattr(ingest, "parse_instance", parse)

    result = house.store(content)

    assert found == [(attachment_of(house, result.ids.instance).key, content)]


def test_file_that_is_compressed_or_not_kept_is_not_written_first(
    open_house, ct, monkeypatch
):
    """What is not stored as it comes has no way to the disk before it is parsed."""
    monkeypatch.setattr(FilePendingContent, "begin_finish", None)
    for settings in ({"is_compressed": True}, {"is_kept": False}):
        house = open_house(**settings)
        for number in range(10):
            assert house.store(with_uid(ct, number)).is_new
        assert house.store(enlarge(ct, 6_000_000)).is_new


def test_broken_stream_leaves_nothing(house, ct):
    """If the sender goes away in the middle, nothing stays behind."""

    def chunks():
        yield enlarge(ct, 6_000_000)
        message = "gone"
        raise ConnectionResetError(message)

    with pytest.raises(ConnectionResetError):
        house.ingest.store(chunks(), Origin("RestApi"))

    assert house.files() == []


def test_failing_index_leaves_no_file(house, ct):
    """A file that the index could not record is removed."""
    house.index.close()

    with pytest.raises(IndexUnavailableError):
        house.store(ct)

    assert house.files() == []


def test_origin_is_kept_as_metadata(house, ct):
    """Where an instance came from can be asked later."""
    origin = Origin("DicomProtocol", "10.0.0.1", None, "MODALITY", "OBELISK")

    ids = house.ingest.store([ct], origin).ids

    metadata = house.resources.get(Level.INSTANCE, ids.instance).metadata
    assert metadata["Origin"] == "DicomProtocol"
    assert metadata["RemoteIP"] == "10.0.0.1"
    assert metadata["CalledAET"] == "OBELISK"
    assert "HttpUsername" not in metadata
    assert metadata["TransferSyntax"] == "1.2.840.10008.1.2.1"
    assert house.resources.get(Level.SERIES, ids.series).metadata == {
        "RemoteAET": "MODALITY"
    }


def test_main_attributes_are_described_at_their_level(house, ct):
    """Each resource shows the attributes of its level, by keyword."""
    ids = house.store(ct).ids
    study = house.resources.get(Level.STUDY, ids.study)

    assert study.attributes["StudyDate"] == "20040119"
    assert study.patient_attributes is not None
    assert study.patient_attributes["PatientID"] == "1CT1"
    assert study.child_ids == [ids.series]
    assert study.parent_id == ids.patient
    same = house.resources.ancestor(Level.INSTANCE, ids.instance, Level.STUDY)
    assert same == study


def test_stable_resources_come_after_the_stable_age(house, ct):
    """Series, study and patient become stable once, a minute after they grew."""
    ids = house.store(ct).ids
    house.now += 59
    house.stability.settle()
    early = house.resources.get(Level.STUDY, ids.study).is_stable
    house.now += 2
    house.stability.settle()
    house.stability.settle()

    types = [change.type.value for change in house.changes.page().changes]
    assert not early
    assert house.resources.get(Level.STUDY, ids.study).is_stable
    assert types[-3:] == ["StableSeries", "StableStudy", "StablePatient"]
    assert len(types) == 7


@pytest.mark.parametrize("size", [0, 1_000_000])
def test_few_attributes_are_decoded_of_a_known_series(house, ct, size, monkeypatch):
    """What lies above an instance is only looked at for the first one of a series."""
    content = enlarge(ct, size) if size else ct
    asked = []
    lookup = NotedValues.lookup

    def noted_lookup(values, tag):
        asked.append(tag)
        return lookup(values, tag)

    monkeypatch.setattr(NotedValues, "lookup", noted_lookup)
    house.store(content)
    first, asked[:] = set(asked), []
    house.store(with_uid(content, 1))

    assert {_PATIENT_NAME, _MODALITY} <= first
    assert not {_PATIENT_NAME, _MODALITY} & set(asked)
