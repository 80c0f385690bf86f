"""The server: one thread waits for all idle connections, others serve the busy ones."""

import errno
import logging
import math
import os
import select
import socket
import threading
import time
from collections.abc import Sequence

from obelisk.http.answers import Application
from obelisk.http.connections import NEXT_REQUEST_SECONDS, Connection
from obelisk.http.environments import common_environ
from obelisk.http.listening import Listener
from obelisk.http.settings import HTTPServerSettings
from obelisk.http.transports import PlainTransport, TLSTransport, Transport
from obelisk.http.workers import WorkerPool

_SWEEP_SECONDS = 1.0

#: How many connections are accepted at most before others are looked after, and which
#: part of all that there may be: those who have just come need time to say something.
_ACCEPT_COUNT_MAX = 64
_ACCEPT_PART = 8
_CROWDED_SECONDS = 0.001

#: How many connections that have been made already are still served by a stop.
_LAST_COUNT_MAX = 1024

#: For how long a stop waits for the request of a client that has just connected.
_FIRST_REQUEST_SECONDS = 1.0
_LEFT_BEFORE_ACCEPT = {errno.ECONNABORTED, errno.EPROTO, errno.EPERM}
_TOO_MANY_FILES = {errno.EMFILE, errno.ENFILE}

#: The next bytes of a connection, once: who gets them is the only one to attend to it.
_NEXT_BYTES = select.EPOLLIN | select.EPOLLONESHOT
_NOTHING = select.EPOLLONESHOT

_log = logging.getLogger(__name__)


