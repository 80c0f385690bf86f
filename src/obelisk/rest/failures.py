"""Turns errors into answers: one table from error classes to HTTP and Orthanc codes."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import orjson

from obelisk.dicom.creation import (
    InvalidCharacterSetError,
    InvalidDataURIError,
    UnknownTagError,
    UnsuitableValueError,
    WrongTypeError,
)
from obelisk.dicom.payloads import UnreadableContentError
from obelisk.errors import (
    ConfigError,
    CorruptedFileError,
    ForbiddenError,
    IndexRuleError,
    IndexUnavailableError,
    InvalidArgumentError,
    InvalidDICOMError,
    InvalidInputError,
    JobCanceledError,
    JobConflictError,
    JobFailedError,
    JobStateError,
    LimitError,
    NotFoundError,
    NotSupportedError,
    PeerError,
    PeerStatusError,
    ProtocolError,
    ReadOnlyContentError,
    ReadOnlyError,
    RequestTimeoutError,
    RevisionConflictError,
    ServerError,
    StorageError,
    StorageFullError,
    UnavailableError,
    UnknownFileError,
    UnknownJobError,
    UnknownNameError,
)
from obelisk.imaging.pictures import UnreadableImageError
from obelisk.lua.interpreter import ScriptError
from obelisk.rest.auth import REALM, UnauthorizedError
from obelisk.rest.creation_orders import (
    MissingPayloadError,
    NotDataURIError,
    NotTextError,
)
from obelisk.rest.error_codes import ERROR_CODES, http_status_of
from obelisk.rest.messages import (
    TEXT,
    BadContentError,
    BadTypeError,
    Request,
    Response,
    bare_response,
    reason,
)
from obelisk.rest.ranges import RangeError
from obelisk.rest.routing import METHODS, MethodNotAllowedError
from obelisk.services.creation import (
    InheritedTagError,
    InstanceParentError,
    PixelDataTagError,
    UnknownParentError,
)
from obelisk.services.ordering import UnorderableSlicesError
from obelisk.services.transcoding import NotTranscodableError
from obelisk.telemetry.privacy import PRIVACY
from obelisk.telemetry.tracing import current_span

_log = logging.getLogger(__name__)

#: An id of a resource, made from a digest, or of a job.
_ID = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{8}){4}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)


@dataclass(frozen=True, slots=True)
class Status:
    """The HTTP status of an error, and its number in `ERROR_CODES`."""

    http: int
    code: int


STATUS_OF: Mapping[type[ServerError], Status] = MappingProxyType(
    {
        ServerError: Status(500, -1),
        InvalidInputError: Status(400, 8),
        InvalidDICOMError: Status(400, 15),
        InvalidArgumentError: Status(400, 3),
        BadTypeError: Status(400, 5),
        RequestTimeoutError: Status(408, 16),
        BadContentError: Status(400, 15),
        NotFoundError: Status(404, 17),
        UnknownNameError: Status(404, 7),
        UnknownFileError: Status(404, 13),
        RevisionConflictError: Status(409, 43),
        MethodNotAllowedError: Status(405, 8),
        ReadOnlyError: Status(500, 22),
        ForbiddenError: Status(403, 45),
        UnauthorizedError: Status(401, 29),
        UnknownJobError: Status(404, 7),
        JobStateError: Status(400, 6),
        JobCanceledError: Status(500, 37),
        JobConflictError: Status(409, 46),
        IndexRuleError: Status(500, 11),
        NotSupportedError: Status(415, 3000),
        NotTranscodableError: Status(500, 2),
        LimitError: Status(413, 8),
        RangeError: Status(416, 41),
        UnavailableError: Status(503, 36),
        PeerError: Status(500, 9),
        PeerStatusError: Status(500, 2005),
        UnorderableSlicesError: Status(500, 2040),
        StorageError: Status(500, 14),
        StorageFullError: Status(507, 19),
        CorruptedFileError: Status(500, 20),
        IndexUnavailableError: Status(503, 36),
        ProtocolError: Status(500, 9),
        UnknownTagError: Status(400, 27),
        WrongTypeError: Status(400, 5),
        UnsuitableValueError: Status(400, 15),
        UnreadableContentError: Status(400, 15),
        UnreadableImageError: Status(400, 15),
        InvalidCharacterSetError: Status(400, 3),
        InvalidDataURIError: Status(400, 15),
        NotTextError: Status(400, 2019),
        InheritedTagError: Status(400, 2020),
        PixelDataTagError: Status(400, 2021),
        MissingPayloadError: Status(400, 2022),
        NotDataURIError: Status(400, 2023),
        UnknownParentError: Status(400, 2024),
        InstanceParentError: Status(400, 2025),
        ConfigError: Status(500, 47),
        ScriptError: Status(500, 2031),
    }
)
"""Looked up along the MRO of an error's class, so that it is total."""


