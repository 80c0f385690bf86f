"""Work that is done for a client while it waits, and is shown among the jobs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic

import orjson

from obelisk.errors import (
    IndexUnavailableError,
    JobCanceledError,
    JobFailedError,
    ReadOnlyError,
    ServerError,
    UnavailableError,
    UnknownJobError,
)
from obelisk.index.base import Index
from obelisk.index.job_records import ENDLESS_LEASE, NewJob
from obelisk.index.writing import WriteTransaction
from obelisk.jobs.base import JSON
from obelisk.jobs.queue import JobQueue
from obelisk.jobs.signals import Signals
from obelisk.jobs.state import COMPLETED, Event, State
from obelisk.jobs.submission import Submission
from obelisk.jobs.transitions import Transitions
from obelisk.services.removal import Removal
from obelisk.telemetry.tracing import child

_PERIOD_SECONDS = 0.25

#: Nobody else takes such a job, not even if it is resumed; it goes when the server
#: starts again.
_OWNER = "a client"

#: Cannot write to file: what the error of a job is whose client is gone.
_GONE = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What is sent to a client.

    Attributes
    ----------
    submission
        The job that would do the same in the background.
    content
        What users are told about the job when so many bytes were sent.
    progress
        How much is done then, 0.0 to 1.0.
    """

    submission: Submission
    content: Callable[[int], Mapping[str, JSON]]
    progress: Callable[[int], float]


class Streams:
    """Shows streams among the jobs; safe to use from several threads.

    Parameters
    ----------
    queue
        The jobs.
    index
        Where they are.
    removal
        Removes the files of jobs that are forgotten.
    transitions
        The rules.
    signals
        Wakes those who wait.
    """

    def __init__(
        self,
        queue: JobQueue,
        index: Index,
        removal: Removal,
        transitions: Transitions,
        signals: Signals,
    ) -> None:
        self._signals = signals
        self._queue = queue
        self._index = index
        self._removal = removal
        self._transitions = transitions

    def watch(self, stream: Stream, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield chunks; the job lasts from the first one to the last, or to `close`.

        A server that may not write anything shows no job, nor does one whose index
        cannot be written to now; what is sent already goes on.

        A job that is paused sends nothing until it is resumed.

        Raises
        ------
        JobCanceledError
            If somebody cancels the job.
        UnavailableError
            If the server stops while it is paused.
        """
        new = self._queue.new_job(stream.submission, is_lasting=False)
        try:
            self._index.write(lambda writer: self._begin(writer, new, stream))
        except (IndexUnavailableError, ReadOnlyError):
            yield from chunks
            return
        span = child(f"job {new.type}")
        span.set({"obelisk.job": new.id})
        error: ServerError | None = JobFailedError(_GONE, "The client left")
        sent, seen_at = 0, monotonic()
        changed = self._signals.enter(new.id)
        try:
            for chunk in chunks:
                yield chunk
                sent += len(chunk)
                if changed.is_set() or monotonic() - seen_at >= _PERIOD_SECONDS:
                    changed.clear()
                    with suppress(IndexUnavailableError):
                        self._go_on(new.id, stream, sent)
                    seen_at = monotonic()
            error = None
        except ServerError as failure:
            error = failure
            raise
        finally:
            self._signals.leave(new.id, changed)
            self._end(new.id, stream, sent, error)
            if error is not None:
                span.fail(error)
            span.end()
            self._signals.notify(new.id)

    def _begin(self, writer: WriteTransaction, new: NewJob, stream: Stream) -> None:
        content = orjson.dumps(dict(stream.content(0))).decode()
        pk = writer.insert_job(replace(new, content=content))
        self._queue.sign(writer)
        self._run(writer, pk)

    def _run(self, writer: WriteTransaction, pk: int) -> None:
        now = self._queue.clock()
        writer.update_job(
            pk,
            state=State.RUNNING.value,
            owner=_OWNER,
            lease_until=ENDLESS_LEASE,
            running_since=now,
            updated_at=now,
        )

    def _go_on(self, id_: str, stream: Stream, sent: int) -> None:
        """Note the progress, and return when more is to be sent."""
        while True:
            state = self._index.write(
                lambda writer: self._note(writer, id_, stream, sent)
            )
            if state is State.RUNNING:
                return
            if state is not State.PAUSED:
                raise JobCanceledError("")
            with suppress(UnknownJobError):
                self._queue.wait(id_, lambda job: job.state != State.PAUSED.value)

    def _note(
        self, writer: WriteTransaction, id_: str, stream: Stream, sent: int
    ) -> State | None:
        """Do what is wanted of a job; return its state then, `None` if it is gone."""
        job = writer.lookup_job(id_)
        if job is None or State(job.state) in COMPLETED:
            return None
        if job.state == State.PENDING.value:
            self._run(writer, job.pk)
            return State.RUNNING
        if job.wish == Event.CANCEL.value:
            return None
        now = self._queue.clock()
        columns = {"progress": stream.progress(sent)}
        if job.wish is None:
            writer.update_job(job.pk, updated_at=now, **columns)
            return State(job.state)
        self._transitions.move(writer, job, Event.PAUSE, now, **columns)
        writer.update_job(job.pk, owner=_OWNER)
        return State.PAUSED

    def _end(
        self, id_: str, stream: Stream, sent: int, error: ServerError | None
    ) -> None:
        def end(writer: WriteTransaction) -> list[str]:
            job = writer.lookup_job(id_)
            if job is None:
                return []
            columns: dict[str, object] = {
                "content": orjson.dumps(dict(stream.content(sent))).decode(),
                "progress": 1.0 if error is None else stream.progress(sent),
            }
            if job.state != State.RUNNING.value:  # it was ended while it was paused
                writer.update_job(job.pk, **columns)
                return []
            event = Event.SUCCEED if error is None else Event.FAIL
            if error is not None:
                columns |= self._transitions.failure(error)
            move = self._transitions.move
            return move(writer, job, event, self._queue.clock(), **columns)

        with suppress(UnavailableError):  # the server stops
            self._removal.remove(self._index.write(end))
