import os

from obelisk.workers.tally import Tally


def test_numbers_are_shared_between_processes():
    """What a process that was forked counts is seen here."""
    tally = Tally(2)
    tally.add(0, 3)
    pid = os.fork()
    if not pid:
        tally.add(1, 2)
        tally.add(1, 5)
        tally.begin_edition()
        os._exit(0)
    os.waitpid(pid, 0)

    assert [tally.read(0), tally.read(1), tally.edition] == [3, 7, 1]
