import pytest
from hypothesis import given
from hypothesis import strategies as st

from obelisk.jobs.state import COMPLETED, TABLE, Event, State


def reached_from(start):
    """Return the states that can follow, at whatever distance."""
    found, open_ = {start}, [start]
    while open_:
        state = open_.pop()
        for (before, _), after in TABLE.items():
            if before is state and after not in found:
                found.add(after)
                open_.append(after)
    return found


def test_every_state_can_be_reached():
    """From the one in which a job is submitted."""
    assert reached_from(State.PENDING) == set(State)


def test_every_event_does_something():
    """No event of the enumeration is idle."""
    assert {event for _, event in TABLE} == set(Event)


@given(st.lists(st.sampled_from(list(Event)), max_size=30))
def test_nothing_revives_a_success(events):
    """Whatever happens to it."""
    state = State.SUCCESS
    for event in events:
        state = TABLE.get((state, event), state)

    assert state is State.SUCCESS


@pytest.mark.parametrize("event", [Event.CLAIM, Event.FAIL, Event.SUCCEED, Event.WAKE])
def test_what_is_completed_does_nothing_by_itself(event):
    """Only its user can wake a job that failed."""
    assert all((state, event) not in TABLE for state in COMPLETED)
