"""The main process: it holds a node, and ends with its supervisor."""

import logging
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Sequence
from time import monotonic

from obelisk.app.crew import make_crew, start_crew
from obelisk.app.node import Node
from obelisk.app.notifying import Notifier
from obelisk.app.serving import (
    STOP_SECONDS_MAX,
    server_settings,
    wait_for_requests,
)
from obelisk.app.sharing import WHOLE, Share, main_share
from obelisk.app.tracing import start_tracing
from obelisk.config import Config
from obelisk.errors import ServerError
from obelisk.http.server import HTTPServer
from obelisk.http.settings import Alone
from obelisk.services.lifecycle import Ending
from obelisk.workers.crew import Crew

#: The exit status of a process that could not start; starting another one is in vain.
START_FAILED = 78

#: The exit statuses of a process that a client told to end.
SHUT_DOWN = 79
RESET = 80

_STATUS_OF = {Ending.SIGNAL: 0, Ending.SHUTDOWN: SHUT_DOWN, Ending.RESET: RESET}

#: For how long a stop waits for DICOM operations that are in progress.
DICOM_STOP_SECONDS = 30.0

#: For how long a stop waits for requests that workers gave back at their end.
_LATE_SECONDS_MAX = 5.0

#: The signals that stop the server.
STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})

#: The signal that resets the server, from its supervisor. It is not SIGHUP, which some
#: send to all processes of a server.
RESET_SIGNAL = signal.SIGUSR1

_log = logging.getLogger(__name__)


class Worker:
    """What happens in the main process, from its start to its end.

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
        http, share = self._config.http, main_share(self._config)
        crew = make_crew(self._config, share, self._listeners)
        node = start_node(self._config, share)
        settings = server_settings(http, node, share, crew or Alone(), self._tls)
        server = HTTPServer(self._listeners, node.application, settings)
        server.start()
        if crew is not None:
            start_crew(crew, node, server)
        notifier = Notifier()
        notifier.start(node.health.is_hanging)
        if signal.sigwait({*STOP_SIGNALS, RESET_SIGNAL}) == RESET_SIGNAL:
            node.lifecycle.ending = Ending.RESET
        if node.lifecycle.ending is Ending.RESET:
            notifier.restart()
        else:
            notifier.stop()
        _stop(node, server, crew)
        return _STATUS_OF[node.lifecycle.ending]


def _stop(node: Node, server: HTTPServer, crew: Crew | None) -> None:
    """Let end what is in progress, here and in the workers."""
    deadline = monotonic() + STOP_SECONDS_MAX
    node.admission.note_progress()
    refusal = threading.Thread(target=node.refuse, args=(DICOM_STOP_SECONDS,))
    refusal.start()
    server.refuse()
    if crew is not None:
        crew.stop()
    if not wait_for_requests(server, node, refusal):
        _log.warning("Requests that did not end are cut off")
    if crew is not None:
        crew.wait(max(0.0, deadline - monotonic()))
        crew.close()
        server.wait(_LATE_SECONDS_MAX)  # for what workers gave back until then
    node.close()


def start_node(config: Config, share: Share = WHOLE) -> Node:
    """Build and start a node; the process exits with a message if that fails."""
    try:
        start_tracing(config)
        node = Node(config, share)
        node.start()
    except (ServerError, OSError) as error:
        _log.error("The server cannot start: %s", error)
        sys.exit(START_FAILED)
    return node
