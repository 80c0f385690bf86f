"""What the server can tell and change while it runs: the small ones of /tools."""

import logging
import time
import uuid
from collections.abc import Iterable

import orjson

from obelisk import telemetry
from obelisk.config import DefaultEncoding
from obelisk.errors import InvalidArgumentError
from obelisk.rest.conformance import conformance_statement
from obelisk.rest.json_bodies import (
    parse_json,
    read_body,
    read_boolean,
    receive_body,
)
from obelisk.rest.messages import (
    PLAIN_JSON,
    BadContentError,
    JSONResponse,
    Request,
    Response,
    Services,
    bare_response,
    json_response,
    text_response,
)
from obelisk.services.lifecycle import Ending
from obelisk.telemetry import CATEGORIES

_log = logging.getLogger(__name__)

_VERBOSITIES = {
    "trace": logging.DEBUG,
    "verbose": logging.INFO,
    "default": logging.WARNING,
}
_ENCODINGS = {one.value.lower(): one.value for one in DefaultEncoding}
_UID_LEVELS = ("study", "series", "instance")

#: All that is known has some 2,000; a large expression takes the processor for long.
_PATTERNS_BYTES_MAX = 16_384


def generate_uid(request: Request, services: Services) -> Response:
    """Make a new identifier: a UID, or a Patient ID if ``level`` is patient."""
    level = request.args.get("level")
    if level == "patient":
        return text_response(str(uuid.uuid4()))
    if level not in _UID_LEVELS:
        return bare_response(404)
    return text_response(services.uids.make())


def get_now(_request: Request, _services: Services) -> Response:
    """Tell the time in UTC."""
    return text_response(time.strftime("%Y%m%dT%H%M%S", time.gmtime()))


def get_local_now(_request: Request, _services: Services) -> Response:
    """Tell the time in the time zone of the server."""
    return text_response(time.strftime("%Y%m%dT%H%M%S"))


def get_default_encoding(_request: Request, services: Services) -> Response:
    """Tell the character set of files that name none."""
    return text_response(services.default_encoding.name)


def set_default_encoding(request: Request, services: Services) -> Response:
    """Set the character set of files that name none, until the server ends."""
    text = read_body(request, services).decode("latin-1")
    if text.lower() not in _ENCODINGS:
        known = ", ".join(_ENCODINGS.values())
        raise InvalidArgumentError(f"Unknown encoding, the known ones are: {known}")
    services.default_encoding.name = _ENCODINGS[text.lower()]
    services.live_settings.tell()
    return text_response(services.default_encoding.name)


def list_sop_classes(_request: Request, services: Services) -> Response:
    """List the SOP classes whose instances are taken by C-STORE."""
    return json_response(services.acceptance.sop_classes())


def list_transfer_syntaxes(_request: Request, services: Services) -> Response:
    """List the transfer syntaxes in which instances are taken by C-STORE."""
    return json_response(services.acceptance.transfer_syntaxes())


def set_transfer_syntaxes(request: Request, services: Services) -> Response:
    """Set them, until the server ends: one UID, or a JSON list of UIDs.

    The UIDs may have the wildcards ``*`` and ``?``.
    """
    limits = services.limits.at_most(_PATTERNS_BYTES_MAX)
    body = receive_body(request, services, limits)
    services.acceptance.accept_transfer_syntaxes(_patterns(bytes(body)))
    return list_transfer_syntaxes(request, services)


def _patterns(body: bytes) -> list[str]:
    try:
        found = parse_json(body)
    except orjson.JSONDecodeError:
        found = body.decode("latin-1").strip()
    patterns = [found] if isinstance(found, str) else found
    if isinstance(patterns, list) and all(isinstance(one, str) for one in patterns):
        return patterns
    raise BadContentError("The body must be one UID, or a JSON array of UIDs")


def get_unknown_sop_class_accepted(_request: Request, services: Services) -> Response:
    """Tell whether instances of unknown SOP classes are taken, as 1 or 0."""
    return text_response(str(int(services.acceptance.is_unknown_sop_class_accepted)))


def set_unknown_sop_class_accepted(request: Request, services: Services) -> Response:
    """Take instances of unknown SOP classes by 1, refuse them by 0."""
    is_accepted = read_boolean(request, services)
    services.acceptance.is_unknown_sop_class_accepted = is_accepted
    return text_response()


def get_log_level(_request: Request, _services: Services) -> Response:
    """Tell how much is logged, in the category that logs most."""
    return _verbosity(CATEGORIES)


def set_log_level(request: Request, services: Services) -> Response:
    """Set how much all categories log, by one of the words default, verbose, trace."""
    return _set_verbosity(request, services, CATEGORIES)


def get_category_log_level(request: Request, _services: Services) -> Response:
    """Tell how much the category in the path logs."""
    return _verbosity([_category(request)])


def set_category_log_level(request: Request, services: Services) -> Response:
    """Set how much the category in the path logs: default, verbose or trace."""
    return _set_verbosity(request, services, [_category(request)])


def _category(request: Request) -> str:
    return request.path.strip("/").rpartition("log-level-")[2]


def _verbosity(categories: Iterable[str]) -> Response:
    level = min(map(telemetry.level_of, categories))
    words = (word for word, least in _VERBOSITIES.items() if level <= least)
    return text_response(next(words, "default"))


def _set_verbosity(
    request: Request, services: Services, categories: Iterable[str]
) -> Response:
    word = read_body(request, services).decode("latin-1")
    if word not in _VERBOSITIES:
        known = '"default", "verbose" or "trace"'
        raise InvalidArgumentError(f"Verbosity can be {known}: {word}")
    for category in categories:
        telemetry.set_level(category, _VERBOSITIES[word])
    services.live_settings.tell()
    _log.warning("The log level was set to: %s", word)
    return text_response()


def get_metrics_enabled(_request: Request, services: Services) -> Response:
    """Tell whether metrics are collected, as 1 or 0."""
    return text_response(str(int(services.monitoring.metrics.is_enabled)))


def set_metrics_enabled(request: Request, services: Services) -> Response:
    """Collect metrics by 1, stop that by 0, until the server ends."""
    services.monitoring.metrics.is_enabled = read_boolean(request, services)
    services.live_settings.tell()
    return text_response()


def reset(_request: Request, services: Services) -> Response:
    """Start the server again, with its configuration read anew."""
    return _end(services, Ending.RESET)


def shut_down(_request: Request, services: Services) -> Response:
    """Stop the server."""
    return _end(services, Ending.SHUTDOWN)


def _end(services: Services, ending: Ending) -> Response:
    _log.warning("A client asked for a %s of the server", ending.value)
    services.lifecycle.end(ending)
    return JSONResponse(b"{}", PLAIN_JSON)


def get_conformance(_request: Request, services: Services) -> Response:
    """Give the DICOM conformance statement of the server as text."""
    return text_response(conformance_statement(services.acceptance))
