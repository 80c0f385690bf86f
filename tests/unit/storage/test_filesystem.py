import errno
import multiprocessing
import os
import uuid
from pathlib import Path

import pytest

from obelisk.errors import ReadOnlyError, StorageError, StorageFullError
from obelisk.storage import filesystem
from obelisk.storage.filesystem import FilesystemStorage


@pytest.fixture
def storage(tmp_path):
    """An empty storage area."""
    storage = FilesystemStorage(tmp_path)
    yield storage
    storage.close()


def put(storage, content):
    """Store a content and return its key."""
    pending = storage.create()
    pending.write(content)
    pending.finish()
    pending.confirm()
    return pending.key


def files(root):
    """Return the relative names of all files of a folder, the journal left out."""
    found = (str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    return sorted(name for name in found if not name.startswith("pending/"))


def test_content_lies_in_two_levels_of_folders(storage, tmp_path):
    """The path of a file follows from its key, as in Orthanc."""
    key = put(storage, b"abc")

    assert files(tmp_path) == [f"{key[:2]}/{key[2:4]}/{key}"]


@pytest.mark.parametrize("size", [0, 1, 4_194_304, 4_194_305])
def test_content_is_read_back(storage, size):
    """What was written is read, as chunks and as a view."""
    content = os.urandom(size)
    key = put(storage, content)

    with storage.view(key) as view:
        assert bytes(view) == content
    assert b"".join(storage.read(key)) == content
    assert storage.size(key) == size


def test_range_is_half_open(storage):
    """A range starts with `start` and ends before `stop`."""
    key = put(storage, bytes(range(10)))

    assert b"".join(storage.read(key, 2, 5)) == bytes([2, 3, 4])


def test_range_beyond_the_end_is_an_error(storage):
    """A file that is shorter than the index says is not passed off as whole."""
    key = put(storage, b"abc")

    with pytest.raises(StorageError, match="shorter"):
        list(storage.read(key, 0, 5))


def test_missing_content_is_an_error(storage):
    """Reading what is not there fails at once; deleting it does no harm."""
    with pytest.raises(StorageError):
        storage.read("abcdef")
    with pytest.raises(StorageError), storage.view("abcdef"):
        pass

    storage.delete("abcdef")


def test_discarded_content_leaves_nothing(storage, tmp_path):
    """A content that is given up is gone, finished or not."""
    for is_finished in (False, True):
        pending = storage.create()
        pending.write(b"abc")
        if is_finished:
            pending.finish()
        pending.discard()

    assert files(tmp_path) == []


def test_confirmed_content_outlives_discard(storage):
    """Once the index knows a content, discarding does nothing."""
    key = put(storage, b"abc")
    pending = storage.create()
    pending.finish()
    pending.confirm()

    pending.discard()

    assert storage.size(key) == 3
    assert storage.size(pending.key) == 0


def test_contents_that_come_together_lie_together(storage):
    """Few folders are made for many contents, and not always the same ones."""
    keys = [put(storage, b"abc") for _ in range(600)]

    assert len(set(keys)) == 600
    assert all(uuid.UUID(key).version == 4 for key in keys)
    assert 2 <= len({key[:4] for key in keys}) <= 3


def test_storage_area_that_was_moved_away(tmp_path):
    """Nothing is made in its place, nor in an empty folder; it may come back."""
    root, elsewhere = tmp_path / "area", tmp_path / "elsewhere"
    storage = FilesystemStorage(root)
    key = put(storage, b"abc")
    root.rename(elsewhere)
    for is_replaced in (False, True):
        with pytest.raises(StorageError, match=f"{root} was moved away"):
            storage.create()
        with pytest.raises(StorageError, match=f"{root} was moved away"):
            storage.delete(key)
        assert root.exists() is is_replaced
        root.mkdir(exist_ok=True)
    root.rmdir()
    elsewhere.rename(root)
    other = put(storage, b"d")

    names = sorted(f"{one[:2]}/{one[2:4]}/{one}" for one in (key, other))
    assert files(root) == names
    storage.delete(key)
    storage.delete(key)  # what is gone is no error
    storage.close()


def test_what_is_pending_when_the_storage_area_is_moved(tmp_path):
    """It is not known to be gone, and goes when the area is recovered."""
    root, elsewhere = tmp_path / "area", tmp_path / "elsewhere"
    storage = FilesystemStorage(root)
    pending = storage.create()
    root.rename(elsewhere)
    pending.discard()
    elsewhere.rename(root)
    assert files(root) != []
    storage.close()
    other = FilesystemStorage(root)

    assert other.recover(lambda _: set()) == 1
    assert files(root) == []


def test_what_is_pending_when_the_disk_breaks(tmp_path, monkeypatch):
    """That it cannot be removed hides no other error; it goes later."""

    def fail(_path):
        raise OSError(errno.EROFS, "read-only")

    storage = FilesystemStorage(tmp_path)
    pending = storage.create()
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", fail)
        pending.discard()
    storage.close()
    other = FilesystemStorage(tmp_path)

    assert other.recover(lambda _: set()) == 1
    assert files(tmp_path) == []


def test_storage_area_that_must_be_there(tmp_path):
    """A process that joins others creates none."""
    with pytest.raises(StorageError):
        FilesystemStorage(tmp_path / "area", may_create=False)

    assert not (tmp_path / "area").exists()


def test_full_disk_is_told_apart(storage, monkeypatch):
    """No room left is `StorageFullError`."""

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    pending = storage.create()
    monkeypatch.setattr(filesystem.os, "write", fail)

    with pytest.raises(StorageFullError):
        pending.write(b"abc")
    pending.discard()


def test_short_writes_are_completed(storage, monkeypatch):
    """A write that takes only a part is continued."""
    write = os.write
    pending = storage.create()
    monkeypatch.setattr(filesystem.os, "write", lambda d, b: write(d, bytes(b)[:2]))
    pending.write(b"abcdefg")
    monkeypatch.undo()
    pending.finish()
    pending.confirm()

    assert b"".join(storage.read(pending.key)) == b"abcdefg"


@pytest.fixture
def alone(storage):
    """A storage area in which this thread has been alone for some time."""
    for _ in range(8):
        storage.create().discard()
    return storage


class Begun:
    """A sync that tells for which file it was begun, and fails if it should."""

    def __init__(self, error=None):
        """Remember what to raise."""
        self.error = error
        self.paths = []
        self.waits = 0

    def begin(self, descriptor):
        """Stand in for `begin_sync`."""
        self.paths.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        return self

    def wait(self):
        """Count, and fail if it should."""
        self.waits += 1
        if self.error is not None:
            raise OSError(self.error, os.strerror(self.error))


def refuse_fsync(_):
    """Stand in for `fsync`, where it is not to be called."""
    raise AssertionError


def test_content_that_is_on_its_way_is_waited_for(alone, monkeypatch):
    """What the system has begun with is not begun again, but waited for once."""
    begun = Begun()
    monkeypatch.setattr(filesystem, "begin_sync", begun.begin)
    monkeypatch.setattr(filesystem.os, "fsync", refuse_fsync)
    pending = alone.create()
    pending.write(b"abc")
    pending.begin_finish()
    assert (len(begun.paths), begun.waits) == (1, 0)

    pending.finish()
    pending.confirm()
    pending.discard()

    assert begun.paths[0].endswith(pending.key)
    assert begun.waits == 1
    assert b"".join(alone.read(pending.key)) == b"abc"


@pytest.mark.parametrize(
    ("code", "kind"), [(errno.EIO, StorageError), (errno.ENOSPC, StorageFullError)]
)
def test_content_that_fails_on_its_way_is_no_content(
    alone, tmp_path, monkeypatch, code, kind
):
    """What went wrong meanwhile is told when it is finished."""
    monkeypatch.setattr(filesystem, "begin_sync", Begun(code).begin)
    pending = alone.create()
    pending.begin_finish()

    with pytest.raises(StorageError) as caught:
        pending.finish()
    pending.discard()

    assert caught.type is kind
    assert files(tmp_path) == []


@pytest.mark.parametrize("code", [None, errno.EIO])
def test_content_that_is_given_up_on_its_way_leaves_nothing(
    alone, tmp_path, monkeypatch, code
):
    """Nobody else gets what the system has not done with yet."""
    begun = Begun(code)
    monkeypatch.setattr(filesystem, "begin_sync", begun.begin)
    pending = alone.create()
    pending.begin_finish()

    pending.discard()

    assert begun.waits == 1
    assert files(tmp_path) == []


def test_one_of_several_contents_is_finished_by_its_thread(storage, monkeypatch):
    """What the system cannot do, and what others have time for, `finish` does."""
    synced = []
    begun = Begun()
    monkeypatch.setattr(filesystem, "begin_sync", begun.begin)
    monkeypatch.setattr(filesystem.os, "fsync", synced.append)

    def store_some(count):
        for _ in range(count):
            pending = storage.create()
            pending.begin_finish()
            pending.finish()
            pending.confirm()

    store_some(8)
    assert (len(begun.paths), len(synced)) == (0, 8)
    assert storage.is_alone()
    other = storage.create()
    assert not storage.is_alone()
    store_some(2)
    assert (len(begun.paths), len(synced)) == (0, 10)
    other.discard()
    assert storage.is_alone()
    store_some(2)
    assert (len(begun.paths), len(synced)) == (2, 10)
    monkeypatch.setattr(filesystem, "begin_sync", lambda _: None)
    store_some(2)
    assert (len(begun.paths), len(synced)) == (2, 12)


def test_content_need_not_reach_the_disk(tmp_path, monkeypatch):
    """Where nothing is synced, nothing is begun either."""
    monkeypatch.setattr(filesystem, "begin_sync", refuse_fsync)
    monkeypatch.setattr(filesystem.os, "fsync", refuse_fsync)
    storage = FilesystemStorage(tmp_path, is_synced=False)
    for _ in range(9):
        pending = storage.create()
        pending.write(b"abc")
        pending.begin_finish()
        pending.finish()
        pending.confirm()

    assert b"".join(storage.read(pending.key)) == b"abc"
    storage.close()


def die_with_pending_contents(root, pipe):
    """Leave contents in each state behind, without any clean-up."""
    storage = FilesystemStorage(root)
    started, finished, known = storage.create(), storage.create(), storage.create()
    for pending in (started, finished, known):
        pending.write(b"abc")
    finished.finish()
    known.finish()
    pipe.send(known.key)
    os._exit(9)


def test_recovery_removes_what_a_dead_process_left(tmp_path):
    """Only what the index knows survives the death of its writer."""
    receiver, sender = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=die_with_pending_contents, args=(tmp_path, sender)
    )
    process.start()
    known = receiver.recv()
    process.join()
    storage = FilesystemStorage(tmp_path)
    alive = storage.create()

    count = storage.recover(lambda keys: {known} & set(keys))

    assert count == 2
    assert b"".join(storage.read(known)) == b"abc"
    alive.discard()
    assert files(tmp_path) == [f"{known[:2]}/{known[2:4]}/{known}"]
    storage.close()


