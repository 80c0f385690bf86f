import io
import tempfile
import warnings
import zipfile

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.fileset import FileSet

from factories import make_instance, make_study
from obelisk.dicom.levels import Level
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.errors import (
    CorruptedFileError,
    NotFoundError,
    StorageError,
    StorageFullError,
    UnknownNameError,
)
from obelisk.imaging.reader import ImageReader
from obelisk.services.archiving.archiving import ArchiveForm, Archiving
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.transcoding import Transcoding

_SR = "1.2.840.10008.5.1.4.1.1.88.22"
_PDF = "1.2.840.10008.5.1.4.1.1.104.1"


def _archiving(house):
    return Archiving(
        house.index,
        house.storage,
        AssumedEncoding("Latin1"),
        Transcoding(ImageReader(), UIDGenerator()),
    )


def _archive(house, resources, **form):
    layout = _archiving(house).lay_out(resources, ArchiveForm(**form))
    content = b"".join(layout.read(0, layout.size))
    assert len(content) == layout.size
    return zipfile.ZipFile(io.BytesIO(content))


def _stored(house, files):
    return [house.store(file).ids for file in files]


def _patients(ids):
    return sorted({(Level.PATIENT, one.patient) for one in ids})


def _code(meaning):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = "1", "99X"
    item.CodeMeaning = meaning
    return item


def test_an_archive_holds_the_files_as_they_were_received(house):
    """Each file of a study is there once, unchanged."""
    files = make_study(1)
    ids = _stored(house, files)

    with _archive(house, [(Level.STUDY, ids[0].study)]) as archive:
        assert archive.testzip() is None
        assert sorted(map(archive.read, archive.namelist())) == sorted(files)


def test_compressed_files_are_decompressed(open_house):
    """With StorageCompression the members are the files that were received."""
    house = open_house(is_compressed=True)
    files = make_study(1)
    ids = _stored(house, files)

    with _archive(house, _patients(ids)) as archive:
        assert sorted(map(archive.read, archive.namelist())) == sorted(files)


@pytest.mark.parametrize("is_compressed", [True, False])
def test_any_part_can_be_read(open_house, is_compressed):
    """Parts put together are the whole."""
    house = open_house(is_compressed=is_compressed)
    ids = _stored(house, make_study(1))
    layout = _archiving(house).lay_out(_patients(ids), ArchiveForm(is_media=True))
    whole = b"".join(layout.read(0, layout.size))
    starts = range(0, layout.size, 777)
    parts = [layout.read(at, min(at + 777, layout.size)) for at in starts]

    assert b"".join(b"".join(part) for part in parts) == whole


def test_the_same_study_gives_the_same_bytes(house):
    """A second layout is the first one, until something is added."""
    ids = _stored(house, make_study(1))
    resources = _patients(ids)
    for form in (ArchiveForm(), ArchiveForm(is_media=True)):
        first, second = (_archiving(house).lay_out(resources, form) for _ in range(2))
        assert first.etag == second.etag
        assert list(first.read(0, first.size)) == list(second.read(0, second.size))
    before = _archiving(house).lay_out(resources, ArchiveForm()).etag
    house.store(make_instance(1, number=99))

    assert _archiving(house).lay_out(resources, ArchiveForm()).etag != before


def _prepared(house, resources, **form):
    preparation = _archiving(house).prepare(resources, ArchiveForm(**form))
    while preparation.advance():
        pass
    return preparation


@pytest.mark.parametrize("is_media", [False, True])
@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_kept_archive_stays_as_it_was(open_house, is_media, is_compressed):
    """What comes later does not change it, and what is deleted is missed."""
    house = open_house(is_compressed=is_compressed)
    ids = _stored(house, make_study(1))
    layout = _archiving(house).lay_out(_patients(ids), ArchiveForm(is_media=is_media))
    prepared = _prepared(house, _patients(ids), is_media=is_media)
    house.store(make_instance(1, number=99))
    kept = _archiving(house).open(prepared.pending.key)
    content = b"".join(kept.read(0, kept.size))

    assert (len(prepared.files), prepared.archive_size) == (6, kept.size)
    assert kept.etag == layout.etag
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 6 + is_media
    house.resources.delete(Level.INSTANCE, ids[0].instance)
    with pytest.raises(StorageError):
        list(kept.read(0, kept.size))


