import io

import pydicom

from obelisk.dicom.file_set import DirectoryWriter, Reference

_PATIENT_NAME, _STUDY_UID = 0x00100010, 0x0020000D


def _written(*records):
    file = io.BytesIO()
    writer = DirectoryWriter(file)
    for record in records:
        writer.add(*record)
    writer.finish()
    return file.getvalue()


def _tree(content):
    """Return the records as nested lists, by following their offsets."""
    directory = pydicom.dcmread(io.BytesIO(content))
    by_offset = {one.seq_item_tell: one for one in directory.DirectoryRecordSequence}

    def walk(offset):
        found = []
        while offset:
            record = by_offset.pop(offset)
            lower = record.OffsetOfReferencedLowerLevelDirectoryEntity
            found.append((record.DirectoryRecordType, walk(lower)))
            offset = record.OffsetOfTheNextDirectoryRecord
        return found

    first = directory.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity
    last = directory.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity
    is_last = not last or by_offset[last].OffsetOfTheNextDirectoryRecord == 0
    tree = walk(first)
    assert is_last
    assert not by_offset
    return tree


def test_offsets_lead_through_the_tree():
    """Each record is found once, below the one that it belongs to."""
    reference = Reference(("IMAGES", "IM0"), "1.2.3", "1.2.4", "1.2.840.10008.1.2.1")
    content = _written(
        (0, "PATIENT", [(_PATIENT_NAME, "A")]),
        (1, "STUDY", []),
        (2, "SERIES", []),
        (3, "IMAGE", [], reference),
        (3, "IMAGE", [], reference),
        (2, "SERIES", []),
        (3, "IMAGE", [], reference),
        (1, "STUDY", []),
        (0, "PATIENT", []),
        (1, "STUDY", []),
    )
    image = ("IMAGE", [])

    assert _tree(content) == [
        (
            "PATIENT",
            [
                ("STUDY", [("SERIES", [image, image]), ("SERIES", [image])]),
                ("STUDY", []),
            ],
        ),
        ("PATIENT", [("STUDY", [])]),
    ]


def test_an_empty_directory_can_be_read():
    """Without records all offsets are 0."""
    assert _tree(_written()) == []


def test_the_uid_follows_from_the_records():
    """The same records have the same UID, others have another one."""
    uids = [
        pydicom.dcmread(io.BytesIO(content)).file_meta.MediaStorageSOPInstanceUID
        for content in (
            _written((0, "PATIENT", [(_PATIENT_NAME, "A")])),
            _written((0, "PATIENT", [(_PATIENT_NAME, "A")])),
            _written((0, "PATIENT", [(_PATIENT_NAME, "B")])),
        )
    ]

    assert uids[0] == uids[1] != uids[2]
    assert all(uid.is_valid for uid in uids)


def test_text_has_the_simplest_character_set():
    """Each record names the character set that it needs, if it needs one."""
    names = ("Doe^John", "Müller", "山田", "\u0085")
    content = _written(*((0, "PATIENT", [(_PATIENT_NAME, name)]) for name in names))
    records = pydicom.dcmread(io.BytesIO(content)).DirectoryRecordSequence

    terms = [record.get("SpecificCharacterSet") for record in records]
    assert terms == [None, "ISO_IR 100", "ISO_IR 192", "ISO_IR 192"]
    assert [str(record.PatientName) for record in records] == list(names)
