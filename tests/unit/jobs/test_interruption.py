"""`jobs.interruption`: what blocks is closed, once, and told from other errors."""

import socket

import pytest

from obelisk.errors import RemoteError, StepInterruptedError, StepTimeoutError
from obelisk.jobs.interruption import Interruption


def test_errors_of_others_stay_as_they_are():
    """Nothing was closed."""
    interruption, closed = Interruption(), []
    with (
        pytest.raises(RemoteError) as caught,
        interruption.closing(lambda: closed.append(1)),
    ):
        raise RemoteError("nobody is there")

    assert type(caught.value) is RemoteError
    interruption.interrupt()
    interruption.check_deadlines()
    assert closed == []


def test_an_interrupted_wait_says_so():
    """Whatever its call raised; and no further wait begins."""
    interruption, closed = Interruption(), []

    def wait():
        with interruption.closing(lambda: closed.append(1), seconds=0):
            interruption.interrupt()
            interruption.interrupt()
            interruption.check_deadlines()
            raise OSError

    with pytest.raises(StepInterruptedError):
        wait()
    with pytest.raises(StepInterruptedError), interruption.closing(closed.clear):
        closed.append(2)
    assert closed == [1]


def test_what_cannot_be_closed_does_no_harm():
    """Its step has closed it at the same moment."""
    ours, theirs = socket.socketpair()
    theirs.close()
    ours.close()
    interruption = Interruption()
    with interruption.closing(lambda: ours.shutdown(socket.SHUT_RDWR), seconds=0):
        interruption.check_deadlines()
    with interruption.closing(lambda: ours.shutdown(socket.SHUT_RDWR)):
        interruption.interrupt()


def test_a_wait_that_is_overdue_says_so():
    """The next one has a time of its own."""
    interruption, closed = Interruption(), []

    def wait():
        with interruption.closing(lambda: closed.append(1), seconds=0):
            interruption.check_deadlines()
            interruption.check_deadlines()
            raise RemoteError

    with pytest.raises(StepTimeoutError):
        wait()
    with interruption.closing(lambda: closed.append(2), seconds=60):
        interruption.check_deadlines()
    assert closed == [1]
