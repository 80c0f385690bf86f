from types import SimpleNamespace
from typing import Any, cast

import pytest
from werkzeug.test import EnvironBuilder

from obelisk.errors import ContentReplacedError
from obelisk.rest.admission import Admission
from obelisk.rest.application import Application
from obelisk.rest.auth import Access
from obelisk.rest.messages import Request, Response, Services, text_response
from obelisk.rest.routing import Route, Router


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


def answer(handler: Racing, **request: Any) -> tuple[str, bytes]:
    """Send a request to an application with one route; return status and body."""
    services = cast("Services", SimpleNamespace(admission=Admission(1, 1)))
    router = Router((Route("/file", handler, ("GET", "POST"), "file"),))
    application = Application(services, Access(), router=router)
    statuses: list[str] = []
    environ = EnvironBuilder("/file", **request).get_environ()
    environ["REMOTE_ADDR"] = "127.0.0.1"
    body = b"".join(application(environ, lambda status, _: statuses.append(status)))
    return statuses[0], body


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
