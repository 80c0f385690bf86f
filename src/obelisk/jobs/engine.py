"""The workers: threads that take jobs from the queue and step through them."""

import logging
import os
import threading
from dataclasses import dataclass
from time import monotonic

from obelisk.errors import UnavailableError
from obelisk.index.base import Index
from obelisk.index.job_records import JobRow
from obelisk.index.writing import WriteTransaction
from obelisk.jobs.holding import Holding
from obelisk.jobs.ownership import forget_owner
from obelisk.jobs.run import Run, Workplace
from obelisk.jobs.state import Event
from obelisk.metrics.registry import OFF, Metrics
from obelisk.telemetry.context import context

_log = logging.getLogger(__name__)

#: How often the engine looks for what other processes and the time did.
_PERIOD_SECONDS = 0.5

#: How long to wait for a step that was interrupted, when the server stops.
_INTERRUPTED_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How jobs are run.

    Attributes
    ----------
    worker_count
        How many jobs run at the same time (ConcurrentJobs); 0 means one per core.
    is_resuming
        Whether jobs of a former run go on (not ``--no-jobs``).
    """

    worker_count: int = 2
    is_resuming: bool = True

    @property
    def effective_worker_count(self) -> int:
        """The number of workers, whether given or not."""
        return self.worker_count or os.cpu_count() or 1

    @property
    def share(self) -> int:
        """How many workers the jobs of one destination may have."""
        return max(1, self.effective_worker_count // 2)


class Engine:
    """Runs jobs until it is stopped; several engines may work on one index.

    Parameters
    ----------
    index
        Where the jobs are.
    workplace
        What every run needs.
    settings
        How jobs are run.
    metrics
        Where it is noted how long jobs wait.
    """

    def __init__(
        self,
        index: Index,
        workplace: Workplace,
        settings: EngineSettings,
        metrics: Metrics = OFF,
    ) -> None:
        self._metrics = metrics
        self._index = index
        self._workplace = workplace
        self._settings = settings
        self._removal = workplace.services.removal
        self._owner = workplace.owner
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._runs: dict[Run, threading.Thread] = {}
        self._renewed_at = 0.0
        self._holding: Holding | None = None
        #: When the engine last looked for work, by the monotonic clock.
        self.last_sign_of_life = monotonic()
        self._thread = threading.Thread(target=self._run, name="JOBS", daemon=True)

    def start(self) -> None:
        """Start to work, at once or when the jobs of the last run are paused."""
        if not self._settings.is_resuming:
            workplace = self._workplace
            rules, clock = workplace.transitions, workplace.clock
            self._holding = Holding(self._index, rules, clock)
            self._holding.look()
        self._thread.start()

    def hanging_count(self, seconds: float) -> int:
        """Return how many jobs are in a step that has not got on for some time."""
        return sum(run.silence_seconds() > seconds for run in self._running())

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._wake.set()

    def stop(self, timeout_seconds: float) -> None:
        """Take no more jobs, and give back those that run, each after its step.

        A step that takes longer than `timeout_seconds` is interrupted; if that does not
        help, its job goes on from there when its lease has ended.
        """
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._join(timeout_seconds)
        for run in self._running():
            run.interruption.interrupt()
        self._join(_INTERRUPTED_SECONDS)
        try:
            self._leave()
        except UnavailableError as error:
            _log.warning("Others have to clear up after this server: %s", error)

    def _leave(self) -> None:
        """Delete what ends with this process."""
        name = self._owner.name
        with self._index.read() as transaction:
            is_needed = transaction.is_job_owner_needed(name)
        if is_needed:
            keys = self._index.write(lambda writer: self._forget(writer, name))
            self._removal.remove(keys)

    def _join(self, timeout_seconds: float) -> None:
        deadline = monotonic() + timeout_seconds
        with self._lock:
            threads = list(self._runs.values())
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))

    def _running(self) -> list[Run]:
        with self._lock:
            return list(self._runs)

    def _forget(self, writer: WriteTransaction, owner: str) -> list[str]:
        prune = self._workplace.transitions.prune
        return forget_owner(writer, owner, lambda job: prune(writer, job))

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            self.last_sign_of_life = monotonic()
            try:
                for run in self._running():
                    run.feel_pulse()
                self._keep()
                self._interrupt()
                if self._may_claim():
                    self._start_runs()
            except UnavailableError as error:
                _log.warning("Jobs wait: %s", error)
            self._wake.wait(_PERIOD_SECONDS)

    def _may_claim(self) -> bool:
        """Tell whether the jobs of the last run are paused, if they are to be."""
        if self._holding is None:
            return True
        self._holding.look()
        return self._holding.is_over

    def _keep(self) -> None:
        """Renew the leases of this engine, and take up what others and time left."""
        now = self._workplace.clock()
        claims = [run.claim for run in self._running()]
        with self._index.read() as transaction:
            is_needed = claims or transaction.is_job_owner_needed(self._owner.name)
        if is_needed and now - self._renewed_at >= self._owner.lease_seconds / 4:
            self._index.write(lambda writer: self._renew(writer, claims, now))
            self._renewed_at = now
        with self._index.read() as transaction:
            is_due = (
                transaction.find_lost_jobs(now)
                or transaction.find_due_jobs(now)
                or transaction.find_lost_job_owners(now)
            )
        if is_due:
            self._removal.remove(self._index.write(self._take_up))

    def _renew(
        self, writer: WriteTransaction, claims: list[JobRow], now: float
    ) -> None:
        self._owner.keep(writer, now)
        writer.renew_leases(claims, now + self._owner.lease_seconds)

    def _interrupt(self) -> None:
        """End the steps that last too long, or whose jobs somebody wants to be left."""
        runs = self._running()
        if not runs:
            return
        with self._index.read() as transaction:
            wished = set(transaction.find_wished_jobs(self._owner.name))
        for run in runs:
            run.interruption.check_deadlines()
            if run.claim.id in wished:
                run.interruption.interrupt()

    def _take_up(self, writer: WriteTransaction) -> list[str]:
        now, move = self._workplace.clock(), self._workplace.transitions.move
        keys = [
            key
            for owner in writer.find_lost_job_owners(now)
            for key in self._forget(writer, owner)
        ]
        for pks, event in (
            (writer.find_lost_jobs(now), Event.RELEASE),
            (writer.find_due_jobs(now), Event.WAKE),
        ):
            for pk in pks:
                job = writer.lookup_job_by_pk(pk)
                if job is None:
                    continue
                keys += move(writer, job, Event(job.wish) if job.wish else event, now)
        return keys

    def _start_runs(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                if len(self._runs) >= self._settings.effective_worker_count:
                    return
            claim = self._claim()
            if claim is None:
                return
            run = Run(self._workplace, claim, self._stop.is_set)
            thread = threading.Thread(
                target=self._perform, args=(run,), name="JOB", daemon=True
            )
            with self._lock:
                self._runs[run] = thread
            thread.start()

    def _claim(self) -> JobRow | None:
        with self._index.read() as transaction:
            if not transaction.has_pending_job():
                return None
        now = self._workplace.clock()
        until, share = now + self._owner.lease_seconds, self._settings.share
        claim = self._index.write(
            lambda writer: writer.claim_job(self._owner.name, now, until, share)
        )
        if claim is not None and claim.fence == 1 and self._metrics.is_enabled:
            self._metrics.job_waits.of(claim.type).observe(now - claim.created_at)
        return claim

    def _perform(self, run: Run) -> None:
        self._workplace.signals.notify(run.claim.id)
        try:
            with context(job=run.claim.id):
                run.perform()
        finally:
            with self._lock:
                del self._runs[run]
            self._wake.set()
