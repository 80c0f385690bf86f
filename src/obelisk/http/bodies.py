"""The body of a request as a WSGI input stream (PEP 3333), straight from the socket."""

import io
import time
from collections.abc import Callable
from typing import Protocol, cast

from obelisk.http.transports import GoneError, Transport

_LINE_BYTES_MAX = 4096
_TRAILER_LINE_COUNT_MAX = 100
_SKIP_BYTES = 65_536
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_HEXADECIMAL = frozenset(b"0123456789abcdefABCDEF")


class Source:
    """The bytes of a connection: first those that came with the head, then the rest.

    Parameters
    ----------
    transport
        The connection.
    received
        What came with the head.
    timeout_seconds
        For how long the client may send nothing.
    note_progress
        Called whenever bytes came.
    is_continue_expected
        Whether the client waits for a sign before it sends anything.
    """

    def __init__(
        self,
        transport: Transport,
        received: bytes,
        timeout_seconds: float,
        note_progress: Callable[[], None],
        *,
        is_continue_expected: bool,
    ) -> None:
        self.received = received
        self.is_continue_expected = is_continue_expected
        self._transport = transport
        self._timeout_seconds = timeout_seconds
        self._note_progress = note_progress

    def _ask(self) -> None:
        self._transport.set_receive_timeout(self._timeout_seconds)
        if self.is_continue_expected:
            self.is_continue_expected = False
            self._transport.send(_CONTINUE)

    def read_into(self, view: memoryview) -> int:
        """Put what comes next into a buffer; return how many bytes.

        Raises
        ------
        TimeoutError
            If nothing came in time.
        GoneError
            If the client left.
        """
        if self.received:
            part = self.received[: len(view)]
            view[: len(part)] = part
            self.received = self.received[len(part) :]
            return len(part)
        self._ask()
        count = self._transport.receive_into(view)
        if not count:
            raise GoneError
        self._note_progress()
        return count

    def read_line(self) -> bytes:
        """Return the next line without its end.

        Raises
        ------
        ValueError
            If it is too long, or does not end in CR LF.
        TimeoutError, GoneError
            As `read_into`.
        """
        while (end := self.received.find(b"\n")) < 0:
            if len(self.received) > _LINE_BYTES_MAX:
                break
            self._ask()
            data = self._transport.receive()
            if not data:
                raise GoneError
            self.received += data
        line, self.received = self.received[: end + 1], self.received[end + 1 :]
        if not line.endswith(b"\r\n") or len(line) > _LINE_BYTES_MAX:
            raise ValueError("The chunked body is malformed")
        return line[:-2]


class Body(Protocol):
    """A body, as the server sees it beside the application."""

    @property
    def is_complete(self) -> bool:
        """Whether all of it was read."""
        ...

    @property
    def may_end_soon(self) -> bool:
        """Whether it is worth while to read what is left of it."""
        ...

    def skip(self, seconds: float) -> bool:
        """Read what is left, for some time at most; return whether that was all."""
        ...


class _Stream(io.RawIOBase):
    """What both kinds of bodies have in common; `readinto` fills its buffer.

    Reading raises `TimeoutError` if the client sends nothing for too long,
    `ConnectionError` if it has left, and `ValueError` if what it sends is malformed.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        #: Where its bytes come from.
        self.source = source

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: object, /) -> int:
        """Fill a buffer, unless the body ends before; return how many bytes."""
        view = memoryview(cast("bytearray", buffer)).cast("B")
        filled = 0
        while filled < len(view):
            count = self._read_some(view[filled:])
            if not count:
                break
            filled += count
        return filled

    def _read_some(self, view: memoryview) -> int:
        raise NotImplementedError

    def skip(self, seconds: float) -> bool:
        """See `Body.skip`."""
        deadline = time.monotonic() + seconds
        view = memoryview(bytearray(_SKIP_BYTES))
        try:
            while time.monotonic() < deadline:
                if not self._read_some(view):
                    return True
        except (OSError, ValueError):
            return False
        return False


class FixedBody(_Stream):
    """A body whose size is known beforehand; see `Body`."""

    def __init__(self, source: Source, size: int) -> None:
        super().__init__(source)
        self._left = size

    @property
    def is_here(self) -> bool:
        """Whether all that is left of it was received."""
        return len(self.source.received) >= self._left

    @property
    def is_complete(self) -> bool:
        """See `Body.is_complete`."""
        return self._left == 0

    @property
    def may_end_soon(self) -> bool:
        """See `Body.may_end_soon`."""
        return self._left <= _SKIP_BYTES and not self.source.is_continue_expected

    def read(self, size: int = -1, /) -> bytes | None:
        """See `io.RawIOBase.read`; all of what is here comes without a detour."""
        received = self.source.received
        if size == self._left <= len(received):
            self._left = 0
            self.source.received = received[size:]
            return received[:size]
        return super().read(size)

    def _read_some(self, view: memoryview) -> int:
        if not self._left:
            return 0
        count = self.source.read_into(view[: self._left])
        self._left -= count
        return count


class ChunkedBody(_Stream):
    """A body in chunks (RFC 9112 Section 7.1); see `Body`."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._left = 0
        self._is_started = self._is_broken = False
        self._is_complete = False

    @property
    def is_complete(self) -> bool:
        """See `Body.is_complete`."""
        return self._is_complete

    @property
    def may_end_soon(self) -> bool:
        """See `Body.may_end_soon`; nobody knows."""
        return False

    def _read_some(self, view: memoryview) -> int:
        if self._is_broken:
            raise ValueError("The chunked body is malformed")
        if not self._left and not self._is_complete:
            self._is_broken = True
            self._open_chunk()
            self._is_broken = False
        if self._is_complete:
            return 0
        count = self.source.read_into(view[: self._left])
        self._left -= count
        return count

    def _open_chunk(self) -> None:
        """Read the line before a chunk, or those after the last one."""
        if self._is_started and self.source.read_line():
            raise ValueError("The chunked body is malformed")
        self._is_started = True
        digits = self.source.read_line().partition(b";")[0].rstrip(b" \t")
        if not 0 < len(digits) <= 16 or not _HEXADECIMAL.issuperset(digits):
            raise ValueError("The chunked body is malformed")
        self._left = int(digits, 16)
        if self._left:
            return
        for _ in range(_TRAILER_LINE_COUNT_MAX):
            if not self.source.read_line():
                self._is_complete = True
                return
        raise ValueError("The chunked body has too many trailers")
