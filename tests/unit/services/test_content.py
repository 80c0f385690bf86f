import struct

import pytest

from factories import BIG_ENDIAN, DEFLATED, EXPLICIT, JPEG_BASELINE, craft
from obelisk.errors import InvalidArgumentError, NotFoundError
from obelisk.services.content import Contents, RawValue
from obelisk.services.encoding import AssumedEncoding

_PIXELS = bytes(range(64))


def fragments(*values):
    """Encode fragments (PS3.5 Section A.4)."""
    items = [struct.pack("<HHI", 0xFFFE, 0xE000, len(one)) + one for one in values]
    return b"".join([*items, struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)])


@pytest.fixture
def find(house):
    """Return a function that stores a file and looks for a path in it."""
    contents = Contents(house.resources, AssumedEncoding())

    def found(content, path):
        id_ = house.store(content).ids.instance
        value = contents.find(id_, path.split("/") if path else [])
        return b"".join(value.read()) if isinstance(value, RawValue) else value

    return found


@pytest.mark.parametrize("syntax", [EXPLICIT, BIG_ENDIAN, DEFLATED])
def test_numbers_come_in_little_endian_order(find, syntax):
    """Whatever the order, and the compression, of the file."""
    order = ">" if syntax == BIG_ENDIAN else "<"
    rows = struct.pack(order + "H", 513)
    content = craft("c", [(0x00280010, "US", rows)], transfer_syntax=syntax)

    assert find(content, "0028-0010") == b"\1\2"
    assert "0028-0010" in find(content, "")


@pytest.mark.parametrize(
    ("vr", "value", "expected"),
    [
        ("LO", b"887\0", b"887 "),
        ("LO", b" A   ", b" A"),
        ("PN", b"A^B \0 ", b"A^B "),
        ("DS", b"1\\2\0", b"1\\2 "),
        ("LO", b"\0\0", b""),
        ("UI", b"1.2 ", b"1.2\0"),
        ("UI", b"1.2\0\0\0", b"1.2\0"),
        ("UN", b"A\0\0\0", b"A\0\0\0"),
    ],
)
@pytest.mark.parametrize("syntax", [EXPLICIT, DEFLATED])
def test_text_is_padded_once(find, syntax, vr, value, expected):
    """With a blank, UIDs with a NUL, whatever the file pads with; bytes stay."""
    content = craft("c", [(0x00091010, vr, value)], transfer_syntax=syntax)

    assert find(content, "0009-1010") == expected


def test_fragments_are_found_by_their_number(find):
    """The first one is the offset table."""
    header = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
    pixels = (0x7FE00010, header + fragments(b"", b"abcd", b"ef"))
    content = craft("c", [pixels], transfer_syntax=JPEG_BASELINE)

    assert find(content, "7fe0-0010") == ["0", "1", "2"]
    assert find(content, "7fe0-0010/1") == b"abcd"
    assert find(content, "7fe0-0010/2") == b"ef"


def test_native_pixels_are_one_fragment(find):
    """All of them."""
    content = craft("c", [(0x7FE00010, "OB", _PIXELS)])

    assert find(content, "PixelData") == ["0"]
    assert find(content, "PixelData/0") == _PIXELS


@pytest.mark.parametrize(
    "path",
    ["0010-4000", "0010-0020/0", "7fe0-0010/1", "7fe0-0010/0/1", "0008-1140/0/x"],
)
def test_paths_that_lead_nowhere(find, path):
    """Absent attributes, what is below a value, and what comes after the last one."""
    content = craft("c", [(0x7FE00010, "OB", _PIXELS)])

    with pytest.raises(NotFoundError):
        find(content, path)


@pytest.mark.parametrize("path", ["nonsense", "7fe0-0010/x"])
def test_paths_that_are_none(find, path):
    """No tag, and no number."""
    content = craft("c", [(0x7FE00010, "OB", _PIXELS)])

    with pytest.raises(InvalidArgumentError):
        find(content, path)
