import tracemalloc

import pytest

from factories import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    craft,
    make_instance,
    make_sized_instance,
    noise,
    text,
)
from obelisk.dicom.parsing import read_dataset
from obelisk.dicom.tag_json import tags_json
from obelisk.errors import InvalidDICOMError, StorageError
from obelisk.services.compression import compress
from obelisk.services.leading_parts import read_leading_part

PIXELS = (0x7FE00010, "OW", noise("pixels", 0, 0, 0, 300_000))
FAKE = (0x00091001, "OB", b"\xe0\x7f\x10\0OW\0\0\0\0\0\0" * 6_000)
FILES = {
    "small": make_instance(1),
    "large": make_sized_instance(2, 3_000_000),
    "without pixels": craft("a", [text(0x00104000, "LT", "x" * 60_000)]),
    "implicit": craft("b", [PIXELS], transfer_syntax=IMPLICIT),
    "big endian": craft("c", [PIXELS], transfer_syntax=BIG_ENDIAN),
    "deflated": craft("d", [PIXELS], transfer_syntax=DEFLATED),
    "much in front": craft("e", [(0x00420011, "OB", bytes(900_000)), PIXELS]),
    "looks like pixels": craft("f", [FAKE, PIXELS]),
    "pixels at the end of a part": craft(
        "g", [(0x00420011, "OB", bytes(64_900)), PIXELS]
    ),
}


def chunks_of(content):
    """Return the compressed form of a content in small chunks."""
    stored = b"".join(compress(content))
    return [stored[start : start + 5000] for start in range(0, len(stored), 5000)]


@pytest.mark.parametrize("name", FILES)
def test_the_dataset_is_that_of_the_file(name):
    """What is not unpacked makes no difference."""
    content = FILES[name]

    found = read_leading_part(chunks_of(content), len(content), "Latin1")

    assert tags_json(found) == tags_json(read_dataset(content))


@pytest.mark.parametrize("offset", range(65_480, 65_560, 2))
def test_pixel_data_may_start_anywhere(offset):
    """Also where a part ends: in its tag, in its length, and right behind."""
    empty = craft("h", [(0x00420011, "OB", b"")])
    content = craft("h", [(0x00420011, "OB", bytes(offset - len(empty))), PIXELS])

    found = read_leading_part(chunks_of(content), len(content), "Latin1")

    assert tags_json(found) == tags_json(read_dataset(content))


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_pixel_data_is_not_unpacked(syntax):
    """Only the first chunks are read, and little memory is taken."""
    content = craft("i", [(*PIXELS[:2], PIXELS[2] * 20)], transfer_syntax=syntax)
    chunks = iter(chunks_of(content))

    tracemalloc.start()
    read_leading_part(chunks, len(content), "Latin1")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(list(chunks)) > 1000
    assert peak < 2_000_000


def test_damage_is_found():
    """A file that has not its size, or is no DICOM file, is refused."""
    content = FILES["small"]
    with pytest.raises(StorageError):
        read_leading_part(chunks_of(content), len(content) - 1, "Latin1")
    with pytest.raises(InvalidDICOMError):
        read_leading_part(chunks_of(b"\x89PNG" * 50_000), 200_000, "Latin1")
