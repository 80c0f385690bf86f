"""Tells systemd how the server is: started, alive, stopping (sd_notify)."""

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping

_MICROSECONDS = 1_000_000

#: How often the server says that it lives, in the time after which it counts as dead.
_BEAT_COUNT = 4


class Notifier:
    """Sends states to the socket of systemd; does nothing if there is none.

    Parameters
    ----------
    environ
        The environment, in which systemd says what it wants.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # A leading @ stands for a name that is no file.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._period = (
            int(environ.get("WATCHDOG_USEC", "0")) / _MICROSECONDS / _BEAT_COUNT
        )
        self._is_stopping = threading.Event()
        self._is_hanging: Callable[[], bool] = bool

    def start(self, is_hanging: Callable[[], bool]) -> None:
        """Say that the server serves, and then, time after time, that it lives.

        Parameters
        ----------
        is_hanging
            Tells whether only a new process can help; then nothing more is said.
        """
        self._is_hanging = is_hanging
        self._send("READY=1")
        if self._address and self._period:
            threading.Thread(target=self._watch, name="WATCHDOG", daemon=True).start()

    def restart(self) -> None:
        """Say that another process is about to serve instead of this one.

        Until then this one lives, however long it takes to end what is in progress.
        """
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={now}")
        self._is_hanging = bool

    def stop(self) -> None:
        """Say that the server is about to end."""
        self._is_stopping.set()
        self._send("STOPPING=1")

    def _watch(self) -> None:
        while not self._is_stopping.wait(self._period):
            if not self._is_hanging():
                self._send("WATCHDOG=1")

    def _send(self, state: str) -> None:
        if self._address:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(state.encode(), self._address)
