"""How a process of the server serves HTTP, and how it stops to."""

import ssl
import threading

from obelisk.app.descriptors import descriptors
from obelisk.app.node import Node
from obelisk.app.sharing import Share
from obelisk.config import HTTPSection
from obelisk.http.server import HTTPServer
from obelisk.http.settings import Alone, HTTPServerSettings

#: For how long a stop waits for requests that get on, and for those that do not.
STOP_SECONDS_MAX = 60.0
_STOP_SILENCE_SECONDS = 5.0

_POLL_SECONDS = 0.1


def server_settings(
    http: HTTPSection,
    node: Node,
    share: Share,
    others: Alone,
    tls: ssl.SSLContext | None = None,
) -> HTTPServerSettings:
    """Return what an HTTP server needs to know.

    Parameters
    ----------
    http
        The options of HTTP.
    node
        What the server serves.
    share
        The part of this process in the work.
    others
        The other processes.
    tls
        Turns HTTP into HTTPS.
    """
    return HTTPServerSettings(
        request_timeout_seconds=http.request_timeout,
        keep_alive_seconds=http.keep_alive_timeout if http.keep_alive else 0,
        thread_count_max=share.thread_count_max(http),
        connection_count_max=descriptors().connection_count(is_main=share.is_main),
        tls=tls,
        note_progress=node.admission.note_progress,
        others=others,
    )


def wait_for_requests(
    server: HTTPServer, node: Node, refusal: threading.Thread | None = None
) -> bool:
    """Wait until all work has ended; return whether it has, or is to be cut off."""
    for _ in range(int(STOP_SECONDS_MAX / _POLL_SECONDS)):
        has_ended = server.wait(_POLL_SECONDS)
        if refusal is not None and has_ended:
            refusal.join(_POLL_SECONDS)
        if refusal is None or not refusal.is_alive():
            if has_ended:
                return True
            if node.admission.seconds_without_progress() > _STOP_SILENCE_SECONDS:
                break
    return False