@pytest.mark.parametrize("is_media", [False, True])
def test_a_kept_archive_can_be_deflated(house, is_media):
    """It is a ZIP file then, the same that is sent without being kept."""
    resources = _patients(_stored(house, make_study(1)))
    form = ArchiveForm(is_media=is_media, is_deflated=True)
    prepared = _prepared(house, resources, is_media=is_media, is_deflated=True)
    content = b"".join(house.storage.read(prepared.pending.key))

    assert content == b"".join(_archiving(house).deflate(resources, form).read())
    assert prepared.archive_size == len(content)


def test_a_deflated_archive_needs_room(house, monkeypatch):
    """What may not fit is not begun; what is no file always fits."""
    resources = _patients(_stored(house, make_study(1)))
    monkeypatch.setattr(house.storage, "free_size", lambda: 100)
    form = ArchiveForm(is_deflated=True)
    for act in (_archiving(house).check, _archiving(house).prepare):
        with pytest.raises(StorageFullError):
            act(resources, form)

    _archiving(house).check(resources, ArchiveForm())
    assert _prepared(house, resources).archive_size > 100


def test_a_directory_that_is_large_needs_room(house, monkeypatch):
    """A DICOMDIR that goes to the disk, where it does not fit."""
    resources = _patients(_stored(house, make_study(1)))

    def full(*_):
        return open("/dev/full", "wb", 0)  # noqa: PTH123

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", full)
    for act in (_archiving(house).lay_out, _archiving(house).deflate):
        with pytest.raises(StorageFullError):
            act(resources, ArchiveForm(is_media=True))


def test_an_archive_that_is_fetched_in_parts_is_laid_out_once(house):
    """Whether it is kept or not; unless anything changes that it is made of."""
    archiving, encoding = _archiving(house), AssumedEncoding("Latin1")
    archiving._default_encoding = encoding
    resources = _patients(_stored(house, make_study(1)))
    media, keys = ArchiveForm(is_media=True), []
    kept = _prepared(house, resources).pending.key
    assert archiving.open(kept) is archiving.open(kept)

    def change(sql):
        house.index.write(lambda writer: writer._connection.execute(sql))

    for act in (
        lambda: None,
        lambda: house.store(make_instance(1, number=99)),
        lambda: setattr(encoding, "name", "Utf8"),
        lambda: change("UPDATE series SET attributes = json_set(attributes, '$.A', 1)"),
        lambda: change("UPDATE attachment SET key = key || 'x'"),
    ):
        act()
        first = archiving.lay_out(resources, media)
        assert archiving.lay_out(resources, media) is first
        assert archiving.lay_out(resources, ArchiveForm()) is not first
        keys.append(first)

    assert len(set(map(id, keys))) == 5


def test_a_kept_archive_of_nothing_can_be_read(house):
    """It has a beginning and an end."""
    prepared = _prepared(house, [])

    assert len(_archiving(house).open(prepared.pending.key)) == 0


@pytest.mark.parametrize("is_deflated", [False, True])
def test_an_archive_is_made_little_by_little(house, monkeypatch, is_deflated):
    """Its progress grows with each piece."""
    monkeypatch.setattr("obelisk.services.archiving.preparation._PIECE_SECONDS", 0)
    resources = _patients(_stored(house, make_study(1)))
    form = ArchiveForm(is_deflated=is_deflated)
    prepared = _archiving(house).prepare(resources, form)
    found = [prepared.progress]
    while prepared.advance():
        found.append(prepared.progress)

    assert found == sorted(found)
    assert found[0] == 0
    assert len(set(found)) >= 6
    assert found[-1] < 1


