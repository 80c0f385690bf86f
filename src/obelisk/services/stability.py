"""Resources that stopped growing become stable."""

import logging
import threading
import time
from collections.abc import Callable
from operator import itemgetter

from obelisk.dicom.levels import Level
from obelisk.errors import UnavailableError
from obelisk.index.base import Index
from obelisk.services.timestamps import utc_text

_log = logging.getLogger("obelisk.index")

_PERIOD_SECONDS = 1.0
_LEVELS = (Level.SERIES, Level.STUDY, Level.PATIENT)


class Stability:
    """Declares resources stable when their time has come.

    The times are in the index, so that a restart loses none and repeats none.
    """

    def __init__(self, index: Index, clock: Callable[[], float] = time.time) -> None:
        self._index = index
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="STABILITY", daemon=True)

    def start(self) -> None:
        """Start looking once a second."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; returns when the thread has ended."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(_PERIOD_SECONDS):
            try:
                self.settle()
            except UnavailableError as error:
                _log.warning("Stable resources wait: %s", error)

    def settle(self) -> None:
        """Declare stable what did not grow for the stable age, the oldest first."""
        now = self._clock()
        date = utc_text(int(now))
        with self._index.read() as transaction:
            due = [
                (since, level, pk, id_)
                for level in _LEVELS
                for pk, id_, since in transaction.find_unstable(level, now)
            ]
        for _, level, pk, id_ in sorted(due, key=itemgetter(0)):
            self._make_stable(level, pk, id_, now, date)

    def _make_stable(
        self, level: Level, pk: int, id_: str, now: float, date: str
    ) -> None:
        self._index.write(lambda writer: writer.make_stable(level, pk, id_, now, date))
