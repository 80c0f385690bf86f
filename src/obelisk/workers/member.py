"""A worker as it sees itself: what it is told and asked by the main process."""

import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from obelisk.errors import ServerError
from obelisk.http.heads import Head
from obelisk.http.settings import Alone
from obelisk.workers.channel import Channel, Message
from obelisk.workers.tally import Tally

_log = logging.getLogger("obelisk.http")

#: Method overriding: what may mean another route than its method and path say.
_OVERRIDE_HEADER = b"x-http-method-override"
_OVERRIDE_ARGUMENT = b"_method"

#: How long a request waits for settings that are on their way to this process.
_SETTINGS_SECONDS_MAX = 1.0


@dataclass(frozen=True, slots=True)
class Duties:
    """What a worker does when the main process says so.

    Attributes
    ----------
    apply
        Takes over settings that clients changed.
    report
        Returns what was noted for the metrics.
    """

    apply: Callable[[Any], None]
    report: Callable[[], Any]


class Member(Alone):
    """The worker's end of the channel, and its view of the other processes.

    Parameters
    ----------
    channel
        The way to the main process.
    place
        The number of this worker.
    tally
        Where it counts the connections that it has no more, and sees which settings
        hold.
    is_stateless
        Whether any process may answer a request, by its method and path.
    """

    def __init__(
        self,
        channel: Channel,
        place: int,
        tally: Tally,
        is_stateless: Callable[[str, str], bool],
    ) -> None:
        self._channel = channel
        self._place = place
        self._tally = tally
        self._is_stateless = is_stateless
        self._lock = threading.Lock()
        self._taken_over = threading.Condition()
        self._edition = -1

    def is_own(self, head: Head) -> bool:
        """See `Alone.is_own`; what is in doubt is left to the main process."""
        path, _, query = head.target.partition(b"?")
        if b"%" in path or _OVERRIDE_ARGUMENT in query:
            return False
        if any(name.lower() == _OVERRIDE_HEADER for name, _ in head.fields):
            return False
        if not self._is_stateless(head.method, path.decode("ascii", "replace")):
            return False
        return self._edition >= self._tally.edition or self._await_settings()

    def _await_settings(self) -> bool:
        """Return whether this process has the settings that hold now."""
        edition = self._tally.edition
        with self._taken_over:
            return self._taken_over.wait_for(
                lambda: self._edition >= edition, _SETTINGS_SECONDS_MAX
            )

    def give_back(self, descriptor: int, received: bytes) -> None:
        """See `Alone.give_back`."""
        try:
            self._channel.send("back", None, received, descriptor)
        except OSError:
            _log.debug("A connection could not be given back")

    def note_closed(self, count: int) -> None:
        """See `Alone.note_closed`."""
        with self._lock:
            self._tally.add(self._place, count)

    def run(self, duties: Duties) -> bool:
        """Do what the main process says until it tells this one to stop.

        Returns
        -------
        bool
            Whether it did; if not, the main process is gone.
        """
        with suppress(ConnectionError):
            self._channel.send("ready", os.getpid())
            while (message := self._channel.receive()) is not None:
                if message.kind == "stop":
                    return True
                self._obey(message, duties)
        return False

    def _obey(self, message: Message, duties: Duties) -> None:
        number, order = message.facts
        if message.kind == "set":
            edition, settings = order
            duties.apply(settings)
            with self._taken_over:
                self._edition = edition
                self._taken_over.notify_all()
            self._channel.send("reply", [number, None])
        else:
            self._channel.send("reply", [number, _noted(duties)])


def _noted(duties: Duties) -> Any:
    """Return what was noted, nothing if that cannot be told just now."""
    try:
        return duties.report()
    except ServerError:
        return None
