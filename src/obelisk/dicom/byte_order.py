"""Values of big endian files, turned to little endian."""

#: The size in bytes of the numbers of a VR.
_NUMBER_SIZES = {
    **dict.fromkeys(("US", "SS", "OW", "AT"), 2),
    **dict.fromkeys(("UL", "SL", "FL", "OF", "OL"), 4),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8),
}


def is_ordered(vr: str) -> bool:
    """Tell whether the values of a VR depend on the byte order."""
    return vr in _NUMBER_SIZES


def swapped(value: bytes, vr: str) -> bytes:
    """Return numbers in the other byte order; anything else stays as it is."""
    size = _NUMBER_SIZES.get(vr, 1)
    turned = bytearray(value)
    whole = len(value) // size * size
    for offset in range(size):
        turned[offset:whole:size] = value[size - 1 - offset : whole : size]
    return bytes(turned)
