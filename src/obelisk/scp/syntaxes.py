"""The SOP classes and transfer syntaxes that the server knows."""

from enum import Enum

from obelisk.dicom.dictionary import SOP_CLASSES

_ROOT = "1.2.840.10008."
_TRANSFER = f"{_ROOT}1.2"

VERIFICATION_SOP_CLASS = f"{_ROOT}1.1"
IMPLICIT_VR_LITTLE_ENDIAN = _TRANSFER
EXPLICIT_VR_LITTLE_ENDIAN = f"{_TRANSFER}.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = f"{_TRANSFER}.1.99"
EXPLICIT_VR_BIG_ENDIAN = f"{_TRANSFER}.2"

UNCOMPRESSED_TRANSFER_SYNTAXES = frozenset(
    (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN)
)


class TransferSyntaxGroup(Enum):
    """Transfer syntaxes that one option of Orthanc's accepts or refuses together.

    The value is the name of the option without its ending, TransferSyntaxAccepted.
    """

    DEFLATED = "Deflated"
    JPEG = "Jpeg"
    JPEG_2000 = "Jpeg2000"
    JPEG_LOSSLESS = "JpegLossless"
    JPIP = "Jpip"
    MPEG_2 = "Mpeg2"
    RLE = "Rle"
    MPEG_4 = "Mpeg4"
    H265 = "H265"


def _numbered(*numbers: int) -> frozenset[str]:
    return frozenset(f"{_TRANSFER}.4.{number}" for number in numbers)


TRANSFER_SYNTAX_GROUPS: dict[TransferSyntaxGroup, frozenset[str]] = {
    TransferSyntaxGroup.DEFLATED: frozenset((DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,)),
    TransferSyntaxGroup.JPEG: _numbered(*range(50, 67), 70),
    TransferSyntaxGroup.JPEG_2000: _numbered(90, 91, 92, 93),
    TransferSyntaxGroup.JPEG_LOSSLESS: _numbered(80, 81),
    TransferSyntaxGroup.JPIP: _numbered(94, 95),
    TransferSyntaxGroup.MPEG_2: _numbered(100, 101),
    TransferSyntaxGroup.RLE: frozenset((f"{_TRANSFER}.5",)),
    TransferSyntaxGroup.MPEG_4: _numbered(102, 103, 104, 105, 106),
    TransferSyntaxGroup.H265: _numbered(107, 108),
}

#: JPEG XL (110 to 112) and HTJ2K (201 to 203).
LATE_TRANSFER_SYNTAXES = _numbered(110, 111, 112, 201, 202, 203)

# As Orthanc 1.13: the late ones are in no group.
TRANSFER_SYNTAXES = (
    UNCOMPRESSED_TRANSFER_SYNTAXES
    | frozenset[str]().union(*TRANSFER_SYNTAX_GROUPS.values())
    | LATE_TRANSFER_SYNTAXES
)

# Their objects belong to no patient (PS3.4 Annex GG), or are no objects to keep.
_OTHER_SOP_CLASSES = (
    "1.20.1",  # Storage Commitment Push Model
    "1.20.2",  # Storage Commitment Pull Model
    "1.3.10",  # Media Storage Directory Storage
    "5.1.4.1.1.200.1",  # CT Defined Procedure Protocol Storage
    "5.1.4.1.1.200.3",  # Protocol Approval Storage
    "5.1.4.1.1.200.7",  # XA Defined Procedure Protocol Storage
    "5.1.4.1.1.201.1",  # Inventory Storage
    "5.1.4.38.1",  # Hanging Protocol Storage
    "5.1.4.39.1",  # Color Palette Storage
    "5.1.4.43.1",  # Generic Implant Template Storage
    "5.1.4.44.1",  # Implant Assembly Template Storage
    "5.1.4.45.1",  # Implant Template Group Storage
)

STORAGE_SOP_CLASSES = frozenset(
    uid for uid, name in SOP_CLASSES.items() if "Storage" in name
) - {_ROOT + suffix for suffix in _OTHER_SOP_CLASSES}
