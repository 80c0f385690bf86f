"""What must be so before the server starts, with messages that say what to do."""

import errno
import os
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from obelisk.config import Config
from obelisk.errors import UnavailableError
from obelisk.http.certificates import tls_context

PORT_PATIENCE = 5.0
"""For how many seconds a port may stay taken, since one that a killed server held
can take a moment to come free."""

_RETRY_INTERVAL = 0.05


def _try_folder(folder: Path, option: str, *, create: bool) -> str | None:
    try:
        if create:
            folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        reason = os.strerror(error.errno or errno.EIO)
        return (
            f"The folder {folder} cannot be written to: {reason}. "
            f'Allow it, or choose another folder by the option "{option}".'
        )


def _try_storage(config: Config) -> Iterator[str | None]:
    storage = config.storage
    folders = {"StorageDirectory": storage.storage_directory}
    if storage.index_directory is not None:
        folders["IndexDirectory"] = storage.index_directory
    for option, folder in folders.items():
        if not config.service.read_only:
            yield _try_folder(folder, option, create=True)
        elif not folder.is_dir():
            yield f'"ReadOnly" needs the folder {folder} of "{option}".'


def _try_port(address: str, port: int) -> int:
    """Return 0 if a server could listen there, else the error number."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
            listener.listen(1)
        except socket.gaierror:
            return errno.EADDRNOTAVAIL
        except OSError as error:
            return error.errno or errno.EADDRNOTAVAIL
    return 0


def _wait_for_port(address: str, port: int, patience: float) -> int:
    deadline = time.monotonic() + patience
    while True:
        problem = _try_port(address, port)
        if problem != errno.EADDRINUSE or time.monotonic() >= deadline:
            return problem
        threading.Event().wait(_RETRY_INTERVAL)


def _port_problem(problem: int, address: str, port: int, option: str) -> str:
    if problem == errno.EADDRINUSE:
        return (
            f"Port {port} is taken by another program. End that program, or choose "
            f'another port by the option "{option}".'
        )
    if problem == errno.EACCES:
        return (
            f"Port {port} may be opened by privileged users only. Choose a port from "
            f'1024 on by the option "{option}".'
        )
    if problem == errno.EADDRNOTAVAIL:
        return (
            f"This machine does not have the address {address}. Correct the option "
            '"HttpBindAddresses".'
        )
    return f"Port {port} cannot be opened: {os.strerror(problem)}."


def _listeners(config: Config) -> Iterator[tuple[str, int, str]]:
    if config.http.enabled:
        for address in config.http.bind_addresses or ("0.0.0.0",):  # noqa: S104
            yield address, config.http.port, "HttpPort"
    if config.dicom.enabled:
        yield "0.0.0.0", config.dicom.port, "DicomPort"  # noqa: S104


def _try_certificate(path: Path) -> str | None:
    try:
        tls_context(path)
    except UnavailableError as error:
        return error.message
    return None


def _try_authorities(path: Path) -> str | None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or "not readable"
        return (
            f"The certificates {path} cannot be used: {reason}. The option "
            '"HttpsCACertificates" must name a PEM file.'
        )
    return None


def find_obstacles(config: Config, patience: float = PORT_PATIENCE) -> list[str]:
    """Return why a server with this configuration cannot start, if so.

    The folders of the storage area and the index are created, unless `ReadOnly`.

    Parameters
    ----------
    config
        The configuration.
    patience
        For how many seconds a port may stay taken.
    """
    temporary = config.system.temporary_directory
    obstacles = list(_try_storage(config))
    if temporary is not None:
        obstacles.append(_try_folder(temporary, "TemporaryDirectory", create=False))
    if config.http.enabled and config.http.ssl_enabled:
        obstacles.append(_try_certificate(config.http.ssl_certificate))
    if config.peers.authorities is not None:
        obstacles.append(_try_authorities(config.peers.authorities))
    for address, port, option in _listeners(config):
        problem = _wait_for_port(address, port, patience)
        if problem:
            obstacles.append(_port_problem(problem, address, port, option))
    return [obstacle for obstacle in obstacles if obstacle]
