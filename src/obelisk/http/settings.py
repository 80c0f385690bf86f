"""What can be set about the HTTP server."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass


def _ignore() -> None:
    """Do nothing."""


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
        How many connections may be open; more are closed at once.
    tls
        Turns HTTP into HTTPS.
    name
        The value of the header ``Server``.
    note_progress
        Called whenever bytes of a body came or went.
    """

    request_timeout_seconds: float = 30.0
    keep_alive_seconds: float = 30.0
    send_timeout_seconds: float = 60.0
    thread_count_max: int = 1024
    connection_count_max: int = 16_384
    tls: ssl.SSLContext | None = None
    name: str = "Obelisk"
    note_progress: Callable[[], None] = _ignore
