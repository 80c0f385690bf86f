"""Media: all instances in one folder, and a DICOMDIR that describes them.

The DICOMDIR is made from the index. Headers are read only of instances whose records
need more than that, which those of images do not.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

import orjson

from obelisk.dicom.dictionary import name_of
from obelisk.dicom.directory_records import record_tags, record_type
from obelisk.dicom.file_set import Attribute, DirectoryWriter, Reference, attribute_of
from obelisk.dicom.parsing import read_dataset
from obelisk.index.archive_reading import InstanceLine, SeriesLine
from obelisk.services.archiving.contents import Archive, Contents, Directory, member_of
from obelisk.services.archiving.selection import ChosenSeries
from obelisk.services.archiving.zip_format import Member, dos_time
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.stored_files import StoredFile

_CHUNK_BYTES = 1_048_576
_DIRECTORY_NAME = "DICOMDIR"
_FOLDER = "IMAGES"

_PATIENT_TAGS = (0x00100010, 0x00100020)
_STUDY_TAGS = (
    *(0x00080020, 0x00080030, 0x00080050),
    *(0x00081030, 0x0020000D, 0x00200010),
)
_SERIES_TAGS = (0x00080060, 0x0020000E, 0x00200011)
_SERIES_DESCRIPTION = 0x0008103E
_INSTANCE_NUMBER = 0x00200013


class MediaDirectory:
    """Writes the records of series and instances, in the order of the tree.

    Parameters
    ----------
    file
        Where to write them to.
    default_encoding
        The encoding of text without Specific Character Set.
    is_extended
        Whether series have a description.
    """

    def __init__(
        self, file: IO[bytes], default_encoding: AssumedEncoding, *, is_extended: bool
    ) -> None:
        self._default_encoding = default_encoding
        self._is_extended = is_extended
        self._file = file
        self._writer = DirectoryWriter(self._file)
        self._patient_id = self._study_id = ""

    def enter(self, line: SeriesLine) -> None:
        """Write the record of a series, and those above it where they are new."""
        if line.patient_id != self._patient_id:
            self._patient_id = line.patient_id
            keys = _keys(line.patient_attributes, _PATIENT_TAGS)
            self._writer.add(0, "PATIENT", keys)
        if line.study_id != self._study_id:
            self._study_id = line.study_id
            self._writer.add(1, "STUDY", _keys(line.study_attributes, _STUDY_TAGS))
        optional = (_SERIES_DESCRIPTION,) if self._is_extended else ()
        keys = _keys(line.attributes, _SERIES_TAGS, optional)
        self._writer.add(2, "SERIES", keys)

    def add(self, line: InstanceLine, file: StoredFile, name: str) -> None:
        """Write the record of an instance of the series that was entered last."""
        uid = line.sop_class_uid or ""
        kind = record_type(uid)
        keys: list[Attribute] = [(_INSTANCE_NUMBER, line.instance_number or "")]
        reference = Reference(
            (_FOLDER, name), uid, line.sop_instance_uid, line.transfer_syntax_uid or ""
        )
        always, if_present = record_tags(kind)
        if always:
            keys += self._read(file, always, if_present)
        self._writer.add(3, kind, sorted(keys, key=_tag), reference)

    def _read(
        self, file: StoredFile, always: Iterable[int], if_present: Iterable[int]
    ) -> Iterator[Attribute]:
        """Yield attributes from the header of a file."""
        with file.view() as content:
            dataset = read_dataset(
                content, default_encoding=self._default_encoding.name
            )
            for tags, empty in ((always, ""), (if_present, None)):
                for tag in tags:
                    element = dataset.lookup(tag)
                    found = None if element is None else attribute_of(element)
                    if found is not None:
                        yield found
                    elif empty is not None:
                        yield tag, empty

    def finish(self) -> tuple[int, int]:
        """Return the CRC-32 and the size of the file; nothing follows."""
        self._writer.finish()
        self._file.seek(0)
        crc32 = size = 0
        while chunk := self._file.read(_CHUNK_BYTES):
            crc32 = zlib.crc32(chunk, crc32)
            size += len(chunk)
        return crc32, size


def _tag(attribute: Attribute) -> int:
    return attribute[0]


def _keys(
    encoded: str, tags: Iterable[int], optional: Iterable[int] = ()
) -> list[Attribute]:
    """Return attributes of a resource; only the optional ones may be missing."""
    attributes: Mapping[str, Any] = orjson.loads(encoded)
    keys: list[Attribute] = [(tag, attributes.get(name_of(tag), "")) for tag in tags]
    names = [(tag, name_of(tag)) for tag in optional]
    keys += [(tag, attributes[name]) for tag, name in names if name in attributes]
    return sorted(keys, key=_tag)


def add_media(
    archive: Archive,
    contents: Contents,
    chosen: Iterable[ChosenSeries],
    directory: Directory,
) -> Iterator[None]:
    """Add instances as ``IMAGES/IM0`` and so on, and then a DICOMDIR; yield after each.

    Parameters
    ----------
    archive, contents
        What they are added to.
    chosen
        The series.
    directory
        Writes their records.
    """
    number = 0
    latest = ""
    for series in chosen:
        directory.enter(series.line)
        for line in series.instances:
            name = f"IM{number}"
            directory.add(line, contents.open(line), name)
            contents.add(line)
            archive.add(member_of(f"{_FOLDER}/{name}", line), line.key)
            latest = max(latest, line.received or "")
            number += 1
            yield
    crc32, size = directory.finish()
    archive.add(Member(_DIRECTORY_NAME, dos_time(latest), crc32, size), "")
