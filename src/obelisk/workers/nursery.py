"""A small process that forks workers, as it has no threads and never will."""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from obelisk.workers.channel import Channel
from obelisk.workers.parentage import die_with_parent

_FAILED = 1

_log = logging.getLogger("obelisk.http")

#: What a worker does with its place and its channel; it returns an exit status.
Work = Callable[[int, Channel], int]


class Nursery:
    """Forks workers when it is told to; it dies with this process, and they with it.

    It is forked at once: before there are threads, whose locks it would inherit, and
    before anything is open that only this process should have.

    Parameters
    ----------
    work
        What each worker does.
    foreign
        Sockets that this process has open, and neither it nor the workers need.
    """

    def __init__(self, work: Work, foreign: Sequence[socket.socket]) -> None:
        self._work = work
        self._orders, orders = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        parent_pid = os.getpid()
        self._pid = os.fork()
        if not self._pid:
            try:
                self._orders.close()
                for one in foreign:
                    one.close()
                die_with_parent(parent_pid)
                self._nurse(Channel(orders))
            finally:
                os._exit(_FAILED)
        orders.close()
        self._channel = Channel(self._orders)

    def bear(self, place: int) -> Channel:
        """Start a worker; return the channel to it.

        Raises
        ------
        OSError
            If the process that forks is gone.
        """
        own, given = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._channel.send("bear", place, descriptor=given.fileno())
        except OSError:
            own.close()
            raise
        finally:
            given.close()
        return Channel(own)

    def close(self) -> None:
        """End the process that forks, and with it workers that are left."""
        self._channel.close()
        os.waitpid(self._pid, 0)

    def _nurse(self, orders: Channel) -> None:
        """Fork until this process has ended."""
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
        own_pid = os.getpid()
        while (order := orders.receive()) is not None and order.client is not None:
            with suppress(OSError):  # this process sees that none came
                if not os.fork():
                    orders.close()
                    self._live(own_pid, order.facts, order.client)
            order.client.close()
        os._exit(0)

    def _live(self, parent_pid: int, place: int, end: socket.socket) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        status = _FAILED
        try:
            die_with_parent(parent_pid)
            status = self._work(place, Channel(end))
        except SystemExit as given:
            status = given.code if isinstance(given.code, int) else _FAILED
        finally:
            if sys.exc_info()[0] is not None:  # nobody else will tell
                _log.error("An HTTP worker failed", exc_info=True)
            logging.shutdown()
            sys.stdout.flush()
            os._exit(status)  # what others have open is not this process's