def status_of(error: Exception) -> Status:
    """Return the codes of an error; those of an internal one if it is none of ours."""
    if isinstance(error, JobFailedError):
        return Status(http_status_of(error.code), error.code)
    for ancestor in type(error).__mro__:
        if ancestor in STATUS_OF:
            return STATUS_OF[ancestor]
    return STATUS_OF[ServerError]


def failure_response(
    error: Exception, request: Request, *, is_described: bool
) -> Response:
    """Answer a request that failed.

    Parameters
    ----------
    error
        Why. The text of an error that is none of ours is not told to the client.
    request
        The request.
    is_described
        Whether the answer has a body (HttpDescribeErrors).
    """
    status = status_of(error)
    _log_failure(error, request, status.http)
    if isinstance(error, ReadOnlyContentError):
        return bare_response(status.http)
    if not is_described:
        return Response(b"", _headers(error), status.http)
    description = _description(error, request, status)
    body = orjson.dumps(description, option=orjson.OPT_INDENT_2)
    return Response(body, [("Content-Type", TEXT), *_headers(error)], status.http)


def _log_failure(error: Exception, request: Request, status: int) -> None:
    current_span().set({"error.type": type(error).__name__})
    method, path = told(request)
    reason: object = error
    if PRIVACY.is_deidentifying:
        reason = error if status >= 500 else type(error).__name__
    if not isinstance(error, ServerError):
        _log.error("%s %s failed", method, path, exc_info=error)
    elif status >= 500:
        _log.error("%s %s failed: %s", method, path, reason)
    else:
        _log.info("%s %s refused: %s", method, path, reason)


def told(request: Request) -> tuple[str, str]:
    """Return as much of the method and of the path of a request as may be told."""
    if not PRIVACY.is_deidentifying:
        return request.method, request.path
    method = request.method if request.method in METHODS else "request"
    path = request.route or "(no route)"
    if _ID.fullmatch(request.id):
        path = path.replace("{id}", request.id)
    return method, path


def _description(
    error: Exception, request: Request, status: Status
) -> dict[str, object]:
    text = ERROR_CODES[status.code]
    description = {
        "HttpError": reason(status.http),
        "HttpStatus": status.http,
        "Message": text,
        "Method": request.method,
        "OrthancError": text,
        "OrthancStatus": status.code,
        "Uri": request.path,
    }
    if isinstance(error, ServerError) and not isinstance(error, NotFoundError):
        return {"Details": error.message, **description}
    return description


def _headers(error: Exception) -> list[tuple[str, str]]:
    """Return the headers that belong to an error."""
    if isinstance(error, MethodNotAllowedError):
        return [("Allow", ",".join(error.allowed))]
    if isinstance(error, UnauthorizedError):
        return [("WWW-Authenticate", REALM)]
    if isinstance(error, RangeError):
        return [("Content-Range", f"bytes */{error.size}")]
    if isinstance(error, LimitError | RequestTimeoutError):
        return [("Connection", "close")]
    return []
