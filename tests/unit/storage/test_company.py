"""Tests of who is alone."""

import threading

from obelisk.storage.company import Company


def in_another_thread(action):
    """Do something in another thread, and return what it gave."""
    found = []
    thread = threading.Thread(target=lambda: found.append(action()))
    thread.start()
    thread.join()
    return found[0]


def test_who_comes_again_and_again_is_alone():
    """One who came once may have company; one who came eight times has none."""
    company = Company()
    found = []
    for _ in range(9):
        found.append(company.is_alone())
        company.come()

    assert found == [False] * 8 + [True]
    assert not in_another_thread(company.is_alone)


def test_company_is_noticed_at_once():
    """When another thread comes, nobody is alone, until that is long ago."""
    company = Company()
    for _ in range(8):
        company.come()
    assert company.is_alone()

    in_another_thread(company.come)
    company.come()

    assert not company.is_alone()
    for _ in range(7):
        company.come()
    assert company.is_alone()
