"""The states of a job, and what leads from one to another: one table."""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class State(Enum):
    """Where a job is; the values are Orthanc's."""

    PENDING = "Pending"
    RUNNING = "Running"
    PAUSED = "Paused"
    RETRY = "Retry"
    SUCCESS = "Success"
    FAILURE = "Failure"


class Event(Enum):
    """What happens to a job; the values of the first four are words of users."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    RESUBMIT = "resubmit"
    CLAIM = "a worker takes it"
    RELEASE = "its worker stops or dies"
    WAIT = "a step asks for time"
    WAKE = "the time is over"
    SUCCEED = "the last step is done"
    FAIL = "a step fails"


TABLE: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.PENDING, Event.CLAIM): State.RUNNING,
        (State.PENDING, Event.CANCEL): State.FAILURE,
        (State.PENDING, Event.PAUSE): State.PAUSED,
        (State.RUNNING, Event.CANCEL): State.FAILURE,
        (State.RUNNING, Event.PAUSE): State.PAUSED,
        (State.RUNNING, Event.RELEASE): State.PENDING,
        (State.RUNNING, Event.WAIT): State.RETRY,
        (State.RUNNING, Event.SUCCEED): State.SUCCESS,
        (State.RUNNING, Event.FAIL): State.FAILURE,
        (State.PAUSED, Event.CANCEL): State.FAILURE,
        (State.PAUSED, Event.PAUSE): State.PAUSED,
        (State.PAUSED, Event.RESUME): State.PENDING,
        (State.RETRY, Event.WAKE): State.PENDING,
        (State.RETRY, Event.CANCEL): State.FAILURE,
        (State.RETRY, Event.PAUSE): State.PAUSED,
        (State.SUCCESS, Event.CANCEL): State.SUCCESS,
        (State.SUCCESS, Event.PAUSE): State.SUCCESS,
        (State.FAILURE, Event.CANCEL): State.FAILURE,
        (State.FAILURE, Event.PAUSE): State.FAILURE,
        (State.FAILURE, Event.RESUBMIT): State.PENDING,
    }
)
"""The next state; a pair that is absent cannot happen, or is refused.

What a user wants of a running job is done at the end of its step.
"""

COMPLETED = frozenset({State.SUCCESS, State.FAILURE})
"""The states in which a job does nothing more by itself."""
