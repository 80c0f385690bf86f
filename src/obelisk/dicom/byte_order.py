"""Numbers in big endian files, turned to little endian and back."""

from array import array
from collections.abc import Mapping

from obelisk.dicom.reading.transfer_syntax import Buffer

#: The size in bytes of the numbers of a VR, where it matters in which order they are.
NUMBER_SIZES: Mapping[str, int] = {
    **dict.fromkeys(("US", "SS", "OW", "AT"), 2),
    **dict.fromkeys(("UL", "SL", "FL", "OF", "OL"), 4),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8),
}

_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


def swapped(value: Buffer, size: int) -> bytes:
    """Turn the bytes of each number of some size round; what is left over stays."""
    stop = len(value) // size * size
    numbers = array(_CODES[size], bytes(value[:stop]))
    numbers.byteswap()
    return numbers.tobytes() + bytes(value[stop:])
