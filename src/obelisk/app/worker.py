"""The worker process: it holds a node, and ends with its supervisor."""

import ctypes
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from granian.server.mp import MPServer

from obelisk.app.node import Node
from obelisk.config import Config
from obelisk.errors import ServerError

#: The exit status of a worker that could not start; starting another one is in vain.
START_FAILED = 78

#: For how long a stop waits for requests that get on, and for those that do not.
STOP_SECONDS_MAX = 60.0
STOP_SILENCE_SECONDS = 5.0

#: For how long a stop waits for DICOM operations that are in progress.
DICOM_STOP_SECONDS = 30.0

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.1

_log = logging.getLogger(__name__)

Application = Callable[..., Any]


class Worker:
    """What happens in the worker process, from its start to its end.

    Parameters
    ----------
    config
        The configuration.
    supervisor_pid
        The process that starts workers.
    """

    def __init__(self, config: Config, supervisor_pid: int) -> None:
        self._config = config
        self._supervisor_pid = supervisor_pid
        self._node: Node | None = None
        self._drain: threading.Thread | None = None

    def run(self, *arguments: Any) -> None:
        """Serve until a signal comes; the arguments are granian's."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        die_with_parent(self._supervisor_pid)
        MPServer._spawn_wsgi_worker(*arguments)  # noqa: SLF001  # its entry point
        if self._drain is not None:
            self._drain.join()
        if self._node is not None:
            self._node.close()

    def load(self) -> Application:
        """Build and start the node; the process exits if that fails."""
        self._node = start_node(self._config)
        reader, writer = os.pipe()
        os.set_blocking(writer, False)  # as set_wakeup_fd() wants it
        signal.set_wakeup_fd(writer)
        self._drain = threading.Thread(
            target=self._wait_and_drain, args=(self._node, reader), name="STOP"
        )
        self._drain.daemon = True
        self._drain.start()
        return self._node.application

    def _wait_and_drain(self, node: Node, reader: int) -> None:
        """Wait for a signal; then refuse new work, and see that the rest ends."""
        os.read(reader, 1)
        node.admission.note_progress()
        refusal = threading.Thread(target=node.refuse, args=(DICOM_STOP_SECONDS,))
        refusal.start()
        cut_off = threading.Thread(target=_cut_off, args=(node, refusal), daemon=True)
        cut_off.start()
        refusal.join()


def _cut_off(node: Node, refusal: threading.Thread) -> None:
    """End the process if its requests do not end by themselves."""
    pause = threading.Event()
    for _ in range(int(STOP_SECONDS_MAX / _POLL_SECONDS)):
        pause.wait(_POLL_SECONDS)
        is_silent = node.admission.seconds_without_progress() > STOP_SILENCE_SECONDS
        if is_silent and not refusal.is_alive():
            break
    _log.warning("Requests that did not end are cut off")
    node.close()
    logging.shutdown()
    os._exit(0)


def start_node(config: Config) -> Node:
    """Build and start a node; the process exits with a message if that fails."""
    try:
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
