"""DICOM File (PS3.10) → what the index wants to know about it."""

from dataclasses import dataclass

from obelisk.dicom.dictionary import name_of
from obelisk.dicom.identifiers import ResourceIds, resource_ids
from obelisk.dicom.main_tags import STANDARD, MainTags
from obelisk.dicom.noted_values import (
    BITS_ALLOCATED,
    SOP_CLASS_UID,
    NotedValues,
    plans,
)
from obelisk.dicom.reading.dataset import (
    Dataset,
    Element,
    read_dataset,
)
from obelisk.dicom.reading.file_meta import FileMeta, open_dataset, read_file_meta
from obelisk.dicom.reading.limits import DEFAULT_LIMITS, Limits
from obelisk.dicom.reading.places import RawItem
from obelisk.dicom.reading.scanner import (
    ITEM_DELIMITATION,
    PIXEL_DATA,
    Header,
    Scanner,
)
from obelisk.dicom.reading.transfer_syntax import (
    KNOWN,
    NATIVE,
    UNDEFINED_LENGTH,
    Buffer,
)
from obelisk.errors import InvalidDICOMError

__all__ = [
    "DEFAULT_LIMITS",
    "Buffer",
    "Dataset",
    "Element",
    "FileMeta",
    "Limits",
    "MissingUIDError",
    "ParsedInstance",
    "parse_instance",
    "read_dataset",
    "read_file_meta",
]

_SOP_INSTANCE_UID = 0x00080018
_PATIENT_ID = 0x00100020
_STUDY_INSTANCE_UID = 0x0020000D
_SERIES_INSTANCE_UID = 0x0020000E


class MissingUIDError(InvalidDICOMError):
    """The file lacks a UID that identifies the instance."""


@dataclass(frozen=True, slots=True)
class ParsedInstance:
    """What identifies an instance, and its main attributes.

    Parameters
    ----------
    transfer_syntax_uid
        Of the File Meta Information, or as the dataset looks where there is none.
    sop_class_uid
        SOP Class UID, "" if absent.
    patient_id, study_instance_uid, series_instance_uid, sop_instance_uid
        As the identifiers are derived from them.
    ids
        The identifiers of the instance and of its ancestors.
    attributes
        The main attributes that are present, by tag, as long as the buffer is there.
    pixel_data_offset
        Where Pixel Data starts in the file, in bytes; `None` without any, in
        deflated files, and in files without preamble.
    pixel_data_vr
        The VR of Pixel Data, such as ``OW``; `None` without an offset.
    bits_allocated
        Bits Allocated, `None` if absent.
    """

    transfer_syntax_uid: str
    sop_class_uid: str
    patient_id: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    ids: ResourceIds
    attributes: NotedValues
    pixel_data_offset: int | None
    pixel_data_vr: str | None
    bits_allocated: int | None = None

    @property
    def has_unusual_pixel_data_vr(self) -> bool:
        """Whether the VR of Pixel Data is not what its encoding suggests.

        This is so if it was explicit, and is neither OB for up to 8 bits nor OW for
        more. Orthanc records the VR as metadata of such instances.
        """
        if self.pixel_data_vr is None or self.transfer_syntax_uid not in _EXPLICIT:
            return False
        usual = "OW" if (self.bits_allocated or 0) > 8 else "OB"
        return self.pixel_data_vr != usual


_EXPLICIT = frozenset({"1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"})


def parse_instance(
    buffer: Buffer,
    *,
    default_encoding: str = "Latin1",
    limits: Limits = DEFAULT_LIMITS,
    main_tags: MainTags = STANDARD,
) -> ParsedInstance:
    """Read the main attributes of a DICOM file.

    The structure of the whole file is checked, but only the pages with headers of
    data elements, items and fragments are touched.

    Parameters
    ----------
    buffer
        The whole file.
    default_encoding
        Orthanc's name of the encoding of text without Specific Character Set.
    limits
        How much to take.
    main_tags
        Which attributes are the main ones.

    Raises
    ------
    MissingUIDError
        If the file lacks a UID that identifies the instance.
    InvalidDICOMError
        If the file is malformed.
    """
    file_meta = read_file_meta(buffer)
    content, start = open_dataset(buffer, file_meta, limits)
    root = RawItem(file_meta.encoding)
    wanted = plans(main_tags)[root.encoding.is_little_endian].wanted
    pixels = _scan(Scanner(content, start, limits), root, file_meta, wanted)
    values = NotedValues(content, root, default_encoding, main_tags)
    has_offset = content is buffer and file_meta.has_preamble
    uids = (
        _identifier(values, _PATIENT_ID) or "",
        _uid(values, _STUDY_INSTANCE_UID),
        _uid(values, _SERIES_INSTANCE_UID),
        _uid(values, _SOP_INSTANCE_UID),
    )
    return ParsedInstance(
        transfer_syntax_uid=file_meta.transfer_syntax_uid,
        sop_class_uid=str(values.lookup(SOP_CLASS_UID) or ""),
        patient_id=uids[0],
        study_instance_uid=uids[1],
        series_instance_uid=uids[2],
        sop_instance_uid=uids[3],
        ids=resource_ids(*uids),
        attributes=values,
        pixel_data_offset=pixels.offset if pixels and has_offset else None,
        pixel_data_vr=pixels.vr.decode("latin-1") or "OW"
        if pixels and has_offset
        else None,
        bits_allocated=_integer(values.lookup(BITS_ALLOCATED)),
    )


def _scan(
    scanner: Scanner, root: RawItem, file_meta: FileMeta, wanted: frozenset[int]
) -> Header | None:
    """Note the wanted elements, check all others, and find Pixel Data."""
    encoding = root.encoding
    places = root.places
    stop = len(scanner.buffer)
    pixels: Header | None = None
    while (header := scanner.scan(stop, encoding, wanted, places)) is not None:
        tag = header.tag
        if tag == ITEM_DELIMITATION:
            break  # Whatever follows is not part of the dataset.
        items: list[RawItem] | None = None
        word = encoding.word(tag)
        if word in wanted and word not in places:
            places[word] = header.place
            if header.is_sequence:
                items = root.sequences[word] = []
        elif tag == PIXEL_DATA and pixels is None:
            pixels = header
            _check_encapsulation(header, file_meta.transfer_syntax_uid)
        scanner.enter(header, stop, encoding, items)
    return pixels


def _check_encapsulation(header: Header, transfer_syntax_uid: str) -> None:
    if (
        header.length != UNDEFINED_LENGTH
        and transfer_syntax_uid in KNOWN
        and transfer_syntax_uid not in NATIVE
    ):
        raise InvalidDICOMError(
            "compressed pixel data is not encapsulated", header.offset
        )


def _identifier(values: NotedValues, tag: int) -> str | None:
    """Get a value that identifies the instance, `None` if it is absent."""
    value = values.lookup(tag)
    if isinstance(value, str):
        return value
    if values.is_noted(tag):
        raise InvalidDICOMError(f"{name_of(tag)} is not text of at most 256 bytes")
    return None


def _uid(values: NotedValues, tag: int) -> str:
    value = _identifier(values, tag)
    if value is None:
        raise MissingUIDError(f"{name_of(tag)} is missing")
    if not value:
        raise InvalidDICOMError(f"{name_of(tag)} is empty")
    return value


def _integer(value: object | None) -> int | None:
    text = str(value).split("\\", 1)[0]
    return int(text) if text.isdecimal() else None