class HTTPServer:
    """Serves a WSGI application on sockets that listen.

    Parameters
    ----------
    listeners
        Where connections come from; they are closed in the end.
    application
        The application; it must be safe to use from several threads.
    settings
        Everything that can be set.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        application: Application,
        settings: HTTPServerSettings,
    ) -> None:
        self._listeners = {listener.fileno(): listener for listener in listeners}
        self._application = application
        self._settings = settings
        self._pool = WorkerPool(self._attend, settings.thread_count_max)
        self._connections: dict[int, Connection] = {}
        self._lock = threading.Lock()
        self._is_stopping = self._is_closed = False
        self._dismissed_count = 0
        self._poll = select.epoll()
        self._waker, self._alarm = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._thread = threading.Thread(
            target=self._watch, name="HTTP-POLL", daemon=True
        )

    @property
    def connection_count(self) -> int:
        """The number of connections that are open."""
        return len(self._connections)

    def start(self) -> None:
        """Begin to accept connections."""
        self._poll.register(self._waker, select.EPOLLIN)
        for descriptor in self._listeners:
            self._poll.register(descriptor, select.EPOLLIN)
        self._thread.start()

    def refuse(self) -> None:
        """Accept nothing more, close what is idle, and let the rest end; idempotent."""
        if self._is_stopping:
            return
        self._is_stopping = True
        os.write(self._alarm, b"\0")
        self._thread.join()
        self._poll.close()
        os.close(self._alarm)
        os.close(self._waker)
        with self._lock:
            for connection in self._connections.values():
                connection.is_ending = True

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until no request is in progress; return whether that is so."""
        return self._pool.wait(timeout_seconds)

    def _watch(self) -> None:
        """Wait for bytes, and for the time to be over, until the server stops."""
        others = self._settings.others
        next_sweep = time.monotonic() + _SWEEP_SECONDS
        while not self._is_stopping:
            self._dispatch(min(_SWEEP_SECONDS, others.reclaim_seconds))
            for client in others.reclaim():
                self.adopt(client)
            if time.monotonic() >= next_sweep:
                next_sweep = time.monotonic() + _SWEEP_SECONDS
                self._sweep()
        for descriptor, listener in self._listeners.items():
            self._accept(listener, _LAST_COUNT_MAX)
            self._poll.unregister(descriptor)
            listener.close()
        self._listeners.clear()
        self._dispatch(0)  # requests that are here already
        self._close_parked()

    def _dispatch(self, timeout_seconds: float) -> None:
        for descriptor, _ in self._poll.poll(timeout_seconds):
            if descriptor in self._listeners:
                self._accept_some(self._listeners[descriptor])
            elif descriptor != self._waker:
                self._hand_over(descriptor)

    def _hand_over(self, descriptor: int) -> None:
        """Give a connection to a thread."""
        with self._lock:
            connection = self._connections.get(descriptor)
            if connection is None or not connection.is_parked:
                return
            connection.is_parked = False
        self._pool.submit(connection)

    def _accept_some(self, listener: Listener) -> None:
        part = self._settings.connection_count_max // _ACCEPT_PART
        self._accept(listener, max(1, min(part, _ACCEPT_COUNT_MAX)))

    def _accept(self, listener: Listener, count_max: int) -> None:
        others = self._settings.others
        for _ in range(count_max):
            try:
                client, address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _LEFT_BEFORE_ACCEPT:
                    others.note_closed(1)
                    continue
                if error.errno in _TOO_MANY_FILES and self._dismiss():
                    continue
                _log.error("No connection can be accepted: %s", error.strerror)
                self._poll.modify(listener.fileno(), 0)  # until the next sweep
                return
            if others.take(client, self._own_count):
                client.close()  # it lives on in another process
            elif not self._has_room():
                _log.warning("A connection is refused, as there are too many")
                client.close()
                others.note_closed(1)
            elif not self._welcome(client, address):
                others.note_closed(1)

    @property
    def _own_count(self) -> float:
        """How many connections this process has, infinitely many if it is full."""
        count = len(self._connections)
        return count if count < self._settings.connection_count_max else math.inf

    def _has_room(self) -> bool:
        """Return whether there may be one more connection, perhaps instead of one."""
        return self._own_count < math.inf or self._dismiss()

    def _dismiss(self) -> bool:
        """Close the connection that waits for longest; return whether one did."""
        with self._lock:
            parked = [one for one in self._connections.values() if one.is_parked]
            if not parked:
                return False
            oldest = min(parked, key=lambda one: one.waiting_since)
            self._forget([oldest])
        oldest.expire()
        self._dismissed_count += 1
        return True

    def adopt(self, client: socket.socket, inherited: bytes = b"") -> None:
        """Serve a connection that another process accepted.

        Parameters
        ----------
        client
            The connection.
        inherited
            What was received of its next request, or more.
        """
        try:
            address = client.getpeername()
        except OSError:  # it has left already
            client.close()
            address = None
        self._has_room()  # if there is none, it is let in all the same
        if address is None or not self._welcome(client, address, inherited):
            self._settings.others.note_closed(1)

    def _welcome(
        self,
        client: socket.socket,
        address: tuple[str, int],
        inherited: bytes = b"",
    ) -> bool:
        """Serve a connection; return whether it is still there."""
        tls = self._settings.tls
        descriptor = client.fileno()
        try:
            transport: Transport = (
                PlainTransport(client, self._settings)
                if tls is None
                else TLSTransport(client, tls, self._settings)
            )
            server = client.getsockname()
        except OSError:  # it has left already
            client.close()
            return False
        common = common_environ(server, address, is_secure=tls is not None)
        connection = Connection(
            descriptor,
            transport,
            common,
            self._application,
            self._settings,
            inherited,
        )
        with self._lock:
            if self._is_closed and not inherited:
                connection.close()
                return False
            self._connections[descriptor] = connection
            connection.is_parked = not inherited
            connection.is_ending = self._is_closed
            if not self._is_closed:
                self._poll.register(descriptor, _NOTHING if inherited else _NEXT_BYTES)
        if inherited:
            self._pool.submit(connection)
        return True

    def _attend(self, connection: Connection) -> None:
        """Serve a connection; this is what the threads do."""
        is_kept = False
        try:
            patience = self._patience_seconds(connection)
            is_kept = connection.serve(patience) and self._park(connection)
        finally:
            if not is_kept:
                self._close(connection)

    def _patience_seconds(self, connection: Connection) -> float:
        """Return for how long a thread waits for the next request."""
        if self._is_stopping and connection.is_new:
            return _FIRST_REQUEST_SECONDS
        return _CROWDED_SECONDS if self._pool.is_crowded else NEXT_REQUEST_SECONDS

    def _park(self, connection: Connection) -> bool:
        """Wait for the next bytes of a connection without a thread."""
        with self._lock:
            if self._is_stopping:
                return False
            connection.is_parked = True
            self._poll.modify(connection.descriptor, _NEXT_BYTES)
        return True

    def _close(self, connection: Connection) -> None:
        with self._lock:
            self._forget([connection])
            if connection.is_foreign and not self._is_closed:
                self._poll.unregister(connection.descriptor)  # as it stays open
        if connection.is_foreign:
            self._settings.others.give_back(connection.descriptor, connection.received)
        connection.close()

    def _forget(self, connections: Sequence[Connection]) -> None:
        """Serve connections no more; the lock is held."""
        for connection in connections:
            del self._connections[connection.descriptor]
        self._settings.others.note_closed(len(connections))

    def _sweep(self) -> None:
        """Close the connections whose time is over; try to accept again."""
        now = time.monotonic()
        with self._lock:
            late = [
                connection
                for connection in self._connections.values()
                if connection.is_parked and connection.deadline < now
            ]
            self._forget(late)
        for connection in late:
            connection.expire()
        for descriptor in self._listeners:
            self._poll.modify(descriptor, select.EPOLLIN)
        self._dismiss_surplus()

    def _dismiss_surplus(self) -> None:
        """Close what was let in for lack of idle connections; tell of all of them."""
        count_max = self._settings.connection_count_max
        while len(self._connections) > count_max and self._dismiss():
            pass
        if self._dismissed_count:
            _log.warning(
                "Idle connections made room for others: %d", self._dismissed_count
            )
            self._dismissed_count = 0

    def _close_parked(self) -> None:
        """Close what is idle, but for those whose first request is on its way."""
        with self._lock:
            self._is_closed = True
            parked = [one for one in self._connections.values() if one.is_parked]
            new = [connection for connection in parked if connection.is_new]
            used = [connection for connection in parked if not connection.is_new]
            for connection in new:
                connection.is_parked = False
            self._forget(used)
        for connection in new:
            self._pool.submit(connection)
        for connection in used:
            connection.close()
