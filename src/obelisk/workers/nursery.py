"""Small processes that fork workers, as they have no threads and never will."""

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn

from obelisk.workers.channel import Channel
from obelisk.workers.parentage import die_with_parent

_FAILED = 1

#: One of them forks; if it is killed, another one takes its place, and forks a third.
_COUNT = 2

_log = logging.getLogger("obelisk.http")

#: What a worker does with its place and its channel; it returns an exit status.
Work = Callable[[int, Channel], int]


class Nursery:
    """Has workers forked; its processes die with this one, and workers with them.

    The first one is forked at once: before there are threads, whose locks it would
    inherit, and before anything is open that only this process should have. As this
    process must not fork later, those that are left fork another one in place of one
    that was killed. Safe to use from several threads.

    Parameters
    ----------
    work
        What each worker does.
    foreign
        Sockets that this process has open, and neither they nor the workers need.
    """

    def __init__(self, work: Work, foreign: Sequence[socket.socket]) -> None:
        self._work = work
        self._lock = threading.Lock()
        own, orders = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        parent_pid = os.getpid()
        self._pid = os.fork()
        if not self._pid:
            try:
                for one in (own, *foreign):
                    one.close()
                die_with_parent(parent_pid)
                self._nurse(Channel(orders))
            finally:
                os._exit(_FAILED)
        orders.close()
        self._channels = [Channel(own)]
        self.heal()

    def bear(self, place: int) -> Channel:
        """Start a worker; return the channel to it.

        Raises
        ------
        ConnectionError
            If no process is left that forks.
        OSError
            If this process must not open more files.
        """
        self.heal()
        with self._lock:
            if not self._channels:
                raise ConnectionError
            return _bear(self._channels[0], place)

    def heal(self) -> None:
        """See whether a process was killed that forks; if so, have another one forked.

        This is tried again with the next call if the system refuses it.
        """
        with self._lock:
            for gone in [one for one in self._channels if one.is_severed]:
                _log.error("A process that starts HTTP workers died")
                self._channels.remove(gone)
                gone.close()
            if 0 < len(self._channels) < _COUNT:
                with suppress(OSError):
                    self._channels.append(_bear(self._channels[0], None))

    def close(self) -> None:
        """End the processes that fork, and with them workers that are left."""
        with self._lock:
            for channel in self._channels:
                channel.close()
            self._channels = []
        os.waitpid(self._pid, 0)

    def _nurse(self, orders: Channel) -> NoReturn:
        """Fork until the main process has ended."""
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
        own_pid = os.getpid()
        while (order := orders.receive()) is not None and order.client is not None:
            with suppress(OSError):  # the main process sees that none came
                if not os.fork():
                    orders.close()
                    self._live(own_pid, order.facts, Channel(order.client))
            order.client.close()
        os._exit(0)

    def _live(self, parent_pid: int, place: int | None, channel: Channel) -> None:
        status = _FAILED
        try:
            if place is None:
                self._nurse(channel)  # also when its parent is gone
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            die_with_parent(parent_pid)
            status = self._work(place, channel)
        except SystemExit as given:
            status = given.code if isinstance(given.code, int) else _FAILED
        finally:
            if sys.exc_info()[0] is not None:  # nobody else will tell
                _log.error("An HTTP worker failed", exc_info=True)
            logging.shutdown()
            sys.stdout.flush()
            os._exit(status)  # what others have open is not this process's


def _bear(nurse: Channel, place: int | None) -> Channel:
    """Have a worker forked, or without a place another process that forks."""
    own, given = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        nurse.send("bear", place, descriptor=given.fileno())
    except OSError:
        own.close()
        raise
    finally:
        given.close()
    return Channel(own)
