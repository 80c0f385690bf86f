import io
import random
import struct
import zipfile
from collections.abc import Iterator

import pytest

from obelisk.errors import InvalidDICOMError
from obelisk.rest.archives import (
    claims_dicom,
    ensure_dicom,
    is_archive,
    is_dicom,
    iter_members,
    open_archive,
    peek,
)


def _zip(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _members(content: bytes, size_max: int = 0) -> dict[str, bytes]:
    with open_archive([content]) as archive:
        return {
            member.name: b"".join(member.chunks)
            for member in iter_members(archive, size_max)
        }


def test_members_of_all_folders_but_dicomdir() -> None:
    """Folders and DICOMDIR are no members."""
    content = _zip({"a/b/1": b"x", "a/": b"", "DICOMDIR": b"d", "c/dicomdir": b"d"})

    assert _members(content) == {"a/b/1": b"x"}


def test_archives_are_known_by_their_signature() -> None:
    """An empty archive is an archive too; an empty file is not."""
    assert is_archive(_zip({"a": b""}))
    assert is_archive(_zip({}))
    assert not is_archive(b"")


def test_member_that_is_too_large() -> None:
    """A bomb is stopped while it unpacks; what the archive says is not believed."""
    with pytest.raises(InvalidDICOMError, match="exceeds limit"):
        _members(_zip({"bomb": b"\0" * 50_000_000}), 1_000_000)


@pytest.mark.parametrize("stop", [4, 30, -1, -30])
def test_damaged_archive(stop: int) -> None:
    """An archive without its directory cannot be read."""
    with pytest.raises(InvalidDICOMError):
        _members(_zip({"a": b"x" * 100})[:stop])


def test_damaged_member() -> None:
    """A member whose check sum is wrong raises when it is read."""
    content = bytearray(_zip({"a": b"x" * 100}))
    content[33] ^= 0xFF

    with pytest.raises(InvalidDICOMError, match="damaged"):
        _members(bytes(content))


def test_encrypted_member() -> None:
    """It is said that a member is encrypted, not that it is damaged."""
    content = bytearray(_zip({"a": b"first"}))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1

    with pytest.raises(InvalidDICOMError, match="encrypted"):
        _members(bytes(content))


def test_start_that_comes_in_pieces() -> None:
    """Enough is gathered to tell what a file is, though its buffer is used again."""
    buffer = bytearray(50)

    def pieces() -> Iterator[memoryview]:
        for number in range(5):
            buffer[:] = bytes([number]) * 50
            yield memoryview(buffer)

    start, whole = peek(pieces())
    assert bytes(start) == b"".join(bytes([number]) * 50 for number in range(3))
    file = [byte for chunk in whole for byte in chunk]
    assert file == [number for number in range(5) for _ in range(50)]
    assert b"".join(peek(iter([b"P", b"K"]))[1]) == b"PK"


def test_members_that_overlap() -> None:
    """The first one is there; the others would be the same bytes once more."""
    content = _zip({"a": random.Random(1).randbytes(1000)})
    start = content.index(b"PK\x01\x02")
    end = content.index(b"PK\x05\x06")
    directory = content[start:end] * 3
    totals = struct.pack("<HHII", 3, 3, len(directory), start)
    overlapping = content[:start] + directory + content[end:][:8] + totals + b"\0\0"

    with open_archive([overlapping]) as archive:
        first, second, third = iter_members(archive, 0)
        assert len(b"".join(first.chunks)) == 1000
        for member in (second, third):
            with pytest.raises(InvalidDICOMError, match="overlaps"):
                next(member.chunks)


def test_members_that_unpack_to_too_much_together() -> None:
    """Many large members are a bomb; those in front of it are there."""
    content = _zip({"1": b"\0" * 900_000, "2": b"\0" * 900_000, "3": b"\0"})

    with open_archive([content]) as archive:
        first, second, third = iter_members(archive, 1_000_000)
        assert len(b"".join(first.chunks)) == 900_000
        with pytest.raises(InvalidDICOMError, match="too much for its size"):
            b"".join(second.chunks)
        with pytest.raises(InvalidDICOMError, match="too much for its size"):
            b"".join(third.chunks)


def test_members_that_hardly_shrink_have_no_limit_together() -> None:
    """What is no bomb may be any number of times as large as a member may be."""
    noise = random.Random(2).randbytes(100_000)

    assert len(_members(_zip(dict.fromkeys("abcdef", noise)), 100_000)) == 6


def _taken(*chunks: bytes) -> int:
    """Count what `ensure_dicom` lets through before it refuses."""
    taken: list[int] = []
    with pytest.raises(InvalidDICOMError, match="does not start like"):
        taken.extend(map(len, ensure_dicom(chunks)))
    return sum(taken)


def test_large_file_that_is_not_dicom() -> None:
    """It is refused after a megabyte, however its chunks are cut."""
    piece = bytes(300_000)

    assert _taken(*[piece] * 1000) == 900_000
    assert _taken(b"P", b"NG", *[piece] * 1000) == 900_003
    assert _taken(bytes(2_000_000)) == 0


@pytest.mark.parametrize("start", [bytes(128) + b"DICM", b"\x08\0\x16\0UI"])
def test_large_file_that_may_be_dicom(start: bytes) -> None:
    """It is passed on, though its start comes byte by byte."""
    chunks = [start[at : at + 1] for at in range(len(start))] + [bytes(500_000)] * 3

    assert b"".join(ensure_dicom(chunks)) == b"".join(chunks)


def test_small_file_is_left_to_the_reader() -> None:
    """What is wrong with a small file is told by who reads it."""
    assert list(ensure_dicom([b"PNG", bytes(1000)])) == [b"PNG", bytes(1000)]


def test_what_may_be_dicom() -> None:
    """A preamble, a dataset without one, or the name says that a file is DICOM."""
    assert is_dicom(b"\0" * 128 + b"DICM")
    assert is_dicom(b"\x08\x00\x16\x00UI")
    assert not is_dicom(b"\x89PNG\r\n")
    assert claims_dicom("a/B.DCM", b"")
    assert not claims_dicom("README", b"hello")
