import fcntl
import os
import subprocess
import sys
import threading

import pytest

from obelisk.index.sqlite import SQLiteIndex
from obelisk.index.turns import SharedTurn

_HOLD = """
import sys, time
from pathlib import Path
from obelisk.index.turns import SharedTurn

with SharedTurn(Path(sys.argv[1])):
    print("holds", flush=True)
    sys.stdin.read()
"""


def is_free(folder):
    """Return whether nobody has the turn."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def test_a_turn_excludes_others_until_it_ends(tmp_path):
    """Also if a block ends with an exception."""
    turn = SharedTurn(tmp_path)
    with turn:
        assert not is_free(tmp_path)
    with pytest.raises(LookupError), turn:
        raise LookupError

    assert is_free(tmp_path)
    turn.close()


def test_a_process_that_is_killed_gives_its_turn_back(tmp_path):
    """Whoever waits gets it then."""
    turn, has_had = SharedTurn(tmp_path), threading.Event()

    def take():
        with turn:
            has_had.set()

    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout.readline() == b"holds\n"
        thread = threading.Thread(target=take)
        thread.start()
        is_early = has_had.wait(0.1)
        holder.kill()
        thread.join(20)

    assert not is_early
    assert has_had.is_set()
    turn.close()


@pytest.mark.parametrize("is_shared", [False, True])
def test_an_index_takes_the_turn_for_its_transactions(tmp_path, is_shared):
    """Only if it is shared; a failed transaction gives it back as well."""
    index = SQLiteIndex(tmp_path / "index", is_shared=is_shared)
    is_taken = index.write(lambda _: not is_free(tmp_path))
    with pytest.raises(ZeroDivisionError):
        index.write(lambda _: 1 / 0)

    assert is_taken is is_shared
    assert is_free(tmp_path)
    index.close()
