import multiprocessing
import os
import uuid

import pytest

from obelisk.storage import journal
from obelisk.storage.journal import Journal


def die(root, keys, left, boot_id):
    """Enter keys, leave some of them, and end without any clean-up."""
    if boot_id is not None:
        journal._boot_id = lambda: boot_id
    entered = Journal(root)
    leaves = {key: entered.enter(key) for key in keys}
    for key in left:
        leaves[key]()
    os._exit(9)


def run_and_kill(root, keys, left=(), boot_id=None):
    """Have a process die with keys in its journal."""
    process = multiprocessing.get_context("fork").Process(
        target=die, args=(root, keys, left, boot_id)
    )
    process.start()
    process.join()


def recovered(root):
    """Return the keys that are to be forgotten, and what is left of the folders."""
    keys = set()
    own = Journal(root)
    own.recover(lambda found: keys.update(found) or len(found))
    own.close()
    return keys, list(root.iterdir())


@pytest.fixture
def keys():
    """Some keys."""
    return [str(uuid.uuid4()) for _ in range(3)]


def test_what_was_pending_is_told_once(tmp_path, keys):
    """Keys that were left are no business of the recovery."""
    run_and_kill(tmp_path, keys, left=keys[1:])

    assert recovered(tmp_path) == ({keys[0]}, [])
    assert recovered(tmp_path) == (set(), [])


def test_what_a_power_cut_left_is_kept(tmp_path, keys, caplog):
    """After a start of the machine, the index is no judge of what was acknowledged."""
    run_and_kill(tmp_path, keys, boot_id=b"another life")

    assert recovered(tmp_path) == (set(), [])
    assert keys[0] in caplog.text


def test_line_that_was_cut_off_counts_for_nothing(tmp_path, keys):
    """The file of a key is created after its line is complete."""
    run_and_kill(tmp_path, keys)
    (path,) = tmp_path.rglob("*.journal")
    path.write_text(path.read_text()[:-5])

    assert recovered(tmp_path) == (set(keys[:2]), [])


def test_files_of_a_journal_go_when_nothing_in_them_is_pending(tmp_path, monkeypatch):
    """A long-lived process does not pile up its past."""
    monkeypatch.setattr(journal, "_JOURNAL_BYTES_MAX", 100)
    own = Journal(tmp_path)
    first = own.enter(str(uuid.uuid4()))
    for _ in range(20):
        own.enter(str(uuid.uuid4()))()

    names = sorted(path.name for path in tmp_path.rglob("*.journal"))
    assert len(names) == 2
    assert names[0] == "1.journal"

    first()

    assert [path.name for path in tmp_path.rglob("*.journal")] == names[1:]
    own.close()
    assert list(tmp_path.iterdir()) == []


def test_what_is_pending_at_the_end_is_left_to_recovery(tmp_path, keys):
    """A process that ends in good order may still have work under way."""
    own = Journal(tmp_path)
    leaves = [own.enter(key) for key in keys]
    leaves[0]()
    own.close()
    leaves[1]()

    assert recovered(tmp_path) == ({keys[2]}, [])


def test_line_that_the_disk_cuts_off_spoils_no_other(tmp_path, keys, monkeypatch):
    """A full disk costs the upload that met it, not the next one."""
    own = Journal(tmp_path)
    write = os.write
    monkeypatch.setattr(
        journal.os, "write", lambda file, line: write(file, bytes(line)[:9])
    )
    with pytest.raises(OSError, match="No space left"):
        own.enter(keys[0])
    monkeypatch.undo()
    own.enter(keys[1])
    own.close()

    assert recovered(tmp_path) == ({keys[1]}, [])


def test_nothing_is_pending_that_could_not_be_entered(tmp_path, keys, monkeypatch):
    """If there is no room for the next file of the journal, nothing stays behind."""
    monkeypatch.setattr(journal, "_JOURNAL_BYTES_MAX", 30)
    own = Journal(tmp_path)
    own.enter(keys[0])()
    with monkeypatch.context() as full:
        full.setattr(own, "_next_file", lambda: os.open(tmp_path / "no" / "such", 0))
        with pytest.raises(OSError, match="No such file"):
            own.enter(keys[1])
    own.enter(keys[2])()

    own.close()
    assert list(tmp_path.iterdir()) == []
