"""Synthetic instances and studies: seeded, the same bytes in every run, no patient.

`make_instance` and `make_study` write ordinary files with pydicom. `craft` encodes by
hand what pydicom rightly refuses to write; `crafted` holds the catalogue of those.
"""

import hashlib
import io
import struct
import zlib
from collections.abc import Iterable
from typing import TypeAlias

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
RLE = "1.2.840.10008.1.2.5"

CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
_IMPLEMENTATION_UID = "2.25.20261122"
_LONG_VRS = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV"}) | frozenset(
    {"UC", "UN", "UR", "UT", "UV"},
)
UNDEFINED = 0xFFFFFFFF

#: An element encoded by hand: tag, VR, value as it stands in the file (not padded).
Element: TypeAlias = tuple[int, str, bytes]


def make_uid(*names: object) -> str:
    """Derive a UID from names, the same in every run (PS3.5 Section B.2)."""
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:12], 'big')}"


def make_dataset(  # noqa: PLR0915 - one statement an attribute
    seed: int = 0,
    *,
    study: int = 0,
    series: int = 0,
    number: int = 1,
    **attributes: object,
) -> Dataset:
    """Return the dataset of a small CT slice.

    Parameters
    ----------
    seed
        Which patient; the UIDs follow from it and the next three.
    study, series
        Which study of the patient, and which series of the study.
    number
        The instance number, from 1.
    attributes
        Values by keyword that replace or join the usual ones; `None` leaves one out.
    """
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.SOPClassUID = CT_STORAGE
    dataset.SOPInstanceUID = make_uid(seed, study, series, number)
    dataset.StudyDate = "20200102"
    dataset.SeriesDate = "20200102"
    dataset.StudyTime = "101112"
    dataset.SeriesTime = "101500.25"
    dataset.AccessionNumber = f"ACC{seed}-{study}"
    dataset.Modality = "CT"
    dataset.Manufacturer = "Synthetic"
    dataset.ReferringPhysicianName = "Referrer^Synthetic"
    dataset.StudyDescription = f"Study {study}"
    dataset.SeriesDescription = f"Series {series}"
    dataset.PatientName = f"Synthetic^Person{seed}"
    dataset.PatientID = f"SYN{seed}"
    dataset.PatientBirthDate = "19700101"
    dataset.PatientSex = "O"
    dataset.SliceThickness = "1.5"
    dataset.StudyInstanceUID = make_uid(seed, study)
    dataset.SeriesInstanceUID = make_uid(seed, study, series)
    dataset.StudyID = str(study)
    dataset.SeriesNumber = series
    dataset.AcquisitionNumber = 1
    dataset.InstanceNumber = number
    dataset.ImagePositionPatient = ["0", "0", str(number)]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows = 8
    dataset.Columns = 8
    dataset.BitsAllocated = 16
    dataset.BitsStored = 12
    dataset.HighBit = 11
    dataset.PixelRepresentation = 0
    dataset.add_new(0x7FE00010, "OW", noise(seed, study, series, number, 128))
    for keyword, value in attributes.items():
        if value is not None:
            setattr(dataset, keyword, value)
        elif keyword in dataset:
            delattr(dataset, keyword)
    return dataset


def encode_dataset(dataset: Dataset, transfer_syntax: str = EXPLICIT) -> bytes:
    """Return the DICOM file of a dataset; its meta header names no pydicom version."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", CT_STORAGE)
    meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", make_uid("none"))
    meta.TransferSyntaxUID = transfer_syntax
    meta.ImplementationClassUID = _IMPLEMENTATION_UID
    meta.ImplementationVersionName = "SYNTHETIC"
    dataset.file_meta = meta
    target = io.BytesIO()
    dcmwrite(target, dataset, enforce_file_format=True)
    return target.getvalue()


def make_instance(
    seed: int = 0,
    *,
    study: int = 0,
    series: int = 0,
    number: int = 1,
    transfer_syntax: str = EXPLICIT,
    **attributes: object,
) -> bytes:
    """Return the DICOM file of a small CT slice; see `make_dataset`."""
    dataset = make_dataset(
        seed, study=study, series=series, number=number, **attributes
    )
    return encode_dataset(dataset, transfer_syntax)


def make_study(
    seed: int = 0,
    *,
    study: int = 0,
    series_count: int = 2,
    instance_count: int = 3,
    **attributes: object,
) -> list[bytes]:
    """Return the files of a study, series by series; see `make_dataset`."""
    return [
        make_instance(seed, study=study, series=series, number=number, **attributes)
        for series in range(series_count)
        for number in range(1, instance_count + 1)
    ]


def make_sized_instance(seed: int, size_bytes: int, **attributes: object) -> bytes:
    """Return a file of about `size_bytes`, most of them incompressible pixel data."""
    dataset = make_dataset(seed, **attributes)  # type: ignore[arg-type]
    side = max(8, int((size_bytes // 2) ** 0.5))
    dataset.Rows = dataset.Columns = side
    dataset["PixelData"].value = noise("sized", seed, 0, 0, side * side * 2)
    return encode_dataset(dataset)


# ---------------------------------------------------------------- by hand


def encode_element(element: Element, transfer_syntax: str = EXPLICIT) -> bytes:
    """Encode one element (PS3.5 Section 7.1); an even length is the caller's care."""
    tag, vr, value = element
    order = ">" if transfer_syntax == BIG_ENDIAN else "<"
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if transfer_syntax == IMPLICIT:
        return head + struct.pack("<I", len(value)) + value
    if vr in _LONG_VRS:
        return head + vr.encode() + struct.pack(order + "HI", 0, len(value)) + value
    return head + vr.encode() + struct.pack(order + "H", len(value)) + value


