"""The jobs as their users see them: submitted, watched, moved, waited for."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from time import monotonic

import orjson

from obelisk.errors import (
    ForbiddenError,
    JobConflictError,
    JobStateError,
    NotSupportedError,
    ReadOnlyError,
    UnavailableError,
    UnknownJobError,
)
from obelisk.index.base import Index
from obelisk.index.job_records import (
    JobFailure,
    JobFilter,
    JobOutput,
    JobRow,
    NewJob,
)
from obelisk.index.reading import ReadTransaction
from obelisk.index.writing import WriteTransaction
from obelisk.jobs.base import JSON
from obelisk.jobs.ownership import Owner
from obelisk.jobs.registry import JobTypes
from obelisk.jobs.signals import Signals
from obelisk.jobs.state import COMPLETED, Event, State
from obelisk.jobs.submission import Submission
from obelisk.jobs.transitions import Transitions
from obelisk.services.removal import Removal
from obelisk.storage.base import Storage
from obelisk.telemetry.tracing import current_context

#: How often a waiter looks for what another process did.
_POLL_SECONDS = 0.5

#: How many failures a description lists at most.
_FAILURES_MAX = 1000

#: How many jobs are described in one transaction.
_PAGE_SIZE = 100

_COMPLETED = frozenset(state.value for state in COMPLETED)


@dataclass(frozen=True, slots=True)
class JobDescription:
    """One job, with what is kept beside its row."""

    row: JobRow
    content: JSON
    user_data: JSON
    failures: list[JobFailure]

    @property
    def is_completed(self) -> bool:
        """Whether it does nothing more by itself."""
        return self.row.state in _COMPLETED


class JobQueue:
    """Submits, describes and moves jobs; safe to use from several threads.

    Methods that take the id of a job raise `UnknownJobError` if there is none.

    Parameters
    ----------
    index
        Where the jobs are.
    storage
        Where their outputs are.
    types
        The job types.
    transitions
        The rules.
    signals
        Wakes those who wait.
    owner
        This process.
    clock
        The present POSIX time.
    """

    def __init__(
        self,
        index: Index,
        storage: Storage,
        types: JobTypes,
        transitions: Transitions,
        signals: Signals,
        *,
        owner: Owner,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._index = index
        self._storage = storage
        self._removal = Removal(index, storage)
        self._types = types
        self._transitions = transitions
        self._signals = signals
        self._owner = owner
        #: The present POSIX time.
        self.clock = clock
        #: What to call when a job became pending.
        self.on_pending: Callable[[], None] = lambda: None

    def submit(self, submission: Submission) -> str:
        """Add a job to the queue; return its id.

        Raises
        ------
        JobConflictError
            If the key of its request was used for another request.
        ForbiddenError
            If the server may not write anything.
        """
        new = self.new_job(submission)
        try:
            id_ = self._index.write(lambda write: self._insert(write, new, submission))
        except ReadOnlyError as error:
            message = 'There are no jobs under "ReadOnly": ask for it synchronously'
            raise ForbiddenError(message) from error
        for file in submission.files:
            if id_ == new.id:
                file.confirm()
            else:
                file.discard()
        self.on_pending()
        return id_

    def _insert(
        self, writer: WriteTransaction, new: NewJob, submission: Submission
    ) -> str:
        """Add a job unless its request made one; count who waits for it here."""
        request = submission.request
        found = writer.lookup_job_request(request.key) if request else None
        if found is None:
            id_, pk = new.id, writer.insert_job(new)
            writer.add_job_files(pk, [file.key for file in submission.files])
            if request is not None:
                writer.insert_job_request(pk, request.key, request.digest)
        else:
            digest, id_ = found
            if request is not None and digest != request.digest:
                raise JobConflictError
            pk = writer.get_job(id_).pk
        if submission.is_awaited:
            writer.add_job_waiter(pk, self._owner.name)
        if submission.is_awaited or new.keeper:
            self.sign(writer)
        return id_

    def sign(self, writer: WriteTransaction) -> None:
        """Give a sign of life of the process, where a job ends with it."""
        self._owner.keep(writer, self.clock())

    def new_job(self, submission: Submission, *, is_lasting: bool = True) -> NewJob:
        """Return the row that a submission makes, of a job that may outlive us."""
        is_lasting = is_lasting and self._owner.is_lasting
        job, data, trace = submission.job, submission.user_data, current_context()
        return NewJob(
            id=str(uuid.uuid4()),
            type=job.name,
            arguments=orjson.dumps(job.arguments()).decode(),
            content=orjson.dumps(dict(job.content())).decode(),
            created_at=self.clock(),
            priority=submission.priority,
            destination=job.destination,
            retry_policy=submission.retry.to_json() if submission.retry else None,
            user_data=None if data is None else orjson.dumps(data).decode(),
            is_permissive=submission.is_permissive,
            keeper=None if is_lasting else self._owner.name,
            is_auto_deleted=submission.is_auto_deleted,
            trace=None if trace is None else trace.to_text(),
        )

    def get(self, id_: str) -> JobDescription:
        """Describe one job."""
        with self._index.read() as transaction:
            return _described(transaction, transaction.get_job(id_))

    def ids(self, wanted: JobFilter) -> list[str]:
        """Return the ids of some jobs."""
        with self._index.read() as transaction:
            return transaction.find_job_ids(wanted)

    def page(self, wanted: JobFilter) -> list[JobDescription]:
        """Describe some jobs."""
        with self._index.read() as transaction:
            rows = transaction.find_jobs(wanted)
            return [_described(transaction, row) for row in rows]

    def describe(self, ids: Iterable[str]) -> Iterator[JobDescription]:
        """Describe jobs one by one, as they are then; those that are gone are left out.

        No more than some of them are in memory at a time.
        """
        left = iter(ids)
        while chunk := list(islice(left, _PAGE_SIZE)):
            with self._index.read() as transaction:
                rows = [transaction.lookup_job(id_) for id_ in chunk]
                found = [_described(transaction, row) for row in rows if row]
            yield from found

    def counts(self) -> dict[str, int]:
        """Return how many jobs there are in each state."""
        with self._index.read() as transaction:
            return transaction.count_jobs()

    def ask(self, id_: str, event: Event) -> None:
        """Cancel, pause, resume or resubmit a job.

        Raises
        ------
        JobStateError
            If the state of the job does not allow that.
        """

        def move(writer: WriteTransaction) -> list[str]:
            job = writer.get_job(id_)
            return self._transitions.ask(writer, job, event, self.clock())

        self._removal.remove(self._index.write(move))
        self._changed(id_)

    def resubmit_failed(self, id_: str) -> None:
        """Let a job that is completed do again what it could not do, and only that.

        Raises
        ------
        JobStateError
            If the job is not completed, or nothing of it failed.
        NotSupportedError
            If jobs of this type do not know what failed.
        """

        def move(writer: WriteTransaction) -> list[str]:
            job = writer.get_job(id_)
            failed = [one.id for one in writer.find_job_failures(job.pk)]
            if job.state not in _COMPLETED or not failed:
                raise JobStateError("Nothing of this job failed, or it goes on")
            arguments = writer.get_job_arguments(job.pk)
            rest = self._types.load(job.type, arguments).only(failed)
            if rest is None:
                raise NotSupportedError("Jobs of this type can only be done as a whole")
            text = orjson.dumps(rest.arguments()).decode()
            writer.replace_job_arguments(job.pk, text)
            content = orjson.dumps(dict(rest.content())).decode()
            writer.update_job(job.pk, content=content)
            job = job._replace(state=State.FAILURE.value)
            return self._transitions.move(writer, job, Event.RESUBMIT, self.clock())

        self._removal.remove(self._index.write(move))
        self._changed(id_)

    def prioritise(self, id_: str, priority: int) -> None:
        """Give a job another priority."""

        def change(writer: WriteTransaction) -> None:
            writer.update_job(writer.get_job(id_).pk, priority=priority)

        self._index.write(change)
        self._changed(id_)

    def _changed(self, id_: str) -> None:
        self._signals.notify(id_)
        self.on_pending()

    def delete(self, id_: str) -> None:
        """Delete a completed job and its outputs.

        Raises
        ------
        JobStateError
            If it is not completed.
        """

        def delete(writer: WriteTransaction) -> list[str]:
            job = writer.get_job(id_)
            if job.state not in _COMPLETED:
                message = f"A job in state {job.state} cannot be deleted"
                raise JobStateError(message)
            return writer.delete_job(job.pk)

        self._removal.remove(self._index.write(delete))
        self._signals.notify(id_)

    def get_output(self, id_: str, name: str) -> JobOutput:
        """Return an output of a job, which counts as used now.

        Raises
        ------
        UnknownJobError
            If it has none of that name.
        """
        with self._index.read() as transaction:
            output = transaction.lookup_job_output(transaction.get_job(id_).pk, name)
            if output is None:
                raise UnknownJobError(f"Job has no such output: {name}")
            is_latest = transaction.is_job_output_latest(output.key)
        if not is_latest:
            with suppress(ReadOnlyError):
                self._index.write(lambda writer: writer.use_job_output(output.key))
        return output

    def read_output(self, output: JobOutput, start: int, stop: int) -> Iterator[bytes]:
        """Yield a range of the content of an output; see `Storage.read`."""
        return self._storage.read(output.key, start, stop)

    def delete_output(self, id_: str, name: str) -> None:
        """Delete an output of a job; see `get_output`."""

        def delete(writer: WriteTransaction) -> list[str]:
            keys = writer.delete_job_outputs(writer.get_job(id_).pk, name)
            if not keys:
                raise UnknownJobError(f"Job has no such output: {name}")
            return keys

        self._removal.remove(self._index.write(delete))

    def wait(
        self,
        id_: str,
        is_over: Callable[[JobRow], bool],
        timeout_seconds: float | None = None,
    ) -> JobRow:
        """Wait until a job is as wanted, or the time is over; return it as it is then.

        Raises
        ------
        UnavailableError
            If the server stops.
        """
        limit = float("inf") if timeout_seconds is None else timeout_seconds
        deadline = monotonic() + limit
        changed = self._signals.enter(id_)
        try:
            while True:
                changed.clear()
                with self._index.read() as transaction:
                    job = transaction.get_job(id_)
                pause = min(_POLL_SECONDS, deadline - monotonic())
                if is_over(job) or pause <= 0:
                    return job
                if self._signals.is_closed:
                    raise UnavailableError("The server stops; the job will go on")
                changed.wait(pause)
        finally:
            self._signals.leave(id_, changed)

    def release(self, id_: str) -> None:
        """Say that nobody waits for a job any more."""

        def release(writer: WriteTransaction) -> list[str]:
            job = writer.lookup_job(id_)
            if job is None:
                return []
            writer.delete_job_waiter(job.pk, self._owner.name)
            return self._transitions.prune(writer, writer.get_job(id_))

        self._removal.remove(self._index.write(release))


def _described(transaction: ReadTransaction, row: JobRow) -> JobDescription:
    failures = (
        transaction.find_job_failures(row.pk, _FAILURES_MAX) if row.failed_count else []
    )
    text = transaction.get_job_user_data(row.pk) if row.has_user_data else "null"
    content = orjson.loads(row.content)
    return JobDescription(row, content, orjson.loads(text), failures)


def completed(job: JobRow) -> bool:
    """Tell whether a job does nothing more by itself; for `JobQueue.wait`."""
    return job.state in _COMPLETED


def halted(job: JobRow) -> bool:
    """Tell whether a job is completed, or paused; for `JobQueue.wait`."""
    return job.state in _COMPLETED or job.state == State.PAUSED.value
