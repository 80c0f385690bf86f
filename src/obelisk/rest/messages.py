"""Requests, their parameters, and answers: JSON, and errors as Orthanc says them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any, TypeVar, overload

import orjson
import werkzeug
from werkzeug.datastructures import EnvironHeaders, ImmutableMultiDict, MultiDict
from werkzeug.sansio.utils import get_content_length

from obelisk.dicom.levels import Level
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.errors import (
    InvalidArgumentError,
    InvalidInputError,
)
from obelisk.jobs.queue import JobQueue
from obelisk.jobs.streams import Streams
from obelisk.lua.interpreter import Interpreter
from obelisk.metrics.monitoring import Monitoring
from obelisk.rest.acceptance import Acceptance
from obelisk.rest.admission import Admission
from obelisk.rest.caching import BytesCache, KeptAnswers
from obelisk.rest.json_members import JSONMembers
from obelisk.services.archiving.archiving import Archiving
from obelisk.services.attachments import Attachments
from obelisk.services.bulk import Bulk
from obelisk.services.changes import Changes
from obelisk.services.content import Contents
from obelisk.services.creation import Creation
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.exports import Exports
from obelisk.services.finding import Finding
from obelisk.services.health import Health
from obelisk.services.ingest import Ingest
from obelisk.services.labels import Labels, Protection
from obelisk.services.lifecycle import Lifecycle
from obelisk.services.live_settings import LiveSettings
from obelisk.services.metadata import Metadata
from obelisk.services.peer_transfers import PeerTransfers
from obelisk.services.reconstruction import Reconstruction
from obelisk.services.requested_tags import RequestedTags
from obelisk.services.resources import Resources
from obelisk.services.transcoding import Transcoding
from obelisk.services.views import Views

JSON = "application/json; charset=utf-8"
#: Where Orthanc names no character set.
PLAIN_JSON = "application/json"
TEXT = "text/plain"

#: How large the cache of datasets may be.
TAGS_CACHE_BYTES = 33_554_432

#: How large the cache of lists, descriptions and results of searches may be.
ANSWERS_CACHE_BYTES = 16_777_216
_KEY_BYTES_MAX = 2048

_BOOLEANS = {"": True, "1": True, "true": True, "0": False, "false": False}
_INTEGER = re.compile(r"[+-]?[0-9]+")
_INTEGER_MAX = 2**63 - 1

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """How large what is received may be, in bytes; 0 means no limit.

    Attributes
    ----------
    body
        The body of a request (MaximumRequestBodySizeMB).
    unpacked
        One file of a ZIP or gzip body (MaximumFileSizeInArchiveMB).
    """

    body: int = 0
    unpacked: int = 0

    def at_most(self, size: int) -> "UploadLimits":
        """Return limits that are no larger than a size."""
        return UploadLimits(
            body=min(self.body or size, size), unpacked=min(self.unpacked or size, size)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveDefaults:
    """What archives are like unless a request says so itself.

    Attributes
    ----------
    is_utf8
        Whether letters beyond ASCII stay in the names of folders (ZipUseUtf8).
    is_deflated
        Whether the files are deflated (ZipCompression).
    is_streamed
        Whether those are sent while they are (SynchronousZipStream).
    """

    is_utf8: bool = False
    is_deflated: bool = False
    is_streamed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the handlers work with.

    `system` is what ``GET /system`` shows; `media_types` says what the content types of
    attachments are, by number; `is_file_system_writable` says whether clients may have
    files written to any path (RestApiWriteToFileSystemEnabled); `archive_defaults` says
    what archives are like; `tags_cache` keeps the datasets of files as JSON, `answers`
    what lists, descriptions and searches gave since the index was last written to;
    `openapi` is what ``GET /api/openapi.json`` shows; `default_private_creator` stands
    in where a request does not say who reserves private blocks; `interpreter` runs
    scripts, if clients may have that done (ExecuteLuaEnabled).
    """

    ingest: Ingest
    creation: Creation
    resources: Resources
    requested_tags: RequestedTags
    views: Views
    contents: Contents
    archiving: Archiving
    transcoding: Transcoding
    finding: Finding
    metadata: Metadata
    attachments: Attachments
    reconstruction: Reconstruction
    bulk: Bulk
    labels: Labels
    protection: Protection
    changes: Changes
    exports: Exports
    jobs: JobQueue
    streams: Streams
    transfers: PeerTransfers
    admission: Admission
    limits: UploadLimits
    default_encoding: AssumedEncoding
    live_settings: LiveSettings
    default_private_creator: str
    answers: KeptAnswers
    acceptance: Acceptance
    uids: UIDGenerator
    lifecycle: Lifecycle
    monitoring: Monitoring
    health: Health
    system: Mapping[str, Any]
    media_types: Mapping[int, str]
    openapi: Mapping[str, Any]
    interpreter: Interpreter | None = None
    is_file_system_writable: bool = False
    archive_defaults: ArchiveDefaults = ArchiveDefaults()
    tags_cache: BytesCache = field(default_factory=lambda: BytesCache(TAGS_CACHE_BYTES))


