"""Answers: what an application gives (PEP 3333), framed as HTTP/1.1 wants it."""

import json
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from types import TracebackType
from typing import Any

from obelisk.http.bodies import Body
from obelisk.http.environments import Environ
from obelisk.http.files import FileBody
from obelisk.http.heads import BadRequestError, Head
from obelisk.http.settings import HTTPServerSettings
from obelisk.http.transports import Transport

Write = Callable[[bytes], None]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType]
StartResponse = Callable[..., Write]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

_ONE_SEND_BYTES_MAX = 65_536

#: The headers that the application may give, but that are not sent as they are.
_OWN = frozenset(
    ("connection", "content-length", "keep-alive", "transfer-encoding", "upgrade")
)


class Answer:
    """Sends the answer to one request.

    Parameters
    ----------
    transport
        The connection.
    settings
        The settings of the server.
    head
        The head of the request.
    body
        The body of the request, `None` if there is none.
    may_persist
        Whether the connection may serve another request.
    """

    def __init__(
        self,
        transport: Transport,
        settings: HTTPServerSettings,
        head: Head,
        body: Body | None,
        *,
        may_persist: bool,
    ) -> None:
        self._transport = transport
        self._settings = settings
        self._body = body
        self._is_head = head.method == "HEAD"
        self._is_new = head.version >= (1, 1)
        self._lines: list[str] = []
        self._length: int | None = None
        self._sent = 0
        self._is_bodyless = self._is_chunked = False
        #: Whether the head was sent.
        self.is_started = False
        #: Whether the connection may serve another request.
        self.is_persistent = may_persist and head.is_persistent

    def give(self, application: Application, environ: Environ) -> None:
        """Call the application, and send what it answers.

        Raises
        ------
        GoneError
            If the client left.
        """
        result = application(environ, self.start_response)
        try:
            if isinstance(result, FileBody):
                self._send_file(result)
            elif isinstance(result, list):
                self._send_whole(b"".join(result))
            else:
                for chunk in result:
                    self.write(chunk)
                self._end()
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def start_response(
        self,
        status: str,
        headers: list[tuple[str, str]],
        exc_info: ExcInfo | None = None,
    ) -> Write:
        """See PEP 3333."""
        if exc_info is not None and self.is_started:
            raise exc_info[1].with_traceback(exc_info[2])
        if self._lines and exc_info is None:
            raise AssertionError("start_response() was called twice")
        self._lines, self._length = [f"HTTP/1.1 {status}"], None
        self._is_bodyless = status[:1] == "1" or status[:3] in {"204", "304"}
        for name, value in headers:
            lowered = name.lower()
            if lowered not in _OWN:
                self._lines.append(f"{name}: {value}")
            elif lowered == "content-length":
                self._length = int(value)
            elif lowered == "connection" and value.lower() == "close":
                self.is_persistent = False
        return self.write

    def write(self, data: bytes) -> None:
        """Send a part of the body."""
        if not data:
            return
        if not self.is_started:
            self._send_head(is_more_coming=True)
        if self._is_head or self._is_bodyless:
            return
        self._count(len(data))
        if self._is_chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        self._transport.send(data)
        self._settings.note_progress()

    def _count(self, size: int) -> None:
        self._sent += size
        if self._length is not None and self._sent > self._length:
            raise ValueError("The answer has more bytes than it announced")

    def _send_whole(self, data: bytes) -> None:
        """Send a body that is here as a whole; with the head at once if it is small."""
        if self.is_started:
            self.write(data)
            self._end()
            return
        if self._length is None and not (self._is_head or self._is_bodyless):
            self._length = len(data)
        if self._is_head or self._is_bodyless:
            data = b""
        elif self._length != len(data):
            raise ValueError("The answer has another size than it announced")
        head = self._head()
        self.is_started = True
        if len(data) <= _ONE_SEND_BYTES_MAX:
            self._transport.send(head + data)
        else:
            self._transport.send(head, is_more_coming=True)
            self._transport.send(data)

    def _send_file(self, body: FileBody) -> None:
        if self._length is None:
            raise ValueError("The answer is a file of unknown size")
        has_content = not (self._is_head or self._is_bodyless) and self._length > 0
        self._send_head(is_more_coming=has_content)
        if not has_content:
            return
        descriptor, start = body.file.fileno(), body.file.tell()
        while self._sent < self._length:
            count = self._transport.send_file(
                descriptor, start + self._sent, self._length - self._sent
            )
            if not count:
                raise ValueError("The file is shorter than the answer announced")
            self._sent += count
            self._settings.note_progress()

    def _send_head(self, *, is_more_coming: bool) -> None:
        if self._length is None and not self._is_bodyless:
            if self._is_new:
                self._is_chunked = True
                self._lines.append("Transfer-Encoding: chunked")
            else:
                self.is_persistent = False
        head = self._head()
        self.is_started = True
        self._transport.send(head, is_more_coming=is_more_coming)

    def _end(self) -> None:
        if not self.is_started:
            if self._length is None and not (self._is_head or self._is_bodyless):
                self._length = 0
            self._send_head(is_more_coming=False)
        if self._is_head or self._is_bodyless:
            return
        if self._is_chunked:
            self._transport.send(b"0\r\n\r\n")
        elif self._length is not None and self._sent < self._length:
            raise ValueError("The answer has less bytes than it announced")

    def _head(self) -> bytes:
        """Return the status line and the header, with the empty line."""
        lines = self._lines
        if not lines:
            raise AssertionError("start_response() was not called")
        body = self._body
        if body is not None and not (body.is_complete or body.may_end_soon):
            self.is_persistent = False
        if self._length is not None and not self._is_bodyless:
            lines.append(f"Content-Length: {self._length}")
        text = "\r\n".join(lines)
        if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
            raise ValueError("A header of the answer has more than one line")
        settings = self._settings
        seconds = settings.keep_alive_seconds if self.is_persistent else 0
        return text.encode("latin-1") + _head_end(
            settings.name, seconds, int(time.time())
        )

    def fail(self, id_: str) -> None:
        """Answer that the application failed; only if nothing was sent yet."""
        self.is_persistent = False
        if not self.is_started:
            error = BadRequestError("Internal error", 500)
            self._transport.send(refusal(error, self._settings.name, id_))


@lru_cache(maxsize=4)
def _head_end(name: str, keep_alive_seconds: float, now: int) -> bytes:
    """Return the headers that change once in a second, and the empty line."""
    connection = (
        f"Connection: keep-alive\r\nKeep-Alive: timeout={int(keep_alive_seconds)}"
        if keep_alive_seconds
        else "Connection: close"
    )
    date = formatdate(now, usegmt=True)
    return f"\r\nDate: {date}\r\nServer: {name}\r\n{connection}\r\n\r\n".encode()


def refusal(error: BadRequestError, name: str, id_: str) -> bytes:
    """Return the whole answer to a request that no application answers."""
    phrase = HTTPStatus(error.status).phrase
    facts: dict[str, Any] = {
        "HttpError": phrase,
        "HttpStatus": error.status,
        "Message": error.message,
    }
    body = json.dumps(facts).encode()
    head = (
        f"HTTP/1.1 {error.status} {phrase}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-Request-ID: {id_}"
    )
    return head.encode() + _head_end(name, 0, int(time.time())) + body
