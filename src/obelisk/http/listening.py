"""Opens the sockets on which the server listens."""

import socket
from collections.abc import Sequence
from typing import Any, Protocol

from obelisk.errors import UnavailableError

_BACKLOG = 1024
_ALL_IPV4 = "0.0.0.0"  # noqa: S104  # the caller's choice; who may call is checked


class Listener(Protocol):
    """Where connections come from, such as a socket that listens; it does not block."""

    def fileno(self) -> int:
        """Return what can be polled for connections."""
        ...

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection, and the address of its client.

        Raises
        ------
        OSError
            If there is none, or none can be accepted.
        """
        ...

    def close(self) -> None:
        """Close it."""
        ...


def listen(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """Listen on some addresses, or on all of IPv4 if none is given.

    Raises
    ------
    UnavailableError
        If an address cannot be listened on.
    """
    opened: list[socket.socket] = []
    try:
        wanted = dict.fromkeys(addresses or (_ALL_IPV4,))
        opened.extend(_listen(address, port) for address in wanted)
    except OSError as error:
        for listener in opened:
            listener.close()
        raise UnavailableError(
            f"The HTTP server cannot listen on port {port}: {error.strerror}"
        ) from error
    return opened


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
