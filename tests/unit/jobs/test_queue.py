import threading

import pytest

from obelisk.errors import (
    JobConflictError,
    JobStateError,
    UnavailableError,
    UnknownJobError,
)
from obelisk.index.job_records import JobFilter
from obelisk.jobs.queue import completed, halted
from obelisk.jobs.state import Event
from obelisk.jobs.submission import RequestKey


def claimed_ids(office, **options):
    """Claim until nothing is left; return the ids in that order."""
    claims = iter(lambda: office.claim(**options), None)
    return [claim.id for claim in claims]


def test_higher_priorities_go_first_then_first_come_first_served(office):
    """Also after a priority was changed."""
    low = [office.submit(priority=-1) for _ in range(2)]
    normal = [office.submit() for _ in range(3)]
    high = office.submit(priority=7)
    office.queue.prioritise(normal[2], 9)

    assert claimed_ids(office) == [normal[2], high, *normal[:2], *low]


def test_one_destination_does_not_take_all_workers(office):
    """Others pass by, whatever their priority; local work has no share."""
    dead = [office.submit(destination="dead", priority=5) for _ in range(3)]
    alive = office.submit(destination="alive")
    free = [office.submit() for _ in range(2)]

    assert claimed_ids(office, share=1) == [dead[0], alive, *free]


def test_the_history_is_as_long_as_configured(open_office):
    """What completed first goes first."""
    office = open_office(history_size=2)
    ids = [office.submit() for _ in range(4)]
    for _ in ids:
        office.run()
        office.now += 1

    assert office.queue.ids(JobFilter(order="submission")) == ids[2:]


def test_who_waits_finds_the_job_whatever_the_history(open_office):
    """It goes when nobody waits any more."""
    office = open_office(history_size=0)
    id_ = office.submit(is_awaited=True)
    office.run()

    assert office.queue.wait(id_, completed).state == "Success"
    office.queue.release(id_)
    with pytest.raises(UnknownJobError):
        office.queue.get(id_)


def test_a_job_vanishes_on_success_if_asked_to(office):
    """But stays when it failed."""
    fine = office.submit(is_auto_deleted=True)
    broken = office.submit("break", is_auto_deleted=True)
    claims = [office.claim(), office.claim()]
    for claim in claims:
        office.workplace.signals.notify(claim.id)
    with pytest.raises(UnknownJobError):
        office.run(claims[0])
    office.run(claims[1])

    assert office.queue.ids(JobFilter()) == [broken]
    assert fine != broken


def test_the_same_request_makes_one_job(office):
    """Also at the same time; another request with its key is refused."""
    key = RequestKey("mine", "digest")
    ids = []
    threads = [
        threading.Thread(target=lambda: ids.append(office.submit(request=key)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ids) == 8
    assert len(set(ids)) == 1
    with pytest.raises(JobConflictError):
        office.submit(request=RequestKey("mine", "other"))


def test_lists_can_be_filtered_ordered_and_cut(office):
    """By state and type; in the order of ids, of submission, of priority."""
    ids = [office.submit("break" if n % 2 else "go", priority=n) for n in range(4)]
    for _ in ids:
        office.run()

    def listed(**wanted):
        return office.queue.ids(JobFilter(**wanted))

    assert listed() == sorted(ids)
    assert listed(order="submission") == ids
    assert listed(order="-priority", limit=2, since=1) == [ids[2], ids[1]]
    assert listed(order="-priority", states=("Failure",)) == [ids[3], ids[1]]
    assert listed(order="completion", types=("Nothing",)) == []
    assert sorted(listed(states=("Failure",))) == sorted([ids[1], ids[3]])
    assert listed(types=("Other",)) == []
    assert office.queue.counts() == dict.fromkeys(
        ("Pending", "Running", "Paused", "Retry"), 0
    ) | {"Success": 2, "Failure": 2}


def test_only_what_is_completed_can_be_deleted(office):
    """With all that belongs to it."""
    id_ = office.submit("problem")
    with pytest.raises(JobStateError):
        office.queue.delete(id_)
    office.run()
    assert office.queue.get_output(id_, "paper").size == 3

    office.queue.delete(id_)
    with pytest.raises(UnknownJobError):
        office.queue.get(id_)
    with office.index.read() as transaction:
        assert transaction.find_job_failures(1) == []
        assert transaction.lookup_job_output(1, "paper") is None


def test_an_output_can_be_deleted_alone(office):
    """The job stays."""
    id_ = office.submit()
    office.run()
    office.queue.delete_output(id_, "paper")

    assert office.row(id_).state == "Success"
    for act in (office.queue.get_output, office.queue.delete_output):
        with pytest.raises(UnknownJobError):
            act(id_, "paper")


def test_who_waits_is_woken(office):
    """By the end of the job, or by a pause."""
    id_ = office.submit("go")
    seen = []
    waiter = threading.Thread(
        target=lambda: seen.append(office.queue.wait(id_, halted))
    )
    waiter.start()
    office.queue.ask(id_, Event.PAUSE)
    waiter.join(10)

    assert [row.state for row in seen] == ["Paused"]


def test_who_waits_is_told_that_the_server_stops(office):
    """The job goes on later."""
    id_ = office.submit("go")
    office.signals.close()

    with pytest.raises(UnavailableError):
        office.queue.wait(id_, completed)


def test_resubmitting_starts_all_over(office):
    """Behind the others."""
    failed = office.submit("go", "break")
    office.run()
    other = office.submit()
    office.queue.ask(failed, Event.RESUBMIT)

    row = office.row(failed)
    assert (row.state, row.cursor, row.progress) == ("Pending", "null", 0)
    assert (row.error_code, row.completed_at, row.runtime) == (0, None, 0)
    assert claimed_ids(office) == [other, failed]


def test_a_resumed_job_keeps_its_place(office):
    """It was there first."""
    first, second = office.submit(), office.submit()
    office.queue.ask(first, Event.PAUSE)
    office.queue.ask(first, Event.RESUME)

    assert claimed_ids(office) == [first, second]
