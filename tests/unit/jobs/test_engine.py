import threading

import pytest

from launching import wait_until
from obelisk.index.job_records import ENDLESS_LEASE, JobFilter
from obelisk.jobs.queue import completed
from obelisk.jobs.run import Run
from obelisk.jobs.state import Event
from obelisk.jobs.submission import RetryPolicy


@pytest.fixture
def working(office):
    """An office whose engine runs."""
    office.queue.on_pending = office.engine.wake
    office.engine.start()
    return office


def test_submitted_jobs_are_done(working):
    """By the threads of the engine."""
    ids = [working.submit("go", is_awaited=True) for _ in range(20)]

    states = [working.queue.wait(one, completed, 20).state for one in ids]
    assert states == ["Success"] * 20
    for one in ids:
        working.queue.release(one)
    assert working.queue.counts()["Success"] == 10


def test_an_unforeseen_error_costs_one_job_only(working):
    """The next one finds a worker."""
    bugs = [working.submit("break") for _ in range(3)]
    fine = working.submit("go")

    assert working.queue.wait(fine, completed, 20).state == "Success"
    states = {working.queue.wait(one, completed, 20).state for one in bugs}
    assert states == {"Failure"}


def test_stopping_gives_jobs_back(open_office):
    """After their step, for the next engine to go on."""
    first = open_office()
    first.engine.start()
    id_ = first.submit("gate", "go")
    first.engine.wake()
    first.arrived.wait(10)
    first.engine._stop.set()
    first.gate.set()
    first.engine.stop(10)
    assert first.row(id_).state == "Pending"
    assert first.row(id_).cursor == "1"

    second = open_office()
    second.engine.start()
    assert second.queue.wait(id_, completed, 20).state == "Success"


def test_a_dead_owner_loses_its_jobs(open_office):
    """When the lease has ended, not before."""
    office = open_office()
    id_ = office.submit("go")
    office.claim(owner="dead", lease_seconds=5)
    office.engine._keep()
    assert office.row(id_).state == "Running"

    office.now += 5
    office.engine._keep()
    assert office.row(id_).state == "Pending"
    assert office.run().state == "Success"


def test_a_living_owner_keeps_its_jobs(open_office):
    """However long a step takes."""
    office = open_office()
    office.engine.start()
    id_ = office.submit("gate")
    office.engine.wake()
    office.arrived.wait(10)
    for _ in range(4):
        office.now += 4
        office.engine._keep()

    assert office.row(id_).state == "Running"
    office.gate.set()
    assert office.queue.wait(id_, completed, 20).state == "Success"


def test_jobs_that_are_not_kept_die_with_the_server(open_office):
    """At once if it stops, when its lease has ended if it dies; they never run."""
    office = open_office(is_kept=False)
    office.submit("go")
    office.engine._start_runs = lambda: None
    office.engine.start()
    office.engine.stop(10)
    assert office.queue.ids(JobFilter()) == []

    id_ = office.submit("go")
    other = open_office(is_kept=True)
    other.engine._keep()
    assert other.claim(owner="other") is None
    assert other.queue.ids(JobFilter()) == [id_]
    other.now += 6
    other.engine._keep()
    assert other.queue.ids(JobFilter()) == []


def test_a_start_leaves_alone_what_another_server_needs(open_office):
    """Its jobs that are not kept, and those that somebody waits for there."""
    office = open_office(is_kept=False, history_size=0)
    unsaved, awaited = office.submit("go"), office.submit("go", is_awaited=True)
    for _ in range(4):
        office.now += 2
        office.engine._keep()

        other = open_office(history_size=0)
        other.now = office.now
        other.engine._keep()

    assert office.row(unsaved).awaiting_count == 0
    assert office.row(awaited).awaiting_count == 1
    for _ in range(2):
        claim = office.claim(owner=office.owner.name)
        Run(office.workplace, claim, lambda: False).perform()
    assert office.row(awaited).state == "Success"
    office.queue.release(awaited)
    assert office.queue.ids(JobFilter()) == []


def test_nobody_waits_in_a_dead_server(open_office):
    """So its jobs go as others do; a late waiter of it does no harm."""
    office = open_office(history_size=0)
    id_ = office.submit("go", is_awaited=True, is_auto_deleted=True)
    office.run()
    other = open_office(history_size=0)
    other.now += 6
    other.engine._keep()

    assert other.queue.ids(JobFilter()) == []
    office.queue.release(id_)


