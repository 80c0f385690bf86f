"""One job in the hands of one worker, from its claim to its end."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import orjson

from obelisk.errors import (
    ClaimLostError,
    IndexUnavailableError,
    ServerError,
    StepInterruptedError,
    UnavailableError,
)
from obelisk.index.job_records import JobFailure, JobRow
from obelisk.index.writing import WriteTransaction
from obelisk.jobs.base import (
    Change,
    Continue,
    Done,
    Job,
    JobServices,
    Outcome,
    Problem,
    Retry,
)
from obelisk.jobs.interruption import Interruption
from obelisk.jobs.ownership import Owner
from obelisk.jobs.pulse import Pulse
from obelisk.jobs.registry import JobTypes
from obelisk.jobs.signals import Signals
from obelisk.jobs.state import Event, State
from obelisk.jobs.submission import RetryPolicy
from obelisk.jobs.transitions import Transitions
from obelisk.telemetry.trace_context import TraceContext
from obelisk.telemetry.tracing import NO_SPAN, TRACER, Kind, child

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Failed:
    """The job fails."""

    error: ServerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What every run needs.

    Attributes
    ----------
    owner
        The process.
    services
        What steps work with.
    types
        The job types.
    transitions
        The rules.
    signals
        Wakes those who wait.
    clock
        The present POSIX time.
    """

    owner: Owner
    services: JobServices
    types: JobTypes
    transitions: Transitions
    signals: Signals
    clock: Callable[[], float]


