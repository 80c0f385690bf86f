import threading
from time import monotonic

from obelisk.errors import StorageError
from obelisk.services import health
from obelisk.services.health import OK, Health


def raise_storage_error():
    """Fail as a storage area does."""
    raise StorageError("Cannot write")


def test_each_check_says_what_it_found():
    """An error of the server is what is wrong."""
    checks = {"A": lambda: OK, "B": lambda: "full", "C": raise_storage_error}

    assert Health(checks).check() == {"A": OK, "B": "full", "C": "Cannot write"}


def test_a_check_that_hangs_holds_nobody_up(monkeypatch):
    """It is not begun once more, and the others are done."""
    monkeypatch.setattr(health, "CHECK_SECONDS_MAX", 1.0)
    release, begun = threading.Event(), []

    def hang():
        begun.append(None)
        release.wait(30)
        return OK

    watched = Health({"A": hang, "B": lambda: OK})
    start = monotonic()
    found = [watched.check(), watched.check()]
    elapsed = monotonic() - start
    release.set()

    assert found == [{"A": "hangs", "B": OK}] * 2
    assert len(begun) == 1
    assert elapsed < 25


def test_a_result_is_told_again_for_a_moment(monkeypatch):
    """So that many questions cost no more than one."""
    monkeypatch.setattr(health, "_FRESH_SECONDS", 600)
    begun = []

    def check():
        begun.append(None)
        return OK

    watched = Health({"A": check})
    watched.check()
    watched.check()

    assert len(begun) == 1


def test_a_full_disk_needs_no_new_process():
    """It hangs only if something else is wrong."""
    full = Health({"A": lambda: OK, "Storage": lambda: "full"}, passing=("Storage",))
    broken = Health({"A": lambda: "broken"}, passing=("Storage",))

    assert not full.is_hanging()
    assert broken.is_hanging()
