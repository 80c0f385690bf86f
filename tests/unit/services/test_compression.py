import os
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obelisk.errors import StorageError
from obelisk.services.compression import compress, decompress


@given(st.binary(max_size=5000), st.integers(1, 700))
def test_content_comes_back(content, step):
    """What is compressed is decompressed, however the chunks are cut."""
    stored = b"".join(compress(content))
    chunks = [stored[start : start + step] for start in range(0, len(stored), step)]

    assert b"".join(decompress(chunks)) == content


def test_format_is_the_size_and_a_zlib_stream():
    """The form can be read by whoever knows zlib."""
    content = os.urandom(100) * 30_000

    stored = b"".join(compress(content))

    assert struct.unpack("<Q", stored[:8]) == (len(content),)
    assert zlib.decompress(stored[8:]) == content


def test_chunks_are_bounded():
    """A stream that explodes is given out in pieces."""
    stored = struct.pack("<Q", 50_000_000) + zlib.compress(bytes(50_000_000))

    assert max(map(len, decompress([stored]))) <= 1_048_576


@pytest.mark.parametrize(
    "damage",
    [
        lambda s: s[:-1],
        lambda s: s[:4],
        lambda _: b"",
        lambda s: s[:8] + b"??" + s[10:],
        lambda s: b"\1" + s[1:],
    ],
)
def test_damage_is_noticed(damage):
    """A file that is cut or changed is an error, not shorter content."""
    stored = b"".join(compress(b"abc" * 1000))

    with pytest.raises(StorageError):
        list(decompress([damage(stored)]))