class Arguments(ImmutableMultiDict[str, str]):
    """Arguments of a query string; of one that is given twice, the last counts."""

    def __getitem__(self, key: str) -> str:
        """Return the last value of an argument."""
        values = self.getlist(key)
        return values[-1] if values else super().__getitem__(key)

    @overload  # type: ignore[override]  # nobody has Werkzeug convert a value
    def get(self, key: str) -> str | None: ...

    @overload
    def get(self, key: str, default: _T) -> str | _T: ...

    def get(self, key: str, default: _T | None = None) -> str | _T | None:
        """Return the last value of an argument, or something else."""
        # Werkzeug makes an exception of what is absent, with a page for browsers.
        values = self.getlist(key)
        return values[-1] if values else default


_NO_ARGUMENTS = Arguments()


class Request(werkzeug.Request):
    """A request, with what its route and its credentials say about it.

    Parameters
    ----------
    environ
        See PEP 3333.
    """

    parameter_storage_class = Arguments

    #: The identifier in the path, if there is one.
    id: str = ""
    #: The name behind it in the path, if there is one.
    name: str = ""
    #: The level that the path is about.
    level: Level = Level.PATIENT
    #: The other level that the path names, if there is one.
    relative: Level = Level.PATIENT
    #: What follows in the path, where a route takes the whole rest.
    rest: str = ""
    #: The path of its route in the route table, empty if there is none.
    route: str = ""
    #: The name of the authenticated user, empty if there is none.
    username: str = ""
    #: Whether it comes from a script instead of a client.
    is_of_script: bool = False

    def __init__(self, environ: dict[str, Any]) -> None:
        # Instead of Werkzeug's, which takes five times as long.
        get = environ.get
        self.environ, self.shallow = environ, False
        self.method = get("REQUEST_METHOD", "GET").upper()
        self.scheme, self.root_path = get("wsgi.url_scheme", "http"), ""
        self.server = get("SERVER_NAME", ""), int(get("SERVER_PORT") or 0)
        path = get("PATH_INFO") or ""
        if not path.isascii():
            path = path.encode("latin-1").decode(errors="replace")
        self.path = "/" + path.lstrip("/")
        self.query_string = get("QUERY_STRING", "").encode("latin-1")
        if not self.query_string:
            self.args = _NO_ARGUMENTS
        self.headers = EnvironHeaders(environ)
        self.remote_addr = get("REMOTE_ADDR")

    @cached_property
    def content_length(self) -> int | None:
        """The size of the body in bytes, `None` if it is not known beforehand."""
        get = self.environ.get
        return get_content_length(get("CONTENT_LENGTH"), get("HTTP_TRANSFER_ENCODING"))

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The arguments of the query string."""
        return super().args


@dataclass(slots=True)
class Response:
    """An answer; a body of many chunks comes with its ``Content-Length``."""

    body: bytes | Iterator[bytes]
    headers: list[tuple[str, str]]
    status: int = 200


class JSONResponse(Response):
    """An answer that is a JSON value, which some clients want as XML.

    Parameters
    ----------
    value
        The value, encoded.
    kind
        Its media type.
    """

    __slots__ = ("value",)

    def __init__(self, value: bytes | JSONMembers, kind: str = JSON) -> None:
        super().__init__(value, [("Content-Type", kind)])
        self.value = value


class BadTypeError(InvalidArgumentError):
    """A parameter has another type than it should have."""


class BadContentError(InvalidInputError):
    """The body of a request is not what it should be."""


def flag(request: Request, name: str, *, default: bool) -> bool:
    """Return a Boolean argument of the query string.

    Raises
    ------
    InvalidArgumentError
        If it is no Boolean.
    """
    text = request.args.get(name)
    if text is None:
        return default
    if text not in _BOOLEANS:
        raise InvalidArgumentError(
            f'Expected a Boolean for GET argument "{name}", found: {text}'
        )
    return _BOOLEANS[text]


def number(request: Request, name: str) -> int:
    """Return an argument of the query string that counts something.

    Raises
    ------
    BadTypeError
        If it is no integer.
    InvalidArgumentError
        If it is negative.
    """
    text = request.args[name]
    if not _INTEGER.fullmatch(text) or len(text) > 20 or int(text) > _INTEGER_MAX:
        raise BadTypeError(f'Expected an integer for GET argument "{name}"')
    if int(text) < 0:
        raise InvalidArgumentError(f'GET argument "{name}" cannot be negative')
    return int(text)


def page(request: Request) -> tuple[int, int | None]:
    """Return the arguments ``since`` and ``limit``, which come together or not at all.

    Returns
    -------
    tuple
        How many to skip, and how many to give at most, `None` for all.

    Raises
    ------
    InvalidInputError
        If one of them is missing or wrong.
    """
    given = [name for name in ("since", "limit") if name in request.args]
    if not given:
        return 0, None
    for name in ("limit", "since"):
        if name not in given:
            raise InvalidInputError(
                f'Missing "{name}" argument for GET request against: {request.path}/'
            )
    return number(request, "since"), number(request, "limit") or None


def json_bytes(value: object) -> bytes:
    """Encode a JSON value the way that answers are written."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


