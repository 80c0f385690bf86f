"""`jobs.pulse`: who takes no time of the processors hangs."""

import threading
from time import monotonic

import pytest

from launching import wait_until
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


def feel_silence(pulse):
    """Feel a pulse until there is none for a while."""

    def is_silent():
        pulse.feel(is_resting=False)
        return pulse.silence_seconds() > 0.25

    wait_until(is_silent)


def test_a_thread_that_hangs_has_no_pulse(patient):
    """The longer it hangs, the longer."""
    pulse, _ = patient
    feel_silence(pulse)
    pulse.feel(is_resting=False)

    assert 0.25 < pulse.silence_seconds() < 30


def test_a_thread_that_may_hang_is_well(patient):
    """As if it had just worked."""
    pulse, _ = patient
    feel_silence(pulse)
    begun = monotonic()
    pulse.feel(is_resting=True)

    assert pulse.silence_seconds() <= monotonic() - begun


def test_a_thread_that_works_has_a_pulse():
    """As the thread of this test does."""
    pulse = Pulse()
    for _ in range(10):
        begun = monotonic()
        while monotonic() - begun < 0.05:
            pass
        pulse.feel(is_resting=False)

        assert pulse.silence_seconds() <= monotonic() - begun - 0.05
