"""Moves jobs from state to state, inside a transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from obelisk.errors import JobCanceledError, JobStateError, ServerError
from obelisk.index.job_records import JobRow
from obelisk.index.writing import WriteTransaction
from obelisk.jobs.state import COMPLETED, TABLE, Event, State
from obelisk.metrics.registry import OFF, Metrics

#: What a job is like before its first step.
_FRESH = {
    "cursor": "null",
    "owner": None,
    "progress": 0.0,
    "failed_count": 0,
    "attempt_count": 0,
    "runtime": 0.0,
    "completed_at": None,
    "error_code": 0,
    "error_details": "",
    "error_payload": None,
}

_OUTCOMES = {Event.SUCCEED: "success", Event.FAIL: "failure", Event.CANCEL: "canceled"}


@dataclass(frozen=True, slots=True)
class ErrorFacts:
    """What a job keeps of an error.

    Attributes
    ----------
    code
        Its number in the REST API.
    details
        What is behind it, for a person.
    payload
        The same for a program, as JSON, if there is something.
    """

    code: int
    details: str
    payload: str | None = None


class Transitions:
    """The state table, and what goes with each of its arrows.

    Parameters
    ----------
    facts_of
        Says what a job keeps of an error.
    history_size
        How many completed jobs stay.
    metrics
        Where the ends of jobs are noted.
    """

    def __init__(
        self,
        facts_of: Callable[[ServerError], ErrorFacts],
        history_size: int,
        metrics: Metrics = OFF,
    ) -> None:
        self._metrics = metrics
        self._facts_of = facts_of
        self._history_size = history_size

    def ask(
        self, writer: WriteTransaction, job: JobRow, event: Event, now: float
    ) -> list[str]:
        """Do what a user wants of a job; at the end of its step if it runs.

        Returns
        -------
        list
            The keys of files to be removed once the transaction is committed.

        Raises
        ------
        JobStateError
            If its state does not allow that.
        """
        if job.state != State.RUNNING.value or (State.RUNNING, event) not in TABLE:
            return self.move(writer, job, event, now)
        if job.wish != Event.CANCEL.value:
            writer.update_job(job.pk, wish=event.value)
        return []

    def move(
        self,
        writer: WriteTransaction,
        job: JobRow,
        event: Event,
        now: float,
        **columns: object,
    ) -> list[str]:
        """Bring a job to its next state, with new values for other columns.

        See `ask`.
        """
        state = State(job.state)
        target = TABLE.get((state, event))
        if target is None:
            message = f"A job in state {state.value} does not take: {event.value}"
            raise JobStateError(message)
        if target is state:
            return []
        keys: list[str] = []
        if event is Event.CANCEL:
            columns |= self.failure(JobCanceledError(""))
        if event is Event.RESUBMIT:
            columns |= _FRESH | {"sequence": writer.next_job_sequence()}
            writer.clear_job_failures(job.pk)
            keys = writer.delete_job_outputs(job.pk)
        if state is State.RUNNING:
            end = job.updated_at if event is Event.RELEASE else now
            columns |= _ended_run(job, end)
            if target in COMPLETED and self._metrics.is_enabled:
                ended = self._metrics.job_runs.of(job.type, _OUTCOMES[event])
                ended.observe(cast("float", columns["runtime"]))
        if target in COMPLETED:
            columns["completed_at"] = now
        if event is Event.SUCCEED:
            keys = writer.delete_job_files(job.pk)
        writer.update_job(job.pk, state=target.value, updated_at=now, **columns)
        return keys + self.prune(writer, job, target)

    def prune(
        self, writer: WriteTransaction, job: JobRow, state: State | None = None
    ) -> list[str]:
        """Delete what need not be kept any longer, if a job is completed.

        Returns
        -------
        list
            See `ask`.
        """
        state = state or State(job.state)
        if state not in COMPLETED:
            return []
        keys = []
        if state is State.SUCCESS and job.is_auto_deleted and not job.awaiting_count:
            keys = writer.delete_job(job.pk)
        return keys + writer.prune_jobs(self._history_size)

    def failure(self, error: ServerError) -> dict[str, object]:
        """Return the columns of a job that tell of an error."""
        facts = self._facts_of(error)
        return {
            "error_code": facts.code,
            "error_details": facts.details,
            "error_payload": facts.payload,
        }

    def facts_of(self, error: ServerError) -> ErrorFacts:
        """Return what a job keeps of an error."""
        return self._facts_of(error)


def _ended_run(job: JobRow, end: float) -> dict[str, object]:
    """Return the columns of a job that nobody runs any more."""
    since = end if job.running_since is None else job.running_since
    return {
        "owner": None,
        "lease_until": None,
        "wish": None,
        "running_since": None,
        "runtime": job.runtime + max(0.0, end - since),
    }
