"""What is sent to a client, as a job."""

import threading
from contextlib import suppress
from functools import partial

import pytest

from obelisk.errors import (
    ContentGoneError,
    IndexUnavailableError,
    JobCanceledError,
    JobStateError,
    UnavailableError,
    UnknownJobError,
)
from obelisk.index.job_records import JobFilter
from obelisk.jobs.state import Event
from obelisk.jobs.streams import Stream, Streams
from obelisk.services.removal import Removal

CHUNKS = [b"a" * 10, b"b" * 20, b"c" * 10]


@pytest.fixture
def watch(office):
    """Return the function that sends chunks as a job."""
    streams = Streams(
        office.queue,
        office.index,
        Removal(office.index, office.storage),
        office.workplace.transitions,
        office.signals,
    )

    def begin(chunks=CHUNKS):
        stream = Stream(
            submission=office.submission(priority=7, user_data="mine"),
            content=lambda sent: {"Sent": sent},
            progress=lambda sent: sent / 40,
        )
        return streams.watch(stream, chunks)

    return begin


def only(office):
    """Return the only job."""
    (found,) = office.queue.page(JobFilter())
    return found


def test_a_stream_is_a_job(office, watch):
    """From the first chunk to the last."""
    sent = watch()
    assert office.queue.ids(JobFilter()) == []
    first = next(sent)
    during = only(office)
    rest = list(sent)

    assert [first, *rest] == CHUNKS
    assert (during.row.state, during.row.priority) == ("Running", 7)
    assert (during.content, during.user_data) == ({"Sent": 0}, "mine")
    after = only(office)
    assert (after.row.state, after.row.progress) == ("Success", 1.0)
    assert after.content == {"Sent": 40}


def test_nobody_else_takes_it(office, watch):
    """Neither a worker, nor after a while."""
    sent = watch()
    next(sent)
    assert office.claim() is None
    with office.index.read() as transaction:
        assert transaction.find_lost_jobs(office.queue.clock() + 1e6) == []

    assert only(office).row.state == "Running"


def test_a_client_that_leaves_fails_it(office, watch):
    """What was sent counts."""
    sent = watch()
    next(sent)
    next(sent)
    sent.close()

    row = only(office).row
    assert (row.state, row.progress) == ("Failure", 0.25)
    assert row.error_details == "The client left"


def test_cancelling_ends_it(office, watch):
    """Behind the chunk that is sent."""
    sent = watch()
    next(sent)
    office.queue.ask(only(office).row.id, Event.CANCEL)
    with pytest.raises(JobCanceledError):
        next(sent)

    assert only(office).row.state == "Failure"


def test_a_file_that_is_gone_fails_it(office, watch):
    """With the error that the client cannot be told any more."""

    def broken():
        yield b"a"
        raise ContentGoneError

    with pytest.raises(ContentGoneError):
        list(watch(broken()))

    assert only(office).row.state == "Failure"


@pytest.mark.parametrize("shown_count", [0, 1])
def test_an_index_that_fails_breaks_nothing_off(
    office, watch, monkeypatch, shown_count
):
    """Whether it fails at first, when no job is shown, or while chunks are sent."""

    def fail(_action):
        raise IndexUnavailableError

    sent = watch()
    parts = [next(sent) for _ in range(shown_count)]
    for job in office.queue.page(JobFilter()):
        office.signals.notify(job.row.id)
    monkeypatch.setattr(office.index, "write", fail)
    parts += sent
    monkeypatch.undo()

    assert parts == CHUNKS
    assert len(office.queue.ids(JobFilter())) == shown_count


def test_it_ends_with_the_server(office, watch):
    """Nobody could go on with it."""
    list(watch())
    office.engine.stop(0)

    assert office.queue.ids(JobFilter()) == []


@pytest.fixture
def paused(office, watch):
    """Return a stream that is asked to pause, and is asked for more by a thread."""
    sent = watch()
    parts = [next(sent)]
    job = only(office).row
    office.queue.ask(job.id, Event.PAUSE)

    def fetch():
        with suppress(JobCanceledError, UnavailableError):
            parts.extend(sent)

    thread = threading.Thread(target=fetch)
    thread.start()
    office.queue.wait(job.id, lambda row: row.state == "Paused")
    yield job.id, thread, parts
    with suppress(JobStateError, UnknownJobError):
        office.queue.ask(job.id, Event.CANCEL)
    thread.join(10)


def test_a_pause_holds_it(office, paused):
    """Until it is resumed; no worker takes what belongs to a client."""
    id_, thread, parts = paused
    assert (parts, office.queue.get(id_).row.progress) == (CHUNKS[:1], 0.25)
    rules = office.workplace.transitions
    resume = partial(rules.ask, event=Event.RESUME, now=office.now)
    office.index.write(lambda writer: resume(writer, writer.get_job(id_)))
    assert office.claim(owner=office.owner.name) is None
    thread.join(10)

    row = office.queue.get(id_).row
    assert parts == CHUNKS
    assert (row.state, row.progress) == ("Success", 1.0)


def test_what_is_paused_can_be_cancelled(office, paused):
    """And then done again in the background, as other jobs that failed."""
    id_, thread, parts = paused
    office.queue.ask(id_, Event.CANCEL)
    thread.join(10)

    found = office.queue.get(id_)
    assert (parts, found.row.state) == (CHUNKS[:1], "Failure")
    assert found.content == {"Sent": 10}
    office.queue.ask(id_, Event.RESUBMIT)
    assert office.claim(owner=office.owner.name).id == id_


def test_what_is_paused_ends_when_its_job_is_deleted(office, paused):
    """As there is nothing left that could be resumed."""
    id_, thread, parts = paused
    office.index.write(lambda writer: writer.delete_job(writer.get_job(id_).pk))
    thread.join(10)

    assert not thread.is_alive()
    assert parts == CHUNKS[:1]


def test_what_is_paused_ends_with_the_server(office, paused):
    """The client can ask for the rest after the next start."""
    _, thread, parts = paused
    office.signals.close()
    thread.join(10)

    assert not thread.is_alive()
    assert parts == CHUNKS[:1]
