"""Starts the main process, and another one should it die."""

import logging
import os
import resource
import signal
import socket
import ssl
import sys
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from obelisk.app.notifying import Notifier
from obelisk.app.serving import STOP_SECONDS_MAX
from obelisk.app.worker import (
    DICOM_STOP_SECONDS,
    RESET,
    RESET_SIGNAL,
    SHUT_DOWN,
    START_FAILED,
    STOP_SIGNALS,
    Worker,
    start_node,
)
from obelisk.config import Config, HTTPSection
from obelisk.errors import ServerError
from obelisk.http.certificates import tls_context
from obelisk.http.listening import listen
from obelisk.workers.parentage import die_with_parent

_DEATH_COUNT_MAX = 10
_DEATH_SECONDS = 60.0

#: With less, hundreds of clients at once are too many.
_FILES_MIN = 1024

_KILL_SECONDS = int(STOP_SECONDS_MAX + DICOM_STOP_SECONDS) + 10
_FAILED = 1

#: What is said, with the reason, if a new configuration cannot be used.
_STAYS = "The old configuration stays, as the new one is wrong: %s"

#: What the supervisor waits for.
_AWAITED_SIGNALS = frozenset({*STOP_SIGNALS, signal.SIGCHLD, signal.SIGHUP})

#: What the exit status of the main process means that needs no successor.
_FINAL = {START_FAILED: _FAILED, SHUT_DOWN: 0, RESET: RESET}

_log = logging.getLogger(__name__)


def run(
    config: Config, read: Callable[[], Config], prepare: Callable[[Config], None]
) -> int:
    """Run the server until it is told to stop by SIGTERM, SIGINT or a client.

    SIGHUP resets it, if there is another configuration than before.

    Parameters
    ----------
    config
        The configuration.
    read
        Reads the configuration again, for a reset. If that fails, or the addresses of
        HTTP cannot be listened on, the server goes on with the one it had.
    prepare
        Sets this process up for another configuration.

    Returns
    -------
    int
        The exit status: 0 after a stop, 1 if the server could not start or kept dying.

    Raises
    ------
    UnavailableError
        If an address cannot be listened on, or the certificate cannot be used.
    """
    _allow_many_files()
    # In all processes and threads, so that they stay until sigwait() takes them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_AWAITED_SIGNALS, RESET_SIGNAL})
    door = _Door(config)
    while door.config.http.enabled:
        worker = Worker(door.config, door.listeners, door.tls)
        status = _Supervisor(
            worker.run, door.listeners, partial(_is_outdated, door, read)
        ).run()
        if status != RESET:
            return status
        door = _reopened(door, read, prepare)
    return _run_without_http(door.config)


class _Door:
    """What a configuration needs for HTTP to be served.

    Parameters
    ----------
    config
        The configuration.
    old
        What another configuration needed; its listeners serve on if they fit.

    Raises
    ------
    UnavailableError
        If an address cannot be listened on, or the certificate cannot be used.
    """

    def __init__(self, config: Config, old: "_Door | None" = None) -> None:
        http = config.http
        self.config = config
        self.tls = _tls_context(http) if http.enabled else None
        self.listeners: list[socket.socket] = []
        if old is not None and old.place == self.place:
            self.listeners = old.listeners
        elif http.enabled:
            self.listeners = listen(http.bind_addresses, http.port)

    @property
    def place(self) -> tuple[object, ...]:
        """Where HTTP is served."""
        http = self.config.http
        return http.enabled, http.bind_addresses, http.port


def _is_outdated(door: _Door, read: Callable[[], Config]) -> bool:
    """Tell whether there is a configuration that is right and another one."""
    try:
        if read() != door.config:
            return True
    except ServerError as error:
        _log.error(_STAYS, error)
    else:
        _log.warning("The configuration is the same; SIGHUP is ignored")
    return False


