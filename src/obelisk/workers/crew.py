"""All workers as the main process sees them: it deals connections, tells and asks."""

import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from obelisk.http.settings import Alone
from obelisk.workers.lane import Lane
from obelisk.workers.link import Link, Question
from obelisk.workers.nursery import Nursery
from obelisk.workers.tally import Tally

_DEATH_COUNT_MAX = 10
_DEATH_SECONDS = 60.0

#: How long a worker may take to tell what it noted.
_ANSWER_SECONDS_MAX = 2.0

#: How often it is seen whether workers take what they were given.
_LOOK_SECONDS = 0.2

#: How long it takes until a worker that could not be started is started again, and
#: until one is started when too many died.
_BIRTH_SECONDS = 1.0
_REST_SECONDS = 10.0

_log = logging.getLogger("obelisk.http")


class Crew(Alone):
    """The workers beside this process; safe to use from several threads.

    Parameters
    ----------
    lanes
        Where each of them takes connections from.
    nursery
        Starts them.
    tally
        Where they count the connections that they have no more.
    """

    #: See `Alone.reclaim_seconds`.
    reclaim_seconds = _LOOK_SECONDS

    def __init__(self, lanes: Sequence[Lane], nursery: Nursery, tally: Tally) -> None:
        self._lanes = lanes
        self._count = len(lanes)
        self._nursery = nursery
        self._tally = tally
        self._links: list[Link] = []
        self._threads: list[threading.Thread] = []
        self._deaths: deque[float] = deque(maxlen=_DEATH_COUNT_MAX)
        self._lock = threading.RLock()
        self._is_stopping = False
        self._next_look = self._next_birth = 0.0
        self._unborn: set[int] = set()
        self._adopt: Callable[[socket.socket, bytes], None] = _refuse
        self._settings: Callable[[], Any] = dict
        #: Told of the metrics of a worker that died.
        self.on_loss: Callable[[Any], None] = lambda _: None

    def start(
        self,
        adopt: Callable[[socket.socket, bytes], None],
        settings: Callable[[], Any],
    ) -> None:
        """Start all workers.

        Parameters
        ----------
        adopt
            Serves a connection that a worker gives back, with what it received.
        settings
            Returns the settings that clients may have changed.
        """
        self._adopt, self._settings = adopt, settings
        for place in range(self._count):
            self._bear(place)

    def _bear(self, place: int) -> None:
        with self._lock:
            if self._is_stopping:
                return
            try:
                channel = self._nursery.bear(place)
            except ConnectionError:
                _log.warning("No HTTP worker can be started; this process serves alone")
                self._count -= 1
                return
            except OSError as error:
                _log.error("No HTTP worker can be started now: %s", error.strerror)
                self._postpone(place, _BIRTH_SECONDS)
                return
            link = Link(channel, place, self._lanes[place], self._tally)
            self._tell(link)
            self._links = [*self._links, link]
            name = f"WORKER-{place + 1}"
            thread = threading.Thread(
                target=self._listen, args=(link,), name=name, daemon=True
            )
            thread.start()
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]

    def _listen(self, link: Link) -> None:
        """Take what a worker gives back, until it dies; then start another one."""
        while (message := link.listen()) is not None:
            if message.client is not None:
                self._adopt(message.client, message.payload)
        for client in link.empty():
            self._adopt(client, b"")
        with self._lock:
            self._links = [one for one in self._links if one is not link]
            if self._is_stopping:
                return
            if link.noted is not None:
                self.on_loss(link.noted)
            if self._is_dying():
                _log.error("HTTP workers keep dying; others are started later")
                self._postpone(link.place, _REST_SECONDS)
                return
        _log.error("An HTTP worker died; another one is started")
        self._bear(link.place)

    def _postpone(self, place: int, seconds: float) -> None:
        """Have a worker started some time later; until then others do its work."""
        self._unborn.add(place)
        self._next_birth = time.monotonic() + seconds

    def _is_dying(self) -> bool:
        """Note that a worker died; return whether too many did in a short time."""
        now = time.monotonic()
        self._deaths.append(now)
        is_full = len(self._deaths) == _DEATH_COUNT_MAX
        return is_full and now - self._deaths[0] < _DEATH_SECONDS

    def take(self, client: socket.socket, own_count: float) -> bool:
        """See `Alone.take`: whoever has the fewest connections gets it."""
        ready = [
            (link.connection_count, link.place, link)
            for link in self._links
            if link.is_ready and not link.is_late
        ]
        if not ready:
            return False
        count, _, link = min(ready)
        return count < own_count and link.give(client.fileno())

    def reclaim(self) -> list[socket.socket]:
        """See `Alone.reclaim`; a worker that takes nothing for long is killed."""
        now = time.monotonic()
        if now < self._next_look:
            return []
        self._next_look = now + _LOOK_SECONDS
        self._nursery.heal()
        found = []
        for link in self._links:
            if link.is_ready:
                link.look(now)
            if link.is_late and (late := link.reclaim()):
                _log.warning("An HTTP worker is late; others serve its new connections")
                found += late
            if link.is_hanging and link.kill():
                _log.error("An HTTP worker hangs, and is killed")
        while self._unborn and now >= self._next_birth:
            self._bear(self._unborn.pop())
        return found

    def tell_settings(self) -> None:
        """Have all workers take over what clients changed.

        This waits for nobody: a worker answers nothing more before it has the settings.
        """
        with self._lock:
            self._tally.begin_edition()
            asked = [(one, self._tell(one)) for one in self._links]
        for link, question in asked:
            is_lost = question.wait(0.0) and not question.is_answered
            if is_lost and link.kill():
                _log.error("An HTTP worker takes in no settings, and is killed")

    def _tell(self, link: Link) -> Question:
        return link.ask("set", [self._tally.edition, self._settings()])

    def ask(self) -> list[Any]:
        """Return what the workers noted; of one that is silent, what it told before."""
        self._answering()
        return [link.noted for link in self._links if link.noted is not None]

    def check(self) -> str:
        """Return what is wrong with the workers, nothing if all answer or start."""
        starting = [link for link in self._links if link.is_starting]
        fine_count = len({*starting, *self._answering()}) + len(self._unborn)
        if fine_count >= self._count:
            return ""
        return f"{self._count - fine_count} of {self._count} workers do not answer"

    def _answering(self) -> list[Link]:
        """Ask all workers what they noted; return those that answered."""
        asked = [(link, link.ask("report")) for link in self._links if link.is_ready]
        deadline = time.monotonic() + _ANSWER_SECONDS_MAX
        found = []
        for link, question in asked:
            question.wait(max(0.0, deadline - time.monotonic()))
            if question.is_answered:
                link.noted = question.value or link.noted
            if question.is_answered and link.silence_seconds < _ANSWER_SECONDS_MAX:
                found.append(link)
        return found

    def stop(self) -> None:
        """Tell all workers to end when their requests have ended."""
        with self._lock:
            self._is_stopping = True
            links = self._links
        for link in links:
            if link.silence_seconds < _ANSWER_SECONDS_MAX or not link.kill():
                link.stop()

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until all workers have ended; return whether they have."""
        deadline = time.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def close(self) -> None:
        """End those that are left, and the process that starts them."""
        for link in self._links:
            link.kill()
        self._nursery.close()


def _refuse(client: socket.socket, _received: bytes) -> None:
    client.close()