def test_a_list_that_is_damaged_is_no_archive(house):
    """Nothing is made up where members cannot be read."""
    pending = house.storage.create()
    pending.write(b"[1]\n")
    pending.finish()

    with pytest.raises(CorruptedFileError):
        _archiving(house).open(pending.key)


def test_a_deflated_archive_holds_the_same_files(house):
    """Names and contents do not depend on how members are packed."""
    files = make_study(1)
    resources = _patients(_stored(house, files))
    chunks = _archiving(house).deflate(resources, ArchiveForm()).read()

    with zipfile.ZipFile(io.BytesIO(b"".join(chunks))) as archive:
        assert archive.testzip() is None
        assert sorted(map(archive.read, archive.namelist())) == sorted(files)
        assert {one.compress_type for one in archive.infolist()} == {8}
        with _archive(house, resources) as stored:
            assert archive.namelist() == stored.namelist()


def test_overlapping_resources_are_put_together(house):
    """An instance that several resources have is in the archive once."""
    ids = _stored(house, make_study(1, series_count=2, instance_count=2))
    first = ids[0]
    resources = [
        (Level.INSTANCE, ids[-1].instance),
        (Level.SERIES, first.series),
        (Level.INSTANCE, first.instance),
        (Level.SERIES, first.series),
    ]

    with _archive(house, resources) as archive:
        assert len(archive.namelist()) == 3


def test_single_instances_come_as_they_were_given(house):
    """Media number them in that order, each once."""
    files = make_study(1, instance_count=4)
    ids = _stored(house, files)
    wanted = [2, 0, 3, 0]
    resources = [(Level.INSTANCE, ids[number].instance) for number in wanted]

    with _archive(house, resources, is_media=True) as media:
        found = [media.read(f"IMAGES/IM{number}") for number in range(3)]

    assert found == [files[number] for number in (2, 0, 3)]


def test_no_member_leaves_the_folder(house, tmp_path):
    """Whatever the names are, all is extracted below one folder, nothing twice."""
    hostile = ("..", ".", "/", "../../x", "C:\\x", "~", "a\x00b", "\\\\host\\x", "...")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        files = [
            make_instance(
                seed,
                PatientID=name,
                PatientName=name,
                AccessionNumber=name,
                StudyDescription=name,
                SeriesDescription=name,
                Modality=name,
            )
            for seed, name in enumerate(hostile)
        ]
    resources = _patients(_stored(house, files))
    with _archive(house, resources) as archive:
        names = archive.namelist()
        for name in names:
            steps = name.split("/")
            assert len(steps) == 4
            assert all(step.strip(". ") and "\\" not in step for step in steps)

    assert len(set(names)) == len(hostile)


def test_a_file_that_is_gone_breaks_the_archive_off(house):
    """The bytes of a member are never made up."""
    ids = _stored(house, make_study(1))
    layout = _archiving(house).lay_out(_patients(ids), ArchiveForm())
    house.resources.delete(Level.INSTANCE, ids[2].instance)

    with pytest.raises(StorageError):
        list(layout.read(0, layout.size))


def test_resources_are_found_at_any_level(house):
    """Ids of all levels may be mixed; an unknown one is not found."""
    (ids,) = _stored(house, [make_instance(1)])
    archiving = _archiving(house)

    found = archiving.find([ids.instance, ids.patient])

    assert found == [(Level.INSTANCE, ids.instance), (Level.PATIENT, ids.patient)]
    with pytest.raises(NotFoundError):
        archiving.find(["nope"])
    with pytest.raises(UnknownNameError):
        archiving.lay_out([(Level.STUDY, "nope")], ArchiveForm())


