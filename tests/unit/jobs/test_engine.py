import pytest

from obelisk.index.job_records import JobFilter
from obelisk.jobs.queue import completed
from obelisk.jobs.state import Event


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
    assert {working.row(one).state for one in bugs} == {"Failure"}


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
    """Whether it stopped or died."""
    office = open_office(is_kept=False)
    office.submit("go")
    office.engine.start()
    office.engine.stop(10)
    assert office.queue.ids(JobFilter()) == []

    office.submit("go")
    other = open_office(is_kept=True)
    other.engine.start()
    assert other.queue.ids(JobFilter()) == []


def test_jobs_of_the_last_run_can_be_held_back(open_office):
    """They are paused, and can be resumed one by one."""
    office = open_office()
    pending, running = office.submit("go"), office.submit("go")
    office.queue.prioritise(running, 1)
    office.claim(owner="dead")

    other = open_office(is_resuming=False)
    other.engine.start()
    assert {other.row(one).state for one in (pending, running)} == {"Paused"}
    other.queue.ask(pending, Event.RESUME)
    other.engine.wake()
    assert other.queue.wait(pending, completed, 20).state == "Success"
