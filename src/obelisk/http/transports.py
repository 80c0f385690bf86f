"""Sockets with timeouts, plain or under TLS, behind one interface."""

import os
import socket
import ssl
import struct
from contextlib import suppress
from typing import Protocol

from obelisk.http.settings import HTTPServerSettings

_RECEIVE_BYTES = 65_536
_SEND_FILE_BYTES = 8_388_608
_CHUNK_BYTES = 1_048_576


class GoneError(ConnectionError):
    """The client left, or takes in nothing more."""


class Transport(Protocol):
    """A connection to a client; used by one thread at a time."""

    #: Whether bytes may be there that the socket does not know of.
    is_buffered: bool

    def prepare(self, seconds: float) -> bool:
        """Do what comes before the first byte, such as a handshake.

        Parameters
        ----------
        seconds
            For how long to wait for the client.

        Returns
        -------
        bool
            Whether it is done; if not, this is called again when there are more bytes.
        """
        ...

    def set_receive_timeout(self, seconds: float) -> None:
        """Set for how long receiving waits for the first byte."""
        ...

    def receive(self) -> bytes:
        """Return the next bytes, none at the end.

        Raises
        ------
        TimeoutError
            If nothing came in time; so does `receive_into`.
        GoneError
            If the connection is broken; so do all methods.
        """
        ...

    def receive_into(self, view: memoryview) -> int:
        """Put the next bytes into a buffer; return how many, 0 at the end."""
        ...

    def send(self, data: bytes, *, is_more_coming: bool = False) -> None:
        """Send bytes; with `is_more_coming` they may wait for the next ones."""
        ...

    def send_file(self, descriptor: int, start: int, size: int) -> int:
        """Send a part of a file, perhaps less than asked for; return how much."""
        ...

    def end_sending(self) -> None:
        """Tell the client that nothing more will come."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


def _timeval(seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack("ll", whole, int((seconds - whole) * 1_000_000))


class PlainTransport:
    """See `Transport`; the operating system keeps the time of a blocking socket."""

    is_buffered = False

    def __init__(self, client: socket.socket, settings: HTTPServerSettings) -> None:
        self._socket = client
        self._seconds = 0.0
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setsockopt(
            socket.SOL_SOCKET,
            socket.SO_SNDTIMEO,
            _timeval(settings.send_timeout_seconds),
        )

    def prepare(self, seconds: float) -> bool:
        """See `Transport.prepare`."""
        del seconds
        return True

    def set_receive_timeout(self, seconds: float) -> None:
        """See `Transport.set_receive_timeout`."""
        if seconds != self._seconds:
            self._seconds = seconds
            with suppress(OSError):  # the next call will tell
                self._socket.setsockopt(
                    socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(seconds)
                )

    def receive(self) -> bytes:
        """See `Transport.receive`."""
        try:
            return self._socket.recv(_RECEIVE_BYTES)
        except BlockingIOError as error:
            raise TimeoutError from error
        except OSError as error:
            raise GoneError from error

    def receive_into(self, view: memoryview) -> int:
        """See `Transport.receive_into`."""
        try:
            return self._socket.recv_into(view)
        except BlockingIOError as error:
            raise TimeoutError from error
        except OSError as error:
            raise GoneError from error

    def send(self, data: bytes, *, is_more_coming: bool = False) -> None:
        """See `Transport.send`."""
        try:
            self._socket.sendall(data, socket.MSG_MORE if is_more_coming else 0)
        except OSError as error:
            raise GoneError from error

    def send_file(self, descriptor: int, start: int, size: int) -> int:
        """See `Transport.send_file`."""
        try:
            return os.sendfile(
                self._socket.fileno(), descriptor, start, min(size, _SEND_FILE_BYTES)
            )
        except OSError as error:
            raise GoneError from error

    def end_sending(self) -> None:
        """See `Transport.end_sending`."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise GoneError from error

    def close(self) -> None:
        """See `Transport.close`."""
        self._socket.close()


class TLSTransport:
    """See `Transport`; `prepare` makes the handshake."""

    is_buffered = True

    def __init__(
        self,
        client: socket.socket,
        context: ssl.SSLContext,
        settings: HTTPServerSettings,
    ) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._context = context
        self._socket = client
        self._is_prepared = False
        self._send_seconds = settings.send_timeout_seconds
        self._receive_seconds = 0.0

    def prepare(self, seconds: float) -> bool:
        """See `Transport.prepare`."""
        if self._is_prepared:
            return True
        try:
            if not isinstance(self._socket, ssl.SSLSocket):
                self._socket = self._context.wrap_socket(
                    self._socket, server_side=True, do_handshake_on_connect=False
                )
            self._socket.settimeout(seconds)
            self._socket.do_handshake()
        except (TimeoutError, ssl.SSLWantReadError):
            return False
        except (OSError, ValueError) as error:
            raise GoneError from error
        self._is_prepared = True
        return True

    def set_receive_timeout(self, seconds: float) -> None:
        """See `Transport.set_receive_timeout`."""
        self._receive_seconds = seconds

    def receive(self) -> bytes:
        """See `Transport.receive`."""
        try:
            self._socket.settimeout(self._receive_seconds)
            return self._socket.recv(_RECEIVE_BYTES)
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError) as error:
            raise TimeoutError from error
        except (OSError, ValueError) as error:
            raise GoneError from error

    def receive_into(self, view: memoryview) -> int:
        """See `Transport.receive_into`."""
        try:
            self._socket.settimeout(self._receive_seconds)
            return self._socket.recv_into(view)
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError) as error:
            raise TimeoutError from error
        except (OSError, ValueError) as error:
            raise GoneError from error

    def send(self, data: bytes, *, is_more_coming: bool = False) -> None:
        """See `Transport.send`."""
        del is_more_coming
        try:
            self._socket.settimeout(self._send_seconds)
            self._socket.sendall(data)
        except (OSError, ValueError) as error:
            raise GoneError from error

    def send_file(self, descriptor: int, start: int, size: int) -> int:
        """See `Transport.send_file`."""
        chunk = os.pread(descriptor, min(size, _CHUNK_BYTES), start)
        if chunk:
            self.send(chunk)
        return len(chunk)

    def end_sending(self) -> None:
        """See `Transport.end_sending`."""
        try:
            self._notify_close()
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise GoneError from error

    def _notify_close(self) -> None:
        """Send the alert that ends a TLS stream, without waiting for the client's."""
        if isinstance(self._socket, ssl.SSLSocket) and self._is_prepared:
            with suppress(OSError, ValueError):
                self._socket.settimeout(0)
                self._socket.unwrap()

    def close(self) -> None:
        """See `Transport.close`."""
        self._notify_close()
        self._socket.close()
