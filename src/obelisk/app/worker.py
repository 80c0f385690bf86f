"""The worker process: it holds a node, and ends with its supervisor."""

import ctypes
import logging
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Sequence

from obelisk.app.node import HTTP_THREADS_BESIDE_WORKING, Node
from obelisk.app.notifying import Notifier
from obelisk.app.tracing import start_tracing
from obelisk.config import Config
from obelisk.errors import ServerError
from obelisk.http.server import HTTPServer
from obelisk.http.settings import HTTPServerSettings
from obelisk.services.lifecycle import Ending

#: The exit status of a worker that could not start; starting another one is in vain.
START_FAILED = 78

#: The exit statuses of a worker that a client told to end.
SHUT_DOWN = 79
RESET = 80

_STATUS_OF = {Ending.SIGNAL: 0, Ending.SHUTDOWN: SHUT_DOWN, Ending.RESET: RESET}

#: For how long a stop waits for requests that get on, and for those that do not.
STOP_SECONDS_MAX = 60.0
STOP_SILENCE_SECONDS = 5.0

#: For how long a stop waits for DICOM operations that are in progress.
DICOM_STOP_SECONDS = 30.0

#: The signals that stop the server.
STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.1

_log = logging.getLogger(__name__)


class Worker:
    """What happens in the worker process, from its start to its end.

    Parameters
    ----------
    config
        The configuration.
    listeners
        The sockets on which HTTP is served.
    tls
        Turns HTTP into HTTPS, if so configured.
    """

    def __init__(
        self,
        config: Config,
        listeners: Sequence[socket.socket],
        tls: ssl.SSLContext | None,
    ) -> None:
        self._config = config
        self._listeners = listeners
        self._tls = tls

    def run(self) -> int:
        """Serve until a signal comes, which must be blocked; return the exit status."""
        node = start_node(self._config)
        server = HTTPServer(
            self._listeners, node.application, self._server_settings(node)
        )
        server.start()
        notifier = Notifier()
        notifier.start(node.health.is_hanging)
        signal.sigwait(STOP_SIGNALS)
        notifier.stop()
        node.admission.note_progress()
        refusal = threading.Thread(target=node.refuse, args=(DICOM_STOP_SECONDS,))
        refusal.start()
        server.refuse()
        if not _wait_for_requests(server, node, refusal):
            _log.warning("Requests that did not end are cut off")
        node.close()
        return _STATUS_OF[node.lifecycle.ending]

    def _server_settings(self, node: Node) -> HTTPServerSettings:
        http = self._config.http
        return HTTPServerSettings(
            request_timeout_seconds=http.request_timeout,
            keep_alive_seconds=http.keep_alive_timeout if http.keep_alive else 0,
            thread_count_max=http.thread_count + HTTP_THREADS_BESIDE_WORKING,
            tls=self._tls,
            note_progress=node.admission.note_progress,
        )


def _wait_for_requests(
    server: HTTPServer, node: Node, refusal: threading.Thread
) -> bool:
    """Wait until all work has ended; return whether it has, or is to be cut off."""
    for _ in range(int(STOP_SECONDS_MAX / _POLL_SECONDS)):
        has_ended = server.wait(_POLL_SECONDS)
        if has_ended:
            refusal.join(_POLL_SECONDS)
        if not refusal.is_alive():
            if has_ended:
                return True
            if node.admission.seconds_without_progress() > STOP_SILENCE_SECONDS:
                break
    return False


def start_node(config: Config) -> Node:
    """Build and start a node; the process exits with a message if that fails."""
    try:
        start_tracing(config)
        node = Node(config)
        node.start()
    except (ServerError, OSError) as error:
        _log.error("The server cannot start: %s", error)
        sys.exit(START_FAILED)
    return node


def die_with_parent(parent_pid: int) -> None:
    """Let this process be killed when the one that started it dies.

    It ends at once if that process is dead already.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(START_FAILED)
