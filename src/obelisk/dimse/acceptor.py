"""Listening for associations: one thread accepts, one thread serves each of them."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from obelisk.dimse.association import Association
from obelisk.dimse.pdu import (
    AssociateReject,
    AssociateRequest,
    RejectResult,
    RejectSource,
)
from obelisk.dimse.upper_layer import UpperLayer
from obelisk.errors import AssociationAbortedError, ProtocolError, UnavailableError
from obelisk.telemetry.context import context, new_id

_log = logging.getLogger(__name__)

_BACKLOG = 128
# At most so many more, and as many again as may be served, are answered "local limit
# exceeded" at the same time.
_OVERFLOW_COUNT = 32
_OVERFLOW_ARTIM_SECONDS = 2.0
_GRACE_SECONDS = 0.5
_LOCAL_LIMIT_EXCEEDED = AssociateReject(
    RejectResult.TRANSIENT, RejectSource.PROVIDER_PRESENTATION, 2
)


@dataclass(frozen=True, slots=True)
class AcceptorSettings:
    """How associations are accepted.

    Attributes
    ----------
    port
        TCP port; 0 takes a free one.
    host
        Address to listen on; all, IPv6 and IPv4, when empty.
    max_length
        The longest P-DATA-TF PDU that peers may send, in bytes.
    timeout_seconds
        How long a peer may be silent; 0 means for ever.
    artim_seconds
        How long a connection may take to request an association.
    association_limit
        How many associations are served at the same time. The one that is idle for
        longest makes room for another one; if none is idle, that is rejected.
    """

    port: int
    host: str = ""
    max_length: int = 16_384
    timeout_seconds: float = 30
    artim_seconds: float = 10
    association_limit: int = 512


Serve = Callable[[Association, AssociateRequest, str], None]


@dataclass(eq=False, slots=True)
class _Connection:
    """A connection that was accepted, and what it is at."""

    association: Association
    address: str
    #: Whether an association may be served; if not, it was rejected, or has to end.
    is_served: bool
    #: Since when that is so.
    since: float
    is_half_open: bool = True
    thread: threading.Thread | None = None


class Acceptor:
    """Accepts associations and has each served in a thread of its own.

    Parameters
    ----------
    settings
        Where to listen, and the limits.
    serve
        Called with an association whose request was read, that request, and the
        address of the peer; it accepts or rejects, and serves to the end.
    """

    def __init__(self, settings: AcceptorSettings, serve: Serve) -> None:
        self._settings = settings
        self._serve = serve
        self._listener: socket.socket | None = None
        self._thread: threading.Thread | None = None
        # Insertion order is age.
        self._connections: dict[_Connection, None] = {}
        self._lock = threading.Condition()
        self._is_stopping = False

    @property
    def port(self) -> int:
        """The TCP port on which it listens."""
        assert self._listener is not None
        return int(self._listener.getsockname()[1])

    @property
    def association_count(self) -> int:
        """The number of connections that are open."""
        with self._lock:
            return len(self._connections)

    @property
    def is_listening(self) -> bool:
        """Whether connections are accepted."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start to listen.

        Raises
        ------
        UnavailableError
            If the port cannot be listened on.
        """
        settings = self._settings
        try:
            self._listener = _listen(settings.host, settings.port)
        except OSError as error:
            raise UnavailableError(
                f"Cannot listen on TCP port {settings.port} for DICOM: "
                f"{error.strerror or error}"
            ) from error
        self._thread = threading.Thread(
            target=self._accept, args=(self._listener,), name="dicom-acceptor"
        )
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """Stop: accept nothing, let what is being received finish, end the rest.

        A second call does nothing new.

        Parameters
        ----------
        timeout_seconds
            After how long an operation that has not finished is cut off.
        """
        with self._lock:
            self._is_stopping = True
            connections = list(self._connections)
            listener, self._listener = self._listener, None
        if listener is not None and self._thread is not None:
            # On Linux this wakes the thread that waits in accept().
            listener.shutdown(socket.SHUT_RDWR)
            self._thread.join()
            listener.close()
        for connection in connections:
            connection.association.stop()
        deadline = time.monotonic() + timeout_seconds
        with self._lock:
            self._lock.wait_for(lambda: not self._connections, timeout_seconds)
            connections = list(self._connections)
        for connection in connections:
            connection.association.kill()
        for connection in connections:
            if connection.thread is not None:
                connection.thread.join(max(deadline - time.monotonic(), 1))

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, address = listener.accept()
            except OSError as error:
                if self._is_stopping:
                    return
                _log.warning("Cannot accept a connection: %s", error.strerror)
                with self._lock:
                    # Out of file descriptors: wait until a connection is closed.
                    self._lock.wait(1)
                continue
            try:
                self._begin(connection, _plain_address(address[0]))
            except (OSError, RuntimeError):
                _log.exception("Cannot serve a connection")
                connection.close()

    def _begin(self, connection: socket.socket, address: str) -> None:
        settings = self._settings
        with self._lock:
            is_served = self._make_room()
            if self._is_stopping or not (is_served or self._can_reject()):
                _log.warning("Too many DICOM connections: one from %s closed", address)
                connection.close()
                return
            entry = _Connection(
                Association(
                    connection,
                    UpperLayer(max_length=settings.max_length),
                    timeout_seconds=settings.timeout_seconds,
                    artim_seconds=(
                        settings.artim_seconds if is_served else _OVERFLOW_ARTIM_SECONDS
                    ),
                ),
                address,
                is_served,
                time.monotonic(),
            )
            self._connections[entry] = None
        entry.thread = threading.Thread(
            target=self._run_named, args=(entry,), name="dicom-association", daemon=True
        )
        try:
            entry.thread.start()
        except RuntimeError:
            self._forget(entry)
            raise

    def _make_room(self) -> bool:
        """Return whether one more association can be served, with the lock held.

        If there are as many as there may be, one makes room that has had time: the
        oldest that has not been requested yet, or else what is idle for longest.
        """
        served = [entry for entry in self._connections if entry.is_served]
        if len(served) < self._settings.association_limit:
            return True
        now = time.monotonic()
        for entry in served:
            if entry.is_half_open and entry.since < now - _GRACE_SECONDS:
                entry.is_served, entry.since = False, now
                entry.association.kill()
                return True
        oldest = min(served, key=lambda entry: entry.association.idle_since)
        if oldest.association.idle_since < now - _GRACE_SECONDS:
            _log.warning("Too many associations: %s was idle, and ends", oldest.address)
            oldest.is_served, oldest.since = False, now
            oldest.association.stop()
            return True
        return False

    def _can_reject(self) -> bool:
        """Return whether one more can be told that it is too much, likewise.

        If there are many of those, who was told first is no longer waited for.
        """
        left = [entry for entry in self._connections if not entry.is_served]
        if len(left) < min(_OVERFLOW_COUNT, self._settings.association_limit):
            return True
        now = time.monotonic()
        for entry in left:
            if entry.since < now - _GRACE_SECONDS:
                entry.since = now
                entry.association.kill()
                return True
        return False

    def _run_named(self, entry: _Connection) -> None:
        with context(association=new_id()):
            self._run(entry)

    def _run(self, entry: _Connection) -> None:
        association = entry.association
        try:
            request = association.read_request()
            entry.is_half_open = False
            if request is None:
                _log.info("No association was requested by %s", entry.address)
            elif not entry.is_served:
                _log.warning("Too many associations: %s is rejected", entry.address)
                association.reject(_LOCAL_LIMIT_EXCEEDED)
            else:
                self._serve(association, request, entry.address)
        except (AssociationAbortedError, ProtocolError) as error:
            _log.warning(
                "Association with %s aborted: %s", entry.address, error.message
            )
            self._abort(association)
        except Exception:  # noqa: BLE001 - the edge; it is logged
            _log.exception("Association with %s failed", entry.address)
            self._abort(association)
        finally:
            association.close()
            self._forget(entry)

    def _abort(self, association: Association) -> None:
        try:
            association.abort()
        except AssociationAbortedError:
            _log.debug("The peer was gone already")

    def _forget(self, entry: _Connection) -> None:
        with self._lock:
            del self._connections[entry]
            self._lock.notify_all()


def _listen(host: str, port: int) -> socket.socket:
    if host:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    if socket.has_dualstack_ipv6():
        return socket.create_server(
            ("", port),
            family=socket.AF_INET6,
            backlog=_BACKLOG,
            dualstack_ipv6=True,
        )
    return socket.create_server(("", port), backlog=_BACKLOG)


def _plain_address(address: str) -> str:
    return address.removeprefix("::ffff:")