def encode_meta(
    transfer_syntax: str = EXPLICIT,
    *,
    sop_instance_uid: str,
    group_length: int | None = 0,
) -> bytes:
    """Encode preamble, prefix and file meta group (PS3.10 Section 7.1).

    `group_length` is added to the true length (0 is right); `None` leaves it out.
    """
    elements: list[Element] = [
        (0x00020001, "OB", b"\0\1"),
        (0x00020002, "UI", even(CT_STORAGE.encode(), b"\0")),
        (0x00020003, "UI", even(sop_instance_uid.encode(), b"\0")),
        (0x00020010, "UI", even(transfer_syntax.encode(), b"\0")),
        (0x00020012, "UI", even(_IMPLEMENTATION_UID.encode(), b"\0")),
    ]
    body = b"".join(map(encode_element, elements))
    if group_length is not None:
        length = struct.pack("<I", len(body) + group_length)
        body = encode_element((0x00020000, "UL", length)) + body
    return bytes(128) + b"DICM" + body


def encode_sequence(
    tag: int,
    items: Iterable[Iterable[Element]],
    *,
    undefined_length: bool = False,
) -> bytes:
    """Encode an explicit little endian sequence (PS3.5 Section 7.5)."""
    body = b""
    for item in items:
        content = b"".join(map(encode_element, item))
        if undefined_length:
            body += struct.pack("<HHI", 0xFFFE, 0xE000, UNDEFINED) + content
            body += struct.pack("<HHI", 0xFFFE, 0xE00D, 0)
        else:
            body += struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content
    if not undefined_length:
        return encode_element((tag, "SQ", body))
    head = struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, b"SQ", 0, UNDEFINED)
    return head + body + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def craft(
    name: str,
    extra: Iterable[Element | tuple[int, bytes]] = (),
    *,
    transfer_syntax: str = EXPLICIT,
    without: Iterable[int] = (),
    tail: bytes = b"",
) -> bytes:
    """Return a file made by hand: the identifiers, `extra` in tag order, `tail`.

    Parameters
    ----------
    name
        Seeds the UIDs.
    extra
        Elements to add or replace; (tag, bytes) stands as it is.
    transfer_syntax
        How the elements are encoded.
    without
        Tags of the identifiers to leave out.
    tail
        Bytes behind the last element.
    """
    elements: dict[int, Element | tuple[int, bytes]] = {
        element[0]: element for element in _identifiers(name)
    }
    elements |= {element[0]: element for element in extra}
    left_out = frozenset(without)
    body = b"".join(
        element[1] if len(element) == 2 else encode_element(element, transfer_syntax)
        for tag, element in sorted(elements.items())
        if tag not in left_out
    )
    body += tail
    if transfer_syntax == DEFLATED:
        deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        body = even(deflate.compress(body) + deflate.flush(), b"\0")
    meta = encode_meta(transfer_syntax, sop_instance_uid=make_uid(name, "instance"))
    return meta + body


def text(tag: int, vr: str, value: str | bytes) -> Element:
    """Return a text element, padded to an even length."""
    raw = value if isinstance(value, bytes) else value.encode("latin-1")
    return tag, vr, even(raw, b"\0" if vr in {"UI", "OB", "UN"} else b" ")


def numbers(tag: int, vr: str, *values: float) -> Element:
    """Return a little endian element of binary numbers."""
    code = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q"}
    code |= {"FL": "f", "FD": "d", "AT": "I"}
    if vr == "AT":
        return (
            tag,
            vr,
            b"".join(struct.pack("<HH", v >> 16, v & 0xFFFF) for v in values),
        )
    return tag, vr, struct.pack(f"<{len(values)}{code[vr]}", *values)


def encode_item(content: bytes) -> bytes:
    """Encode an item of defined length around encoded elements."""
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


def noise(*names: object) -> bytes:
    """Return pseudo-random bytes; the last argument is their count."""
    *seeds, count = names
    seed = "/".join(map(str, seeds)).encode()
    return hashlib.shake_128(seed).digest(int(str(count)))


def even(raw: bytes, padding: bytes) -> bytes:
    """Return `raw` padded to an even length."""
    return raw + padding if len(raw) % 2 else raw


def _identifiers(name: str) -> list[Element]:
    return [
        text(0x00080016, "UI", CT_STORAGE),
        text(0x00080018, "UI", make_uid(name, "instance")),
        text(0x00080020, "DA", "20200102"),
        text(0x00080060, "CS", "CT"),
        text(0x00100010, "PN", "Crafted^Person"),
        text(0x00100020, "LO", f"CRAFTED {name}"),
        text(0x0020000D, "UI", make_uid(name, "study")),
        text(0x0020000E, "UI", make_uid(name, "series")),
        text(0x00200013, "IS", "1"),
    ]
