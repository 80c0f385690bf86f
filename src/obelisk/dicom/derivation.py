"""What a dataset says of its lossy compression (PS3.3 C.7.6.1.1.5 and C.12.4.1.1)."""

from dataclasses import dataclass

from obelisk.dicom.parsing import Dataset
from obelisk.dicom.writing import Attributes, Value

_IMAGE_TYPE = 0x00080008
SOP_CLASS_UID, SOP_INSTANCE_UID = 0x00080016, 0x00080018
_DESCRIPTION, _SOURCE_IMAGES, _CODES = 0x00082111, 0x00082112, 0x00089215
LOSSY_IMAGE_COMPRESSION = 0x00282110
_RATIO, _METHOD = 0x00282112, 0x00282114
_DESCRIPTION_BYTES_MAX = 1024


@dataclass(frozen=True, slots=True)
class LossyCompression:
    """How an image was compressed.

    Attributes
    ----------
    description
        For people, in ASCII.
    method
        A defined term of Lossy Image Compression Method.
    ratio
        How much smaller it became.
    sop_instance_uid
        Of the new instance, as it is another image.
    """

    description: str
    method: str
    ratio: float
    sop_instance_uid: str


def derivation(dataset: Dataset, compression: LossyCompression) -> Attributes:
    """Return the attributes to change where an image was compressed with loss."""
    ratios, methods = _words(dataset, _RATIO), _words(dataset, _METHOD)
    methods += [b""] * (len(ratios) - len(methods))
    ratio = f"{compression.ratio:.5g}".encode("ascii")
    return {
        **_image_type(dataset),
        SOP_INSTANCE_UID: Value("UI", _uid_bytes(compression.sop_instance_uid)),
        _DESCRIPTION: _described(dataset, compression.description.encode("ascii")),
        _SOURCE_IMAGES: Value("SQ", [_source_image(dataset)]),
        _CODES: Value("SQ", [_code("113040", "Lossy Compression")]),
        LOSSY_IMAGE_COMPRESSION: Value("CS", b"01"),
        _RATIO: _text("DS", b"\\".join([*ratios, ratio])),
        _METHOD: _text(
            "CS", b"\\".join([*methods, compression.method.encode("ascii")])
        ),
    }


def _image_type(dataset: Dataset) -> Attributes:
    words = _words(dataset, _IMAGE_TYPE)
    changed = _text("CS", b"\\".join([b"DERIVED", *words[1:]]))
    return {_IMAGE_TYPE: changed} if words else {}


def _uid_bytes(uid: str) -> bytes:
    """Encode a UID."""
    value = uid.encode("ascii")
    return value + b"\0" * (len(value) % 2)


def _text(vr: str, value: bytes) -> Value:
    return Value(vr, value + b" " * (len(value) % 2))


def _words(dataset: Dataset, tag: int) -> list[bytes]:
    element = dataset.lookup(tag)
    value = b"" if element is None else element.value.strip(b" \0")
    return value.split(b"\\") if value else []


def _described(dataset: Dataset, description: bytes) -> Value:
    """Describe the derivation before those that came earlier, if there is room."""
    element = dataset.lookup(_DESCRIPTION)
    earlier = b"" if element is None else element.value.strip(b" \0")
    whole = b"%s [%s]" % (description, earlier)
    has_room = earlier and len(whole) <= _DESCRIPTION_BYTES_MAX
    return _text("ST", whole if has_room else description)


def _source_image(dataset: Dataset) -> Attributes:
    references = {0x00081150: SOP_CLASS_UID, 0x00081155: SOP_INSTANCE_UID}
    found = {tag: dataset.lookup(other) for tag, other in references.items()}
    item = {
        tag: Value("UI", one.value) for tag, one in found.items() if one is not None
    }
    purpose = _code("121320", "Uncompressed predecessor")
    return {**item, 0x0040A170: Value("SQ", [purpose])}


def _code(value: str, meaning: str) -> Attributes:
    return {
        0x00080100: _text("SH", value.encode("ascii")),
        0x00080102: _text("SH", b"DCM"),
        0x00080104: _text("LO", meaning.encode("ascii")),
    }
