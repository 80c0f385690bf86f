"""What can be set about the HTTP server."""

import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from obelisk.http.heads import Head


def _ignore() -> None:
    """Do nothing."""


class Alone:
    """The other processes that serve the same clients: there are none.

    Where there are some, the first one accepts all connections, and may give any to
    another one. That one gives a connection back when it reads the head of a request
    which it cannot answer. What it does not begin to serve is taken back.
    """

    #: How often `reclaim` wants to be called.
    reclaim_seconds = 1.0

    def take(self, client: socket.socket, own_count: float) -> bool:
        """Offer a connection to the others.

        Parameters
        ----------
        client
            The connection.
        own_count
            How many connections this process has; infinite if it wants no more.

        Returns
        -------
        bool
            Whether another one serves it from now on.
        """
        del client, own_count
        return False

    def reclaim(self) -> Sequence[socket.socket]:
        """Return connections that others were given, but do not begin to serve."""
        return ()

    def is_own(self, head: Head) -> bool:
        """Return whether this process can answer a request."""
        del head
        return True

    def give_back(self, descriptor: int, received: bytes) -> None:
        """Give a connection back, with all bytes from the head of its request on."""

    def note_closed(self, count: int) -> None:
        """Note that this process has some connections less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPServerSettings:
    """How long, how much, how many.

    Attributes
    ----------
    request_timeout_seconds
        How long the header of a request may take as a whole, and how long a client
        may send nothing while its body is awaited.
    keep_alive_seconds
        How long a connection may stay idle between two requests, 0 if it is closed
        after each request.
    send_timeout_seconds
        How long a client may take in nothing of an answer.
    thread_count_max
        How many connections are attended to at the same time; others queue.
    connection_count_max
        How many connections may be open here. The one that waits for longest makes room
        for another one; if a request is in progress on each, that is closed at once.
    tls
        Turns HTTP into HTTPS.
    name
        The value of the header ``Server``.
    note_progress
        Called whenever bytes of a body came or went.
    others
        The other processes that serve the same clients.
    """

    request_timeout_seconds: float = 30.0
    keep_alive_seconds: float = 30.0
    send_timeout_seconds: float = 60.0
    thread_count_max: int = 1024
    connection_count_max: int = 16_384
    tls: ssl.SSLContext | None = None
    name: str = "Obelisk"
    note_progress: Callable[[], None] = _ignore
    others: Alone = field(default_factory=Alone)
