"""Scripts that clients send, and what those ask the REST API."""

import logging
from collections.abc import Mapping
from io import BytesIO
from typing import Protocol

from werkzeug.exceptions import HTTPException

from obelisk.errors import LimitError, ServerError
from obelisk.lua.interpreter import MEMORY_BYTES_MAX
from obelisk.rest.failures import told
from obelisk.rest.json_bodies import read_body
from obelisk.rest.messages import (
    TEXT,
    Request,
    Response,
    Services,
    bare_response,
)

#: The interpreter needs its memory twice to take an answer.
_ANSWER_BYTES_MAX = MEMORY_BYTES_MAX // 2

_log = logging.getLogger(__name__)


def execute_script(request: Request, services: Services) -> Response:
    """Run the script in Lua that is the body; answer with what it printed."""
    if services.interpreter is None:
        return bare_response(403)
    script = read_body(request, services)
    # Who waits for the script of another one leaves its turn to what that one asks.
    printed = services.interpreter.run(script, services.admission.wait())
    return Response(printed, [("Content-Type", TEXT)])


class Trusting(Protocol):
    """Answers requests without credentials, or raises what is wrong with them."""

    def answer_trusted(self, request: Request) -> Response:
        """Answer a request."""


class ScriptCalls:
    """Asks the REST API for scripts.

    Parameters
    ----------
    application
        Answers.
    """

    def __init__(self, application: Trusting) -> None:
        self._application = application

    def __call__(
        self, method: str, uri: str, body: bytes, headers: Mapping[str, str]
    ) -> bytes | None:
        """Return the body of the answer, `None` if the request failed."""
        if not uri.startswith("/"):
            return None
        request = Request(_environ(method, uri, body, headers))
        request.is_of_script = True
        try:
            response = self._application.answer_trusted(request)
            content = _content(response)
        except (ServerError, HTTPException) as error:
            reason = type(error).__name__
            _log.info("%s %s of a script failed: %s", *told(request), reason)
            return None
        return content if response.status == 200 else None


def _environ(
    method: str, uri: str, body: bytes, headers: Mapping[str, str]
) -> dict[str, object]:
    path, _, query = uri.partition("?")
    # As in Orthanc, nothing in the URI of a script is encoded.
    query = query.replace("%", "%25").replace("+", "%2B")
    environ: dict[str, object] = {
        "HTTP_" + name.upper().replace("-", "_"): value
        for name, value in headers.items()
    }
    kind = environ.pop("HTTP_CONTENT_TYPE", "")
    return {
        **environ,
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(body)),
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "wsgi.input": BytesIO(body),
    }


def _content(response: Response) -> bytes:
    """Return the whole body of an answer.

    Raises
    ------
    LimitError
        If it is too large for a script.
    """
    body = response.body
    if isinstance(body, bytes):
        return body
    content = bytearray()
    try:
        for chunk in body:
            content += chunk
            if len(content) > _ANSWER_BYTES_MAX:
                raise LimitError("The answer is too large for a script")
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()
    return bytes(content)