def _media_files():
    """Return files of several kinds, each with what its record must say."""
    title = _code("Bericht für Ärzte")
    concept = Dataset()
    concept.RelationshipType, concept.ValueType = "HAS CONCEPT MOD", "CODE"
    concept.ConceptNameCodeSequence = [_code("Sprache")]
    other = Dataset()
    other.RelationshipType, other.ValueType = "CONTAINS", "TEXT"
    report = {
        "Modality": "SR",
        "SOPClassUID": _SR,
        "CompletionFlag": "COMPLETE",
        "VerificationFlag": "UNVERIFIED",
        "ContentDate": "20200103",
        "ContentTime": "101010",
        "ConceptNameCodeSequence": [title],
        "ContentSequence": [other, concept],
    }
    document = {
        "Modality": "DOC",
        "SOPClassUID": _PDF,
        "MIMETypeOfEncapsulatedDocument": "application/pdf",
        "DocumentTitle": "山田",
        "SpecificCharacterSet": "ISO_IR 192",
        "EncapsulatedDocument": b"%PDF",
    }
    return [
        *make_study(1),
        *make_study(2, PatientName="Ünal^Ñ"),
        make_instance(1, series=7, **report),
        make_instance(1, series=8, **document),
    ]


def test_a_file_set_is_read_by_pydicom(house, tmp_path):
    """Every instance is found through the DICOMDIR, and is what its record says."""
    ids = _stored(house, _media_files())
    with _archive(house, _patients(ids), is_media=True) as archive:
        archive.extractall(tmp_path)
    found = {}
    file_set = FileSet(tmp_path / "DICOMDIR")
    file_set._stage["t"].cleanup()  # it never does itself
    for instance in file_set:
        dataset = pydicom.dcmread(instance.path)
        assert dataset.SOPInstanceUID == instance.ReferencedSOPInstanceUIDInFile
        assert dataset.SOPClassUID == instance.ReferencedSOPClassUIDInFile
        assert (
            dataset.file_meta.TransferSyntaxUID
            == instance.ReferencedTransferSyntaxUIDInFile
        )
        found[dataset.SOPInstanceUID] = (instance.PatientName, instance.StudyDate)
        assert found[dataset.SOPInstanceUID] == (
            dataset.PatientName,
            dataset.StudyDate,
        )

    assert len(found) == len(ids)


def test_records_have_the_keys_of_their_type(house, tmp_path):
    """Reports, documents and images are described by what they are."""
    ids = _stored(house, _media_files())
    with _archive(house, _patients(ids), is_media=True) as archive:
        archive.extractall(tmp_path)
    directory = pydicom.dcmread(tmp_path / "DICOMDIR")
    records = {
        one.DirectoryRecordType: one for one in directory.DirectoryRecordSequence
    }
    report, document = records["SR DOCUMENT"], records["ENCAP DOC"]

    assert report.ConceptNameCodeSequence[0].CodeMeaning == "Bericht für Ärzte"
    (concept,) = report.ContentSequence
    assert concept.ConceptNameCodeSequence[0].CodeMeaning == "Sprache"
    assert report.SpecificCharacterSet == "ISO_IR 100"
    assert document.DocumentTitle == "山田"
    assert document.SpecificCharacterSet == "ISO_IR 192"
    assert document.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert "SpecificCharacterSet" not in records["IMAGE"]
    assert "SeriesDescription" not in records["SERIES"]


def test_extended_media_describe_the_series(house, tmp_path):
    """What is extended has Series Description too."""
    ids = _stored(house, make_study(1))
    form = {"is_media": True, "is_extended": True}
    with _archive(house, _patients(ids), **form) as archive:
        archive.extractall(tmp_path)
    directory = pydicom.dcmread(tmp_path / "DICOMDIR").DirectoryRecordSequence
    series = [one for one in directory if one.DirectoryRecordType == "SERIES"]

    assert {one.SeriesDescription for one in series} == {"Series 0", "Series 1"}