@pytest.mark.parametrize(
    ("event", "state"), [(Event.CANCEL, "Failure"), (Event.PAUSE, "Paused")]
)
def test_a_step_that_hangs_is_torn_out_of_its_wait(working, event, state):
    """When its job is cancelled or paused, also by another process."""
    id_ = working.submit("go", "block", "go")
    assert working.arrived.wait(10)
    with working.index.read() as transaction:
        job = transaction.get_job(id_)
    working.index.write(lambda writer: writer.update_job(job.pk, wish=event.value))

    row = working.queue.wait(id_, lambda row: row.state != "Running", 20)
    assert (row.state, row.cursor, row.wish) == (state, "1", None)


def test_a_step_that_hangs_too_long_fails(working):
    """With an error that may be retried."""
    working.patience[0] = 0.2
    id_ = working.submit("block")
    row = working.queue.wait(id_, completed, 20)
    assert (row.state, row.error_details) == (
        "Failure",
        "What a job waited for did not come in time",
    )

    again = working.submit("block", retry=RetryPolicy(1, 60))
    row = working.queue.wait(again, lambda row: row.state == "Retry", 20)
    assert row.attempt_count == 1


def test_a_step_that_hangs_does_not_keep_the_server_from_stopping(open_office):
    """Its job is given back where it was."""
    office = open_office()
    id_ = office.submit("go", "block")
    office.engine.start()
    assert office.arrived.wait(10)
    office.engine.stop(0)

    assert (office.row(id_).state, office.row(id_).cursor) == ("Pending", "1")


def paused(job):
    """Tell whether a job is paused."""
    return job.state == "Paused"


def test_jobs_of_the_last_run_can_be_held_back(open_office):
    """They are paused, and can be resumed one by one; new ones go on."""
    office = open_office()
    pending, running = office.submit("go"), office.submit("go")
    office.queue.prioritise(running, 1)
    office.claim(owner="dead")

    other = open_office(is_resuming=False)
    other.engine.start()
    new = other.submit("go")
    assert not other.engine._may_claim()
    assert other.row(pending).state == "Pending"
    other.now += 6
    other.engine.wake()
    for one in (pending, running):
        assert other.queue.wait(one, paused, 20).state == "Paused"
    assert other.queue.wait(new, completed, 20).state == "Success"
    other.queue.ask(pending, Event.RESUME)
    other.engine.wake()
    assert other.queue.wait(pending, completed, 20).state == "Success"


def test_jobs_that_nobody_runs_are_held_back_at_once(open_office):
    """As after an orderly stop; what is sent to a client is no work of a former run."""
    office = open_office()
    pending, sent = office.submit("go"), office.submit("go")
    columns = {"state": "Running", "lease_until": ENDLESS_LEASE}
    pk = office.row(sent).pk
    office.index.write(lambda writer: writer.update_job(pk, **columns))
    other = open_office(is_resuming=False)
    other.engine.start()

    assert [other.row(one).state for one in (pending, sent)] == ["Paused", "Running"]


def test_jobs_of_another_server_are_not_held_back(open_office):
    """Neither those that it runs, nor those that wait for it."""
    office = open_office()
    pending, running = office.submit("go"), office.submit("go")
    office.queue.prioritise(running, 1)
    claim = office.claim(owner="alive")

    other = open_office(is_resuming=False)
    other.engine.start()
    other.now += 4
    office.index.write(lambda writer: writer.renew_leases([claim], other.now + 5))
    other.now += 2
    other.engine.wake()
    assert other.queue.wait(pending, completed, 20).state == "Success"
    assert other.row(running).state == "Running"


def test_a_step_that_hangs_is_seen(working):
    """As its thread does nothing at all; afterwards all is well."""
    id_ = working.submit("gate", "go", is_awaited=True)
    assert working.arrived.wait(10)
    assert working.engine.hanging_count(600) == 0
    wait_until(lambda: working.engine.hanging_count(1.0) == 1)
    working.gate.set()

    assert working.queue.wait(id_, completed, 20).state == "Success"
    assert working.engine.hanging_count(0) == 0


def test_a_step_that_waits_for_a_peer_does_not_hang(working):
    """It will be torn out of that in time."""
    working.patience[0] = 2.5
    id_ = working.submit("block")
    assert working.arrived.wait(10)
    pause, counts = threading.Event(), []
    for _ in range(40):
        counts.append(working.engine.hanging_count(1.5))
        pause.wait(0.05)

    assert set(counts) == {0}
    assert working.queue.wait(id_, completed, 20).state == "Failure"
