"""How a transfer syntax encodes data elements (PS3.5 Annex A)."""

from mmap import mmap
from struct import Struct
from typing import TypeAlias

from obelisk.dicom.dictionary import TRANSFER_SYNTAXES

Buffer: TypeAlias = bytes | bytearray | memoryview | mmap

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"

#: Transfer syntaxes whose dataset is one deflated stream (RFC 1951).
DEFLATED = frozenset(
    {
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        "1.2.840.10008.1.2.4.95",  # JPIP Referenced Deflate
        "1.2.840.10008.1.2.4.205",  # JPIP HTJ2K Referenced Deflate
    }
)

#: Every transfer syntax of the standard, retired ones included.
KNOWN = frozenset(TRANSFER_SYNTAXES)

#: Those whose pixel data is not encapsulated.
NATIVE = DEFLATED | {
    IMPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    "1.2.840.10008.1.2.4.94",  # JPIP Referenced
    "1.2.840.10008.1.2.4.204",  # JPIP HTJ2K Referenced
}

UNDEFINED_LENGTH = 0xFFFFFFFF

#: The VRs with a 32-bit length after two reserved bytes (PS3.5 Section 7.1.2).
LONG_VRS = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN"}
    | {b"UR", b"UT", b"UV"}
)

SHORT_VRS = frozenset(
    {b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS"}
    | {b"LO", b"LT", b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"}
)

VRS = LONG_VRS | SHORT_VRS


def has_long_length(vr: bytes) -> bool:
    """Tell whether the length that follows a VR has 32 bits.

    VRs that the standard may define one day, two capital letters, do; anything
    else, which some writers use for "unknown", has 16 bits.
    """
    if vr in SHORT_VRS:
        return False
    return vr in LONG_VRS or (65 <= vr[0] <= 90 and 65 <= vr[1] <= 90)


class Encoding:
    """The byte order of a dataset, and whether it tells the VRs.

    Tags come out of the formats as *words*: in little endian, the two halves of
    the tag are swapped, which spares the reader two operations per data element.

    Parameters
    ----------
    is_explicit
        Whether each data element tells its VR.
    is_little_endian
        Whether the least significant byte comes first.
    """

    __slots__ = (
        "delimiters",
        "is_explicit",
        "is_little_endian",
        "order",
        "unpack",
        "unpack_explicit",
        "unpack_implicit",
        "unpack_length",
    )

    def __init__(self, *, is_explicit: bool, is_little_endian: bool) -> None:
        self.is_explicit = is_explicit
        self.is_little_endian = is_little_endian
        self.order = "<" if is_little_endian else ">"
        #: A word, a VR and a 16-bit length.
        self.unpack_explicit = Struct(f"{self.order}I2sH").unpack_from
        #: A word and a 32-bit length.
        self.unpack_implicit = Struct(f"{self.order}II").unpack_from
        #: Either one: a word, a VR (empty if implicit) and a length.
        self.unpack = (
            self.unpack_explicit
            if is_explicit
            else Struct(f"{self.order}I0sI").unpack_from
        )
        #: A 32-bit length.
        self.unpack_length = Struct(f"{self.order}I").unpack_from
        #: The words of Item, Item Delimitation and Sequence Delimitation.
        self.delimiters = tuple(map(self.word, (0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD)))

    def word(self, tag: int) -> int:
        """Turn a tag (group << 16 | element) into a word, or a word into a tag."""
        if self.is_little_endian:
            return (tag >> 16) | ((tag & 0xFFFF) << 16)
        return tag


EXPLICIT_LITTLE = Encoding(is_explicit=True, is_little_endian=True)
EXPLICIT_BIG = Encoding(is_explicit=True, is_little_endian=False)
IMPLICIT_LITTLE = Encoding(is_explicit=False, is_little_endian=True)
IMPLICIT_BIG = Encoding(is_explicit=False, is_little_endian=False)


def encoding_of(transfer_syntax_uid: str) -> Encoding:
    """Get the encoding of a transfer syntax, explicit little endian as a rule."""
    if transfer_syntax_uid == IMPLICIT_VR_LITTLE_ENDIAN:
        return IMPLICIT_LITTLE
    if transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN:
        return EXPLICIT_BIG
    return EXPLICIT_LITTLE
