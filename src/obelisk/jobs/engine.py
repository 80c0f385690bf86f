"""The workers: threads that take jobs from the queue and step through them."""

import logging
import os
import platform
import threading
import uuid
from dataclasses import dataclass
from time import monotonic

from obelisk.errors import UnavailableError
from obelisk.index.base import Index
from obelisk.index.job_records import JobRow
from obelisk.index.writing import WriteTransaction
from obelisk.jobs.run import Run, Workplace
from obelisk.jobs.state import Event

_log = logging.getLogger(__name__)

#: How often the engine looks for what other processes and the time did.
_PERIOD_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How jobs are run.

    Attributes
    ----------
    worker_count
        How many jobs run at the same time (ConcurrentJobs); 0 means one per core.
    lease_seconds
        After how long without a sign of life others may take a job.
    is_kept
        Whether jobs outlive the server (SaveJobs).
    is_resuming
        Whether jobs of a former run go on (not ``--no-jobs``).
    """

    worker_count: int = 2
    lease_seconds: float = 5.0
    is_kept: bool = True
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
    """

    def __init__(
        self, index: Index, workplace: Workplace, settings: EngineSettings
    ) -> None:
        self._index = index
        self._workplace = workplace
        self._settings = settings
        self._owner = f"{platform.node()}:{os.getpid()}:{uuid.uuid4()}"
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._runs: dict[Run, threading.Thread] = {}
        self._renewed_at = 0.0
        self._thread = threading.Thread(target=self._run, name="JOBS", daemon=True)

    def start(self) -> None:
        """Recover from the last run, then start to work."""
        self._index.write(self._recover)
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._wake.set()

    def stop(self, timeout_seconds: float) -> None:
        """Take no more jobs, and give back those that run, each after its step.

        A step that takes longer than `timeout_seconds` is left alone: its job goes on
        from there when its lease has ended.
        """
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        deadline = monotonic() + timeout_seconds
        with self._lock:
            threads = list(self._runs.values())
        for thread in threads:
            thread.join(max(0.0, deadline - monotonic()))
        if not self._settings.is_kept:
            self._index.write(_forget_jobs)

    def _recover(self, writer: WriteTransaction) -> None:
        """Put right what the last run left; its leases end by themselves."""
        writer.forget_awaited_jobs()
        _forget_jobs(writer)
        if not self._settings.is_resuming:
            for pk in writer.find_unfinished_jobs():
                job = writer.lookup_job_by_pk(pk)
                if job is not None:
                    now = self._workplace.clock()
                    self._workplace.transitions.move(writer, job, Event.PAUSE, now)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self._keep()
                self._start_runs()
            except UnavailableError as error:
                _log.warning("Jobs wait: %s", error)
            self._wake.wait(_PERIOD_SECONDS)

    def _keep(self) -> None:
        """Renew the leases of this engine, and take up what others and time left."""
        now = self._workplace.clock()
        with self._lock:
            claims = [run.claim for run in self._runs]
        if claims and now - self._renewed_at >= self._settings.lease_seconds / 4:
            until = now + self._settings.lease_seconds
            self._index.write(lambda writer: writer.renew_leases(claims, until))
            self._renewed_at = now
        with self._index.read() as transaction:
            is_due = transaction.find_lost_jobs(now) or transaction.find_due_jobs(now)
        if is_due:
            self._index.write(self._take_up)

    def _take_up(self, writer: WriteTransaction) -> None:
        now, move = self._workplace.clock(), self._workplace.transitions.move
        for pks, event in (
            (writer.find_lost_jobs(now), Event.RELEASE),
            (writer.find_due_jobs(now), Event.WAKE),
        ):
            for pk in pks:
                job = writer.lookup_job_by_pk(pk)
                if job is None:
                    continue
                move(writer, job, Event(job.wish) if job.wish else event, now)

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
        until, share = now + self._settings.lease_seconds, self._settings.share
        return self._index.write(
            lambda writer: writer.claim_job(self._owner, now, until, share)
        )

    def _perform(self, run: Run) -> None:
        self._workplace.signals.notify(run.claim.id)
        try:
            run.perform()
        finally:
            with self._lock:
                del self._runs[run]
            self._wake.set()


def _forget_jobs(writer: WriteTransaction) -> None:
    """Delete the jobs that do not outlive the server; `removal` has their files."""
    for pk in writer.find_jobs_not_kept():
        writer.delete_job(pk)
