import json
from collections.abc import Iterator

import pytest
from werkzeug.test import EnvironBuilder

from obelisk.errors import (
    ForbiddenError,
    InvalidDICOMError,
    LimitError,
    NotFoundError,
    ServerError,
    StorageFullError,
)
from obelisk.rest.auth import UnauthorizedError
from obelisk.rest.failures import STATUS_OF, Status, failure_response, status_of
from obelisk.rest.messages import Request
from obelisk.rest.ranges import RangeError
from obelisk.rest.routing import MethodNotAllowedError


def _subclasses(parent: type[ServerError]) -> Iterator[type[ServerError]]:
    yield parent
    for child in parent.__subclasses__():
        yield from _subclasses(child)


def _request() -> Request:
    return Request(EnvironBuilder("/studies/x", method="GET").get_environ())


def test_table_is_total() -> None:
    """Every class of the error tree finds a status that is more than the default."""
    for class_ in _subclasses(ServerError):
        found = next(one for one in class_.__mro__ if one in STATUS_OF)

        assert issubclass(class_, found)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidDICOMError("short"), Status(400, 15)),
        (NotFoundError("study", "x"), Status(404, 17)),
        (UnauthorizedError(), Status(401, 29)),
        (ForbiddenError(), Status(403, 45)),
        (StorageFullError(), Status(507, 19)),
        (ValueError("no error of ours"), Status(500, -1)),
    ],
)
def test_status(error: Exception, status: Status) -> None:
    """Errors have the HTTP statuses and numbers of Orthanc."""
    assert status_of(error) == status


def test_body_has_the_keys_of_orthanc() -> None:
    """The body of an error is JSON, with its details, as plain text."""
    response = failure_response(
        InvalidDICOMError("too short", 12), _request(), is_described=True
    )

    assert response.status == 400
    assert ("Content-Type", "text/plain") in response.headers
    assert isinstance(response.body, bytes)
    assert json.loads(response.body) == {
        "Details": "too short (at offset 12)",
        "HttpError": "Bad Request",
        "HttpStatus": 400,
        "Message": "Bad file format",
        "Method": "GET",
        "OrthancError": "Bad file format",
        "OrthancStatus": 15,
        "Uri": "/studies/x",
    }


def test_internal_errors_are_not_told() -> None:
    """The text of an unexpected exception stays in the log."""
    response = failure_response(ValueError("secret"), _request(), is_described=True)

    assert response.status == 500
    assert b"secret" not in bytes(response.body)  # type: ignore[arg-type]


def test_errors_without_description() -> None:
    """HttpDescribeErrors=false leaves the body empty, and without a type."""
    response = failure_response(
        NotFoundError("study", "x"), _request(), is_described=False
    )

    assert (response.status, response.body, response.headers) == (404, b"", [])


@pytest.mark.parametrize(
    ("error", "header"),
    [
        (MethodNotAllowedError(["GET", "DELETE"]), ("Allow", "GET,DELETE")),
        (
            UnauthorizedError(),
            ("WWW-Authenticate", 'Basic realm="Orthanc Secure Area"'),
        ),
        (RangeError(7), ("Content-Range", "bytes */7")),
        (LimitError("too large"), ("Connection", "close")),
    ],
)
def test_headers(error: Exception, header: tuple[str, str]) -> None:
    """Some errors come with a header that says more."""
    response = failure_response(error, _request(), is_described=True)

    assert header in response.headers
