"""Lists of jobs: whichever way they are found, they are the same."""

import itertools

import pytest

from obelisk.index.job_records import JOB_ORDERS, JobFilter, NewJob
from obelisk.index.sqlite import SQLiteIndex

STATES = ("Pending", "Success", "Failure")
TYPES = ("A", "B", "C")
COUNT = 60


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """An index with jobs: many of one kind, few of the others."""
    index = SQLiteIndex(tmp_path_factory.mktemp("index") / "index.db")

    def fill(writer):
        for number in range(COUNT):
            new = NewJob(
                id=f"{number * 37 % COUNT:03}",
                type=TYPES[(number % 11 == 0) + (number % 29 == 0)],
                arguments="{}",
                content="{}",
                created_at=0.0,
                priority=number % 3,
            )
            pk = writer.insert_job(new)
            if number % 7 == 0:
                state = STATES[1 + (number % 3 == 0)]
                writer.update_job(pk, state=state, completed_at=number * 13 % 17)

    index.write(fill)
    yield index
    index.close()


def expected(jobs, wanted):
    """Return the ids that a filter lets through, found the simple way."""
    column = JOB_ORDERS[wanted.order.removeprefix("-")]
    found = [
        job
        for job in jobs
        if job.state in (wanted.states or STATES)
        and job.type in (wanted.types or TYPES)
    ]

    def key(job):
        value = getattr(job, column)
        return (-1 if value is None else value, job.pk)

    found.sort(key=key, reverse=wanted.order.startswith("-"))
    stop = None if wanted.limit is None else wanted.since + wanted.limit
    return [job.id for job in found[wanted.since : stop]]


@pytest.mark.parametrize("order", [s + o for s in ("", "-") for o in JOB_ORDERS])
def test_every_filter_gives_its_page(index, order):
    """In its order, for all sets of states and types, and pages of all sizes."""
    some_states = [(), *itertools.combinations(STATES, 1), STATES[1:], ("Retry",)]
    some_types = [(), *itertools.combinations(TYPES, 1), TYPES[:2], ("none",)]
    pages = [(0, None), (0, 1), (2, 3), (0, COUNT), (COUNT, 5)]
    with index.read() as transaction:
        jobs = transaction.find_jobs(JobFilter())
        assert len(jobs) == COUNT
        for states, types, page in itertools.product(some_states, some_types, pages):
            wanted = JobFilter(
                states=states, types=types, order=order, since=page[0], limit=page[1]
            )
            assert transaction.find_job_ids(wanted) == expected(jobs, wanted)


def test_few_among_many_are_sorted(index):
    """Not searched for among all; and many are walked over, not sorted."""
    plans = []
    with index.read() as transaction:
        for states in (("Failure",), ("Pending",)):
            wanted = JobFilter(states=states, order="priority", limit=5)
            asked = []
            transaction._connection.set_trace_callback(asked.append)
            transaction.find_job_ids(wanted)
            transaction._connection.set_trace_callback(None)
            plan = transaction._connection.execute(f"EXPLAIN QUERY PLAN {asked[-1]}")
            plans.append(" ".join(row[3] for row in plan))

    assert "job_by_state" in plans[0]
    assert "job_by_priority" in plans[1]
