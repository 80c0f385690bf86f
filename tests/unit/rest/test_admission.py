import threading

import pytest

from obelisk.errors import UnavailableError
from obelisk.rest.admission import Admission


def test_bodies_are_limited() -> None:
    """One body too many is refused, until another one has ended."""
    admission = Admission(1, 1)
    with admission.receive(), pytest.raises(UnavailableError), admission.receive():
        pass
    with admission.receive():
        pass


def test_waiting_gives_the_turn_to_others() -> None:
    """While one request waits for its body, another one works."""
    admission = Admission(1, 10)
    has_worked = threading.Event()

    def work() -> None:
        with admission.work():
            has_worked.set()

    with admission.work():
        other = threading.Thread(target=work)
        other.start()
        with admission.wait():
            assert has_worked.wait(10)
        other.join()


def test_progress_is_noted() -> None:
    """Work that ends counts as progress."""
    admission = Admission(1, 1)
    with admission.work():
        pass

    assert admission.seconds_without_progress() < 60
