"""Starts the worker process, and another one should it die."""

import copy
import logging
import multiprocessing
import os
import resource
import signal
from collections.abc import Callable
from typing import Any

from granian.constants import Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from obelisk.app.node import WAITING_MAX
from obelisk.app.worker import (
    DICOM_STOP_SECONDS,
    START_FAILED,
    STOP_SECONDS_MAX,
    Worker,
    start_node,
)
from obelisk.config import Config
from obelisk.errors import ConfigError
from obelisk.telemetry import GRANIAN_LOGGING

_CONNECTIONS_MAX = 16_384
_BACKLOG = 1024
_THREADS_BESIDE_WAITING = 128
_THREAD_IDLE_SECONDS = 30
_ALL_ADDRESSES = "0.0.0.0"  # noqa: S104  # as Orthanc; who may call is checked

_log = logging.getLogger(__name__)


def run(config: Config) -> int:
    """Run the server until it is told to stop by SIGTERM or SIGINT.

    Returns
    -------
    int
        The exit status: 0 after a stop, 1 if the server could not start or kept dying.

    Raises
    ------
    ConfigError
        If the configuration asks for what is not possible.
    """
    _allow_many_files()
    if not config.http.enabled:
        return _run_without_http(config)
    supervisor = _Supervisor(config)
    worker = Worker(config, os.getpid())
    try:
        supervisor.serve(worker.run, worker.load, wrap_loader=False)
    except SystemExit as error:
        return int(error.code or 0)
    return 0


class _StartFailedError(SystemExit):
    """The worker could not start and said why."""

    def __init__(self) -> None:
        super().__init__(1)


class _Supervisor(MPServer):
    """Granian's supervisor, set up by our configuration."""

    def __init__(self, config: Config) -> None:
        http = config.http
        multiprocessing.set_start_method("fork", force=True)
        tls = config.http.ssl_minimum_protocol_version
        certificate = http.ssl_certificate if http.ssl_enabled else None
        super().__init__(
            "obelisk",
            address=_address(config),
            port=http.port,
            interface=Interfaces.WSGI,
            workers=1,
            blocking_threads=WAITING_MAX + _THREADS_BESIDE_WAITING,
            blocking_threads_idle_timeout=_THREAD_IDLE_SECONDS,
            backlog=_BACKLOG,
            backpressure=_CONNECTIONS_MAX,
            http1_settings=HTTP1Settings(
                header_read_timeout=http.request_timeout * 1000,
                keep_alive=http.keep_alive,
            ),
            websockets=False,
            log_level=_log_level(),
            log_dictconfig=copy.deepcopy(dict(GRANIAN_LOGGING)),
            ssl_cert=certificate,
            ssl_key=certificate,
            ssl_protocol_min=SSLProtocols.tls13 if tls == 5 else SSLProtocols.tls12,
            respawn_failed_workers=True,
            respawn_interval=0,
            workers_kill_timeout=int(STOP_SECONDS_MAX) + 10,
        )

    def _respawn_workers(
        self,
        workers: list[int],
        spawn_target: Callable[..., None],
        target_loader: Callable[..., Any],
        delay: float = 0,
    ) -> None:
        if any(self.wrks[index].inner.exitcode == START_FAILED for index in workers):
            raise _StartFailedError
        _log.error("The worker process died; another one is started")
        super()._respawn_workers(workers, spawn_target, target_loader, delay)


def _address(config: Config) -> str:
    addresses = config.http.bind_addresses
    if len(addresses) > 1:
        raise ConfigError(
            ['The option "HttpBindAddresses" can hold one address at most.']
        )
    return addresses[0] if addresses else _ALL_ADDRESSES


def _log_level() -> LogLevels:
    level = logging.getLogger("_granian").getEffectiveLevel()
    return LogLevels.info if level <= logging.INFO else LogLevels.error


def _allow_many_files() -> None:
    """Raise the number of files, hence of connections, that may be open at once."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _run_without_http(config: Config) -> int:
    stop_signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)  # they stay until sigwait()
    try:
        node = start_node(config)
    except SystemExit:
        return 1
    signal.sigwait(stop_signals)
    node.refuse(DICOM_STOP_SECONDS)
    node.close()
    return 0
