import gzip
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from obelisk.errors import (
    InvalidDICOMError,
    InvalidInputError,
    LimitError,
    NotSupportedError,
)
from obelisk.rest.admission import Admission
from obelisk.rest.bodies import gunzip, open_body, present_body
from obelisk.rest.messages import Request, UploadLimits


def _read(body: bytes, limits: UploadLimits | None = None, **changes: str) -> bytes:
    environ = EnvironBuilder("/instances", method="POST").get_environ()
    environ |= {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
    environ |= {"CONTENT_LENGTH": str(len(body))} | changes
    environ = {name: value for name, value in environ.items() if value != ""}
    admission = Admission(1, 1)
    with admission.work():
        chunks = open_body(Request(environ), admission, limits or UploadLimits())
        return b"".join(chunks)


def test_body_as_it_is() -> None:
    """A body without content encoding comes through, in chunks."""
    body = bytes(range(256)) * 10_000

    assert _read(body) == body
    assert _read(body, CONTENT_LENGTH="") == body


def test_announced_body_that_is_too_large() -> None:
    """A body that announces too much is refused before it is read."""
    with pytest.raises(LimitError):
        _read(b"", UploadLimits(body=10), CONTENT_LENGTH="11")


def test_chunked_body_that_is_too_large() -> None:
    """A body of unknown size is refused as soon as it is too large."""
    with pytest.raises(LimitError):
        _read(b"x" * 11, UploadLimits(body=10), CONTENT_LENGTH="")


def test_body_of_exactly_the_limit() -> None:
    """The limit itself is allowed."""
    assert _read(b"x" * 10, UploadLimits(body=10)) == b"x" * 10


def test_body_that_breaks_off() -> None:
    """A client that leaves in the middle is not taken for one that is done."""
    with pytest.raises(InvalidInputError, match="ended after 3 of the 5 bytes"):
        _read(b"abc", CONTENT_LENGTH="5")


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", " GZIP ", "identity, gzip"])
def test_gzip(encoding: str) -> None:
    """A compressed body is unpacked."""
    body = b"abc" * 1_000_000

    assert _read(gzip.compress(body), HTTP_CONTENT_ENCODING=encoding) == body


@pytest.mark.parametrize("encoding", ["br", "Deflate", "gzip, zstd", "gzip, gzip"])
def test_unknown_content_encoding(encoding: str) -> None:
    """Other encodings are refused, not stored as they are."""
    with pytest.raises(NotSupportedError):
        _read(b"abc", HTTP_CONTENT_ENCODING=encoding)


@pytest.mark.parametrize("word", ["utf-8", "8bit", "none", "", "*", "identity, UTF-8"])
def test_words_that_are_no_content_encoding(word: str) -> None:
    """They are ignored: the client means something else, and its bytes are plain."""
    assert _read(b"abc", HTTP_CONTENT_ENCODING=word) == b"abc"


def test_gzip_members_may_follow_each_other() -> None:
    """Several gzip streams in a row are one content (RFC 1952 Section 2.2)."""
    stream = gzip.compress(b"abc") + gzip.compress(b"def")

    assert b"".join(gunzip([stream], 0)) == b"abcdef"


def test_gzip_bomb() -> None:
    """Unpacking stops at the limit, however small the compressed body is."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    sizes = []
    with pytest.raises(InvalidDICOMError, match="Uncompressed size exceeds limit"):
        sizes.extend(len(chunk) for chunk in gunzip([bomb], 2_000_000))

    assert sum(sizes) <= 2_000_000
    assert max(sizes) <= 1_048_576


@pytest.mark.parametrize(
    "stream", [b"", b"no gzip", gzip.compress(b"abc")[:-1], gzip.compress(b"abc")[:5]]
)
def test_damaged_gzip(stream: bytes) -> None:
    """What is no complete gzip stream is refused."""
    with pytest.raises(InvalidDICOMError, match="gzip"):
        list(gunzip([stream] if stream else [], 0))


@given(st.binary(max_size=3000), st.integers(1, 100), st.integers(0, 9))
def test_gzip_in_pieces(content: bytes, step: int, level: int) -> None:
    """How the network cuts a stream does not matter."""
    stream = zlib.compress(content, level, wbits=31)
    pieces = [stream[start : start + step] for start in range(0, len(stream), step)]

    assert b"".join(gunzip(pieces, 0)) == content


class Here(io.BytesIO):
    """A stream that has all its bytes, or not."""

    is_here = True


class Coming(Here):
    """One that waits."""

    is_here = False


@pytest.mark.parametrize(
    ("stream", "size_max", "headers", "expected"),
    [
        (Here, 0, {}, b"content"),
        (Here, 7, {}, b"content"),
        (Here, 6, {}, None),
        (Here, 0, {"HTTP_CONTENT_ENCODING": "gzip"}, None),
        (Coming, 0, {}, None),
        (io.BytesIO, 0, {}, None),
    ],
)
def test_body_that_is_here(
    stream: type[io.BytesIO],
    size_max: int,
    headers: dict[str, str],
    expected: bytes | None,
) -> None:
    """It is given as it is; a limit, an encoding or a wait are for the long way."""
    environ = {"wsgi.input": stream(b"content"), "CONTENT_LENGTH": "7"} | headers
    environ = EnvironBuilder("/", method="POST").get_environ() | environ

    assert present_body(Request(environ), UploadLimits(body=size_max)) == expected