def test_recovery_leaves_living_processes_alone(tmp_path):
    """What another server is writing is not touched."""
    first, second = FilesystemStorage(tmp_path), FilesystemStorage(tmp_path)
    pending = first.create()
    pending.write(b"abc")

    assert second.recover(lambda _: set()) == 0

    pending.finish()
    pending.confirm()
    assert second.size(pending.key) == 3
    first.close()
    second.close()


def test_folder_that_cannot_be_written_is_an_error(tmp_path):
    """A file where the folder should be is refused at once."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError):
        FilesystemStorage(tmp_path / "file")


def test_a_storage_area_that_may_not_be_written_to(tmp_path):
    """What is there can be read; nothing is made, not even a folder."""
    storage = FilesystemStorage(tmp_path / "none", is_writable=False)
    for refused in (
        storage.create,
        lambda: storage.delete("abcd"),
        lambda: storage.recover(set),
    ):
        with pytest.raises(ReadOnlyError):
            refused()
    storage.close()

    assert list(tmp_path.iterdir()) == []


def test_end_removes_what_is_unfinished_only(tmp_path):
    """What is finished may be known to the index already: the next start looks."""
    storage = FilesystemStorage(tmp_path)
    unfinished, finished = storage.create(), storage.create()
    unfinished.write(b"abc")
    finished.write(b"abc")
    finished.finish()

    storage.close()

    assert files(tmp_path) == [f"{finished.key[:2]}/{finished.key[2:4]}/{finished.key}"]
    unfinished.discard()
    storage = FilesystemStorage(tmp_path)
    assert storage.recover(lambda _: set()) == 1
    assert files(tmp_path) == []
    storage.close()


def test_the_clock_is_read_for_metrics_only(storage, monkeypatch):
    """Where they are off, nobody pays for them."""

    def fail():
        raise AssertionError

    monkeypatch.setattr(filesystem, "monotonic", fail)
    key = put(storage, b"abc")

    assert b"".join(storage.read(key)) == b"abc"
    with storage.view(key) as content:
        assert bytes(content) == b"abc"
