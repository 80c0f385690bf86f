"""The layouts that are kept in memory."""

import threading

import pytest

from obelisk.services.archiving.latest import Latest
from obelisk.services.archiving.layout import Layout
from obelisk.services.archiving.zip_format import Member, dos_time


def made(count, names=None):
    """Return what makes a layout, and notes that it did."""

    def make():
        if names is not None:
            names.append(count)
        layout = Layout(lambda _number, _start, _stop: iter(()))
        for number in range(count):
            layout.add(Member(str(number), dos_time(None), 0, 0), "k")
        layout.finish()
        return layout

    return make


def test_what_was_used_last_stays():
    """As long as all of them are not too large."""
    latest, names = Latest(100), []
    for key in ("a", "b", "a", "c", "a", "b"):
        latest.get(key, made(20, names))

    assert len(names) == 4
    assert latest.get("b", made(1)) is latest.get("b", made(1))


def test_what_is_too_large_is_not_kept():
    """It is made again, and takes nothing away from later ones."""
    latest, names = Latest(100), []
    for _ in range(2):
        assert len(latest.get("large", made(200, names))) == 200
    for _ in range(2):
        latest.get("small", made(1, names))

    assert names == [200, 200, 1]


def test_one_makes_it_for_all():
    """Those who come meanwhile wait for it."""
    latest, names, found = Latest(100), [], []
    is_asked, is_made = threading.Event(), threading.Event()

    def make():
        is_asked.set()
        is_made.wait(10)
        return made(1, names)()

    threads = [
        threading.Thread(target=lambda: found.append(latest.get("a", make)))
        for _ in range(8)
    ]
    threads[0].start()
    is_asked.wait(10)
    for thread in threads[1:]:
        thread.start()
    is_made.set()
    for thread in threads:
        thread.join(10)

    assert len(names) == 1
    assert found == [found[0]] * 8


def test_a_failure_is_not_kept():
    """The next one tries again."""
    latest = Latest(100)
    with pytest.raises(ZeroDivisionError):
        latest.get("a", lambda: 1 // 0)

    assert len(latest.get("a", made(3))) == 3
