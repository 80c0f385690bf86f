from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.exceptions import BadRequest

from obelisk.errors import NotFoundError
from obelisk.rest import scripts
from obelisk.rest.messages import Request, Response
from obelisk.rest.scripts import ScriptCalls


class Answering:
    """An application that gives one answer, and notes the request."""

    def __init__(self, answer: Response | Exception) -> None:
        self.answer = answer
        self.request: Any = None

    def answer_trusted(self, request: Request) -> Response:
        """Answer a request."""
        self.request = request
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Chunks:
    """A body of three bytes that notes whether it was closed."""

    is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        return iter((b"a", b"b", b"c"))

    def close(self) -> None:
        """Note it."""
        self.is_closed = True


def call(answer: Any, uri: str = "/a") -> bytes | None:
    """Return what a script gets."""
    return ScriptCalls(Answering(answer))("GET", uri, b"", {})


def test_the_request() -> None:
    """It has all of what the script said, and nothing in it is decoded."""
    application = Answering(Response(b"yes", []))
    headers = {"X-Mine": "1", "Content-Type": "text/csv"}
    got = ScriptCalls(application)("PUT", "/a%20b?c=%64+e", b"body", headers)

    request = application.request
    assert got == b"yes"
    assert (request.method, request.path) == ("PUT", "/a%20b")
    assert dict(request.args) == {"c": "%64+e"}
    assert request.headers["X-Mine"] == "1"
    assert request.content_type == "text/csv"
    assert request.environ["wsgi.input"].read() == b"body"
    assert request.content_length == 4


@pytest.mark.parametrize(
    "answer",
    [
        NotFoundError("study", "x"),
        BadRequest(),
        Response(b"", [], 307),
        Response(b"", [], 404),
    ],
)
def test_what_fails_is_nothing(answer: Any) -> None:
    """As with any status but 200."""
    assert call(answer) is None


def test_a_path_that_is_none() -> None:
    """Nobody is asked."""
    assert call(Response(b"yes", []), "a") is None


@pytest.mark.parametrize(("size_max", "got"), [(3, b"abc"), (2, None)])
def test_answers_in_chunks(
    size_max: int, got: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are put together, unless they are too large, and closed."""
    monkeypatch.setattr(scripts, "_ANSWER_BYTES_MAX", size_max)
    body: Any = Chunks()

    assert call(Response(body, [])) == got
    assert body.is_closed
