"""What is sent to a client, as a job."""

import pytest

from obelisk.errors import ContentGoneError, JobCanceledError
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


def test_it_ends_with_the_server(office, watch):
    """Nobody could go on with it."""
    list(watch())
    office.engine.stop(0)

    assert office.queue.ids(JobFilter()) == []
