from collections.abc import Generator, Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from werkzeug.test import EnvironBuilder

from obelisk.errors import ContentReplacedError
from obelisk.rest.admission import Admission
from obelisk.rest.application import Application
from obelisk.rest.auth import Access
from obelisk.rest.messages import Request, Response, Services, text_response
from obelisk.rest.routing import Handler, Route, Router
from obelisk.telemetry.context import present_context


class Racing:
    """A handler whose file is replaced under its hands some times."""

    def __init__(self, replaced_count: int) -> None:
        self.remaining = replaced_count

    def __call__(self, _request: Request, _services: Services) -> Response:
        """Fail, then answer."""
        if self.remaining:
            self.remaining -= 1
            raise ContentReplacedError
        return text_response("done")


class Streaming:
    """A handler whose body notes for whom it is made, also when it is closed."""

    def __init__(self) -> None:
        self.noted: list[Mapping[str, str]] = []

    def __call__(self, _request: Request, _services: Services) -> Response:
        """Answer with the body."""
        return Response(self._body(), [])

    def _body(self) -> Iterator[bytes]:
        try:
            yield b"a"
            self.noted.append(present_context())
            yield b"b"
        finally:
            self.noted.append(present_context())


def ask(handler: Handler, **request: Any) -> tuple[Iterable[bytes], list[str]]:
    """Send a request to an application with one route; return body and statuses."""
    services = cast("Services", SimpleNamespace(admission=Admission(1, 1)))
    router = Router((Route("/file", handler, ("GET", "POST"), "file"),))
    application = Application(services, Access(), router=router)
    statuses: list[str] = []
    environ = EnvironBuilder("/file", **request).get_environ()
    environ["REMOTE_ADDR"] = "127.0.0.1"
    return application(environ, lambda status, _: statuses.append(status)), statuses


def answer(handler: Handler, **request: Any) -> tuple[str, bytes]:
    """Return the status and the body of the answer to `ask`."""
    body, statuses = ask(handler, **request)
    return statuses[0], b"".join(body)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_whose_file_was_replaced_is_handled_again(method: str) -> None:
    """The second time everything is looked up anew."""
    assert answer(Racing(1), method=method) == ("200 OK", b"done")


def test_a_request_with_a_body_is_handled_once() -> None:
    """Its body is gone, so the client has to try again."""
    status, _ = answer(Racing(1), method="POST", data=b"x")

    assert status == "503 Service Unavailable"


def test_a_request_is_not_handled_for_ever() -> None:
    """If it happens again, the client has to try again."""
    assert answer(Racing(2))[0] == "503 Service Unavailable"


@pytest.mark.parametrize("is_left", [False, True])
def test_a_body_is_made_in_the_name_of_its_request(*, is_left: bool) -> None:
    """As long as it is sent, and when its client leaves."""
    handler = Streaming()
    body = iter(ask(handler, headers={"X-Request-ID": "abc-1"})[0])
    if is_left:
        next(body)
        cast("Generator[bytes]", body).close()
    else:
        assert b"".join(body) == b"ab"

    assert handler.noted == [{"request": "abc-1"}] * (1 if is_left else 2)
    assert present_context() == {}
