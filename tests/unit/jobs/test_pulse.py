"""`jobs.pulse`: who takes no time of the processors hangs."""

import threading
from time import monotonic

import pytest

from obelisk.jobs.pulse import Pulse


@pytest.fixture
def patient():
    """A thread that hangs until it is released: its pulse, and an event for that."""
    made, release = [], threading.Event()
    is_made = threading.Event()

    def hang():
        made.append(Pulse())
        is_made.set()
        release.wait(30)

    thread = threading.Thread(target=hang)
    thread.start()
    assert is_made.wait(10)
    yield made[0], release
    release.set()
    thread.join()


def feel_for(pulse, seconds, *, is_resting=False):
    """Feel a pulse again and again."""
    deadline, pause = monotonic() + seconds, threading.Event()
    while monotonic() < deadline:
        pulse.feel(is_resting=is_resting)
        pause.wait(0.01)


def test_a_thread_that_hangs_has_no_pulse(patient):
    """The longer it hangs, the longer."""
    pulse, _ = patient
    feel_for(pulse, 0.5)

    assert 0.25 < pulse.silence_seconds() < 30


def test_a_thread_that_may_hang_is_well(patient):
    """As if it had just worked."""
    pulse, _ = patient
    feel_for(pulse, 0.3)
    pulse.feel(is_resting=True)

    assert pulse.silence_seconds() < 0.3


def test_a_thread_that_works_has_a_pulse():
    """As the thread of this test does."""
    pulse = Pulse()
    deadline = monotonic() + 0.5
    while monotonic() < deadline:
        pulse.feel(is_resting=False)

    assert pulse.silence_seconds() < 0.25
