"""Keeps the jobs of the last run from going on (``--no-jobs``)."""

import logging
from collections.abc import Callable

from obelisk.index.base import Index
from obelisk.index.writing import WriteTransaction
from obelisk.jobs.state import Event
from obelisk.jobs.transitions import Transitions

_log = logging.getLogger(__name__)


class Holding:
    """Pauses all jobs that there are at the start, unless others work on them.

    A process that died lately, and one that is alive, look the same until the leases of
    their jobs end: so long it is open what is to be done.

    Parameters
    ----------
    index
        Where the jobs are.
    transitions
        The rules.
    clock
        The present POSIX time.
    """

    def __init__(
        self, index: Index, transitions: Transitions, clock: Callable[[], float]
    ) -> None:
        self._index = index
        self._transitions = transitions
        self._clock = clock
        with index.read() as transaction:
            self._last_pk = transaction.last_job_pk()
            self._until = transaction.find_last_lease(clock())
        #: Whether it is decided, so that jobs can be claimed.
        self.is_over = False

    def look(self) -> None:
        """Pause the jobs if it is clear by now that nobody works on them."""
        now = self._clock()
        if self.is_over or now < self._until:
            return
        with self._index.read() as transaction:
            is_owned = transaction.find_last_lease(now) > now
        if is_owned:
            _log.warning("Another server works on the jobs, so they are not paused")
        else:
            self._index.write(self._pause)
        self.is_over = True

    def _pause(self, writer: WriteTransaction) -> None:
        for pk in writer.find_unfinished_jobs(self._last_pk):
            job = writer.lookup_job_by_pk(pk)
            if job is not None:
                self._transitions.move(writer, job, Event.PAUSE, self._clock())