def _reopened(
    old: _Door, read: Callable[[], Config], prepare: Callable[[Config], None]
) -> _Door:
    """Return what the configuration, read again, needs; the old one if that fails."""
    try:
        new = _Door(read(), old)
    except ServerError as error:
        _log.error(_STAYS, error)
        return old
    prepare(new.config)
    if new.listeners is not old.listeners:
        for listener in old.listeners:
            listener.close()
    return new


class _Supervisor:
    """Keeps one main process running.

    Parameters
    ----------
    work
        What the main process does; it returns its exit status.
    listeners
        The sockets that it inherits.
    is_outdated
        Tells whether another configuration waits for it.
    """

    def __init__(
        self,
        work: Callable[[], int],
        listeners: list[socket.socket],
        is_outdated: Callable[[], bool],
    ) -> None:
        self._work = work
        self._listeners = listeners
        self._is_outdated = is_outdated
        self._deaths: deque[float] = deque(maxlen=_DEATH_COUNT_MAX)

    def run(self) -> int:
        """Run it until a signal comes, or starting another one is in vain.

        Returns
        -------
        int
            The exit status of the server, or `RESET`.
        """
        pid = self._fork()
        while True:
            received = signal.sigwait(_AWAITED_SIGNALS)
            if received in STOP_SIGNALS:
                return self._stop(pid)
            if received == signal.SIGHUP and self._is_outdated():
                os.kill(pid, RESET_SIGNAL)
            status = _reap(pid)
            if status is None:
                continue
            if status in _FINAL:
                return _FINAL[status]
            if self._is_dying():
                _log.error("The main process keeps dying; the server ends")
                return _FAILED
            _log.error("The main process died; another one is started")
            pid = self._fork()

    def _fork(self) -> int:
        supervisor_pid = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        status = _FAILED
        try:
            die_with_parent(supervisor_pid)
            status = self._work()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else _FAILED
        finally:
            if sys.exc_info()[0] is not None:  # nobody else will tell
                _log.error("The worker process failed", exc_info=True)
            logging.shutdown()
            sys.stdout.flush()
            os._exit(status)  # what the supervisor has open is not the worker's

    def _is_dying(self) -> bool:
        """Note that a worker died; return whether too many did in a short time."""
        now = time.monotonic()
        self._deaths.append(now)
        is_full = len(self._deaths) == _DEATH_COUNT_MAX
        return is_full and now - self._deaths[0] < _DEATH_SECONDS

    def _stop(self, pid: int) -> int:
        """Tell the worker to stop, and wait for its end."""
        for listener in self._listeners:
            listener.close()
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + _KILL_SECONDS
        while _reap(pid) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                _log.error("The main process does not end, and is killed")
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return _FAILED
            signal.sigtimedwait({signal.SIGCHLD}, left)
        return 0


def _reap(pid: int) -> int | None:
    """Return the exit status of a process, `None` if it runs."""
    ended, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


def _tls_context(http: HTTPSection) -> ssl.SSLContext | None:
    if not http.ssl_enabled:
        return None
    context = tls_context(http.ssl_certificate)
    is_newest = http.ssl_minimum_protocol_version == 5
    context.minimum_version = (
        ssl.TLSVersion.TLSv1_3 if is_newest else ssl.TLSVersion.TLSv1_2
    )
    context.set_alpn_protocols(["http/1.1"])
    return context


def _allow_many_files() -> None:
    """Raise the number of files, hence of connections, that may be open at once."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < _FILES_MIN:
        _log.warning("Only %d files may be open, hence few connections (ulimit)", hard)


def _run_without_http(config: Config) -> int:
    try:
        node = start_node(config)
    except SystemExit:
        return _FAILED
    notifier = Notifier()
    notifier.start(node.health.is_hanging)
    signal.sigwait(STOP_SIGNALS)
    notifier.stop()
    node.refuse(DICOM_STOP_SECONDS)
    node.close()
    return 0