def json_response(value: object) -> Response:
    """Answer with a JSON value."""
    return JSONResponse(json_bytes(value))


def kept_response(
    services: Services, key: tuple[str, bytes], make: Callable[[], object]
) -> Response:
    """Answer with a JSON value that the index alone determines, or kept from before.

    Parameters
    ----------
    services
        What the handlers work with.
    key
        All of the request that the value depends on; nothing is kept if that is long.
    make
        Makes the value.
    """
    if sum(map(len, key)) > _KEY_BYTES_MAX:
        return json_response(make())
    # What is read from files depends on the character set, too.
    full_key = services.default_encoding.name, key
    body = services.answers.answer(full_key, lambda: json_bytes(make()))
    return JSONResponse(body)


def text_response(text: str = "") -> Response:
    """Answer with plain text."""
    return Response(text.encode(), [("Content-Type", TEXT)])


def bare_response(status: int) -> Response:
    """Answer with a status and nothing else."""
    return Response(b"", [], status)


def reason(status: int) -> str:
    """Return the standard phrase of an HTTP status, as Orthanc spells it."""
    return _REASONS.get(status) or HTTPStatus(status).phrase


_REASONS = {413: "Request Entity Too Large", 416: "Requested Range Not Satisfiable"}


def megabytes(size: int) -> int:
    """Return a size in whole megabytes, rounded down."""
    return size // 1_048_576


def split(text: str) -> Sequence[str]:
    """Split a list that is separated by semicolons; empty items are left out."""
    return [item for item in text.split(";") if item]
