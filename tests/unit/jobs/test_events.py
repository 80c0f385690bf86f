"""What happens to jobs is written down in the transaction that does it."""

from obelisk.index.job_records import JobEventType, JobFilter
from obelisk.jobs.state import Event
from obelisk.services.changes import Changes


def told(office, *types):
    """Return what was written, as pairs of id and type."""
    page = Changes(office.index).job_page(types or tuple(JobEventType))
    return [(one.id, one.type.value) for one in page.changes]


def test_each_job_is_submitted_and_ends_once(office):
    """Whatever its steps do."""
    fine, broken = office.submit("go", "go"), office.submit("break")
    office.run(steps=1)
    office.run()
    office.run()

    assert sorted(told(office)) == sorted(
        [
            (fine, "JobSubmitted"),
            (broken, "JobSubmitted"),
            (fine, "JobSuccess"),
            (broken, "JobFailure"),
        ]
    )


def test_a_job_that_never_ran_fails_when_it_is_cancelled(office):
    """Pending or paused; cancelling it once more changes nothing."""
    pending, paused = office.submit("go"), office.submit("go")
    office.queue.ask(paused, Event.PAUSE)
    for id_ in (pending, paused, pending):
        office.queue.ask(id_, Event.CANCEL)

    assert told(office, JobEventType.FAILURE) == [
        (pending, "JobFailure"),
        (paused, "JobFailure"),
    ]


def test_a_job_that_is_done_again_ends_again(office):
    """Also if only what failed is done again."""
    id_ = office.submit("problem", is_permissive=True)
    office.run()
    office.queue.resubmit_failed(id_)
    office.run()

    assert told(office) == [
        (id_, "JobSubmitted"),
        (id_, "JobSuccess"),
        (id_, "JobSuccess"),
    ]


def test_events_outlive_their_jobs(open_office):
    """And can be cleared; numbers go on where they were."""
    office = open_office(history_size=0)
    id_ = office.submit(is_auto_deleted=True)
    claim = office.claim()
    office.workplace.signals.notify(id_)
    office.index.write(lambda writer: writer.delete_job(claim.pk))
    assert office.queue.ids(JobFilter()) == []
    assert told(office) == [(id_, "JobSubmitted")]

    changes = Changes(office.index)
    changes.clear()
    assert told(office) == []
    assert changes.job_page(tuple(JobEventType)).last == 1
    again = office.submit()
    page = changes.job_page(tuple(JobEventType))
    assert [(one.seq, one.id) for one in page.changes] == [(2, again)]


def test_events_are_cut_as_changes_are(office):
    """Forward from a number, or backward up to one."""
    ids = [office.submit() for _ in range(5)]
    page = Changes(office.index).job_page

    def cut(**wanted):
        found = page((JobEventType.SUBMITTED,), **wanted)
        return [ids.index(one.id) for one in found.changes], found.is_done

    assert cut(since=1, limit=2) == ([1, 2], False)
    assert cut(since=3, limit=2) == ([3, 4], True)
    assert cut(to=4, limit=2) == ([2, 3], False)
    assert page((JobEventType.SUCCESS,)).last == 5