class Run:
    """Steps through one job.

    Each step is committed together with its effect, where that is in the index, and
    only while the claim holds.

    Parameters
    ----------
    workplace
        What every run needs.
    claim
        The job as it was claimed.
    is_stopping
        Tells whether the job is to be given back after the present step.
    """

    def __init__(
        self, workplace: Workplace, claim: JobRow, is_stopping: Callable[[], bool]
    ) -> None:
        self._workplace = workplace
        #: The job as it was claimed.
        self.claim = claim
        self._is_stopping = is_stopping
        #: Ends a step that blocks.
        self.interruption = Interruption()
        self._services = replace(workplace.services, interruption=self.interruption)
        self._cursor: Any = orjson.loads(claim.cursor)
        self._span = NO_SPAN
        self._pulse: Pulse | None = None

    def feel_pulse(self) -> None:
        """Look whether the thread that performs this gets on."""
        if self._pulse is not None:
            self._pulse.feel(is_resting=self.interruption.is_waiting)

    def silence_seconds(self) -> float:
        """Return for how long it has not, other than in a wait that can be ended."""
        return 0.0 if self._pulse is None else self._pulse.silence_seconds()

    def perform(self) -> None:
        """Do all steps; an error that is none of ours fails the job, then goes on."""
        self._pulse = Pulse()
        is_settled = False
        parent = TraceContext.from_text(self.claim.trace or "")
        try:
            self._span = TRACER.start(f"job {self.claim.type}", Kind.INTERNAL, parent)
            with self._span:
                self._perform()
            is_settled = True
        except (ClaimLostError, IndexUnavailableError) as error:
            _log.warning("Job %s is left to others: %s", self.claim.id, error)
            is_settled = True
        finally:
            if not is_settled:
                _log.error("Job %s met an error that nobody foresaw", self.claim.id)
                self._commit(_Failed(ServerError("Internal error")))

    def _perform(self) -> None:
        index = self._workplace.services.index
        try:
            with index.read() as transaction:
                arguments = transaction.get_job_arguments(self.claim.pk)
            job = self._workplace.types.load(self.claim.type, arguments)
        except ServerError as error:
            self._commit(_Failed(error))
            return
        while self._advance(job):
            if self._is_stopping():
                index.write(self._give_back)
                return

    def _advance(self, job: Job) -> bool:
        """Do one step; return whether the job goes on."""
        with child("step"):
            return self._advance_by_step(job)

    def _advance_by_step(self, job: Job) -> bool:
        try:
            return self._commit(job.step(self._services, self._cursor))
        except (ClaimLostError, IndexUnavailableError):
            raise
        except StepInterruptedError:
            return self._commit(Continue(self._cursor, 0.0))
        except ServerError as error:
            return self._commit(self._after(job, error))

    def _after(self, job: Job, error: ServerError) -> Outcome | _Failed:
        """Return what follows from the error of a step."""
        _log.info("A step of job %s failed: %s", self.claim.id, error)
        policy = self.claim.retry_policy
        if policy is not None and isinstance(error, UnavailableError):
            retry = RetryPolicy.from_json(policy)
            if self.claim.attempt_count < retry.attempts:
                return Retry(retry.seconds_before(self.claim.attempt_count))
        skipped = job.skip(self._cursor, error) if self.claim.is_permissive else None
        return skipped or _Failed(error)

    def _commit(self, outcome: Outcome | _Failed) -> bool:
        workplace = self._workplace
        if isinstance(outcome, _Failed):
            self._span.fail(outcome.error)
        state, keys = workplace.services.index.write(
            lambda writer: self._settle(writer, outcome)
        )
        if isinstance(outcome, Change):
            outcome.after()
            if not state:
                outcome.halt()
        workplace.services.removal.remove(keys)
        workplace.signals.notify(self.claim.id)
        return state

    def _settle(
        self, writer: WriteTransaction, outcome: Outcome | _Failed
    ) -> tuple[bool, list[str]]:
        """Commit one step; return whether the job goes on, and files to be removed."""
        job = self._held(writer)
        if isinstance(outcome, Change):
            outcome = outcome.action(writer)
        now = self._workplace.clock()
        move = self._workplace.transitions.move
        match outcome:
            case Continue():
                return self._go_on(writer, job, outcome, now)
            case Retry():
                columns: dict[str, object] = {
                    "retry_at": now + outcome.after_seconds,
                    "attempt_count": job.attempt_count + 1,
                }
                event = Event(job.wish) if job.wish else Event.WAIT
                return False, move(writer, job, event, now, **columns)
            case Done():
                columns = self._columns(writer, job, outcome)
                columns["progress"] = 1.0
                writer.add_job_outputs(job.pk, outcome.outputs)
                return False, move(writer, job, Event.SUCCEED, now, **columns)
            case _Failed():
                columns = self._workplace.transitions.failure(outcome.error)
                return False, move(writer, job, Event.FAIL, now, **columns)

    def _held(self, writer: WriteTransaction) -> JobRow:
        job = writer.lookup_job_by_pk(self.claim.pk)
        held = (State.RUNNING.value, self.claim.fence)
        if job is None or (job.state, job.fence) != held:
            raise ClaimLostError
        return job

    def _go_on(
        self, writer: WriteTransaction, job: JobRow, outcome: Continue, now: float
    ) -> tuple[bool, list[str]]:
        columns = self._columns(writer, job, outcome)
        columns["cursor"] = orjson.dumps(outcome.cursor).decode()
        columns["progress"] = max(job.progress, outcome.progress)
        self._cursor = outcome.cursor
        if job.wish:
            move = self._workplace.transitions.move
            return False, move(writer, job, Event(job.wish), now, **columns)
        writer.update_job(job.pk, updated_at=now, **columns)
        return True, []

    def _columns(
        self, writer: WriteTransaction, job: JobRow, outcome: Continue | Done
    ) -> dict[str, object]:
        """Return what all progress changes, and note the problems."""
        columns: dict[str, object] = {"attempt_count": 0}
        self.claim = self.claim._replace(attempt_count=0)
        if outcome.problems:
            failures = [self._failure(problem) for problem in outcome.problems]
            writer.add_job_failures(job.pk, job.failed_count, failures)
            columns["failed_count"] = job.failed_count + len(failures)
        if outcome.content:
            content = orjson.loads(job.content) | outcome.content
            columns["content"] = orjson.dumps(content).decode()
        return columns

    def _failure(self, problem: Problem) -> JobFailure:
        facts = self._workplace.transitions.facts_of(problem.error)
        return JobFailure(problem.id, facts.code, facts.details)

    def _give_back(self, writer: WriteTransaction) -> None:
        job = self._held(writer)
        now = self._workplace.clock()
        self._workplace.transitions.move(writer, job, Event.RELEASE, now)
