import pytest

from obelisk.errors import InvalidArgumentError
from obelisk.jobs.state import Event
from obelisk.jobs.submission import RetryPolicy


def removals(office):
    """Return what the steps ``add`` left in the index."""
    with office.index.read() as transaction:
        return transaction.find_removals()


def test_a_job_goes_through_all_its_steps(office):
    """And tells what it did, how long it took, and when it ended."""
    id_ = office.submit("go", "go", user_data={"a": [1]})

    row = office.run()

    found = office.queue.get(id_)
    assert (row.state, row.progress, row.completed_at) == ("Success", 1.0, office.now)
    assert found.content == {"Words": 2, "Said": 2}
    assert found.user_data == {"a": [1]}
    assert (row.owner, row.running_since, row.error_code) == (None, None, 0)


def test_the_cursor_outlives_the_worker(office):
    """A job that was given back goes on where it was."""
    office.submit("go", "go", "go")

    row = office.run(steps=2)
    assert (row.state, row.cursor, round(row.progress, 2)) == ("Pending", "2", 0.67)

    assert office.run().state == "Success"


def test_a_change_is_committed_with_the_cursor(office):
    """Both or none of them."""
    office.submit("add", "add")
    row = office.run(steps=1)

    assert row.cursor == "1"
    assert len(removals(office)) == 1


def test_who_lost_a_job_cannot_write(office):
    """Neither the cursor nor the effect of its step."""
    id_ = office.submit("add", "gate")
    old = office.claim()
    office.now += 10
    office.index.write(office.engine._take_up)
    new = office.claim(owner="other")

    office.run(old)

    assert (old.fence, new.fence) == (1, 2)
    assert removals(office) == []
    row = office.row(id_)
    assert (row.state, row.owner, row.cursor) == ("Running", "other", "null")


def test_a_step_that_fails_fails_the_job(office):
    """With the facts of its error."""
    office.submit("go", "break")
    row = office.run()

    assert (row.state, row.error_details, row.error_code) == ("Failure", "it broke", 8)
    assert row.progress == 0.5


def test_a_permissive_job_tells_what_it_left_out(office):
    """It goes on, and does not hide what it could not do."""
    id_ = office.submit("break", "go", "problem", "break", is_permissive=True)
    row = office.run()

    found = office.queue.get(id_)
    assert (row.state, row.failed_count) == ("Success", 3)
    assert [one.id for one in found.failures] == ["item 0", "item 2", "item 3"]
    assert found.failures[0].error_details == "it broke"


def test_a_permissive_job_can_do_the_rest_again(office):
    """Only what failed, as a new run of the same job."""
    id_ = office.submit("break", "go", "problem", is_permissive=True)
    office.run()
    office.queue.resubmit_failed(id_)
    row = office.run()

    found = office.queue.get(id_)
    assert (row.state, row.failed_count, found.failures) == ("Success", 0, [])
    assert found.content["Words"] == 2


def test_an_unforeseen_error_fails_the_job(office):
    """Its text is not told."""
    id_ = office.submit("bug")
    with pytest.raises(ZeroDivisionError):
        office.run()

    row = office.row(id_)
    assert (row.state, row.error_details) == ("Failure", "Internal error")


def test_a_step_may_ask_for_time(office):
    """The job waits in the state Retry until the time is over."""
    id_ = office.submit("wait")
    assert office.run().state == "Retry"

    office.engine._keep()
    assert office.row(id_).state == "Retry"
    office.now += 61
    office.engine._keep()
    assert office.row(id_).state == "Pending"


def test_a_job_tries_again_what_lacks_something(office):
    """As often as its policy says, longer and longer apart."""
    id_ = office.submit("lack", retry=RetryPolicy(2, 10.0, 3.0))
    for pause in (10, 30):
        assert office.run().state == "Retry"
        office.now += pause - 1
        office.engine._keep()
        assert office.row(id_).state == "Retry"
        office.now += 1
        office.engine._keep()

    row = office.run()
    assert (row.state, row.error_details) == ("Failure", "nobody is there")


def test_what_is_wrong_for_good_is_not_tried_again(office):
    """A retry would be pointless."""
    office.submit("break", retry=RetryPolicy(5))

    assert office.run().state == "Failure"


@pytest.mark.parametrize("numbers", [(0,), (-1,), (1, -1.0), (1, 1.0, 0.5)])
def test_a_policy_makes_sense(numbers):
    """Numbers that do not are refused."""
    with pytest.raises(InvalidArgumentError):
        RetryPolicy(*numbers)


@pytest.mark.parametrize(
    ("event", "state"), [(Event.CANCEL, "Failure"), (Event.PAUSE, "Paused")]
)
def test_a_wish_is_done_at_the_end_of_the_step(office, event, state):
    """What the step did is kept."""
    id_ = office.submit("go", "go")
    claim = office.claim()
    office.queue.ask(id_, event)
    assert office.row(id_).state == "Running"

    row = office.run(claim)
    assert (row.state, row.cursor, row.wish) == (state, "1", None)


def test_cancelling_wins_over_pausing(office):
    """Whichever was asked first."""
    id_ = office.submit("go", "go")
    claim = office.claim()
    office.queue.ask(id_, Event.CANCEL)
    office.queue.ask(id_, Event.PAUSE)

    assert office.run(claim).state == "Failure"


def test_the_last_step_wins_over_a_wish(office):
    """What is done is done."""
    id_ = office.submit()
    claim = office.claim()
    office.queue.ask(id_, Event.CANCEL)

    assert office.run(claim).state == "Success"


def test_a_type_that_is_unknown_fails(office):
    """And the job stays, with the reason."""
    id_ = office.submit("go")
    office.index.write(lambda writer: writer.update_job(1, type="Gone"))
    row = office.run()

    assert row.state == "Failure"
    assert "Gone" in office.row(id_).error_details


def test_time_counts_only_while_it_runs(office):
    """Not while it is paused."""
    id_ = office.submit("go", "go", "go")
    claim = office.claim()
    office.now += 2
    office.queue.ask(id_, Event.PAUSE)
    office.run(claim)
    office.now += 100
    office.queue.ask(id_, Event.RESUME)

    claim = office.claim()
    office.now += 3
    assert office.run(claim).runtime == 5


def test_a_change_that_breaks_a_rule_of_the_index_fails_the_job(office):
    """It is not tried for ever."""
    office.submit("clash")
    row = office.run()

    assert row.state == "Failure"
    assert "constraint" in row.error_details
