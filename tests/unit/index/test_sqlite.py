import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from obelisk.config import OverwriteMode
from obelisk.dicom.levels import Level
from obelisk.errors import IndexFullError, IndexUnavailableError, ReadOnlyError
from obelisk.index.records import StoreStatus
from obelisk.index.sqlite import SQLiteIndex
from obelisk.metrics import registry


def store(index, new):
    """Store an instance in a transaction of its own."""
    return index.write(lambda w: w.store_instance(new, OverwriteMode.NEVER))


def count(index):
    """Return the number of instances."""
    with index.read() as transaction:
        return transaction.total_counts().instance_count


def test_failed_action_is_undone_alone(index, make):
    """What one writer did before it failed is gone, and only that."""

    def fail(writer):
        writer.store_instance(make(sop="bad"), OverwriteMode.NEVER)
        message = "no"
        raise ValueError(message)

    store(index, make(sop="good"))

    with pytest.raises(ValueError, match="no"):
        index.write(fail)

    assert count(index) == 1


def test_full_database(index, make):
    """What has no room is undone, and the error says so; then things go on."""
    store(index, make(sop="good"))
    (pages,) = index._writer.execute("PRAGMA page_count").fetchone()
    index._writer.execute(f"PRAGMA max_page_count = {pages}")

    def fill(writer):
        for number in range(1000):
            writer.store_instance(make(sop=f"bad {number}"), OverwriteMode.NEVER)

    with pytest.raises(IndexFullError):
        index.write(fill)
    index._writer.execute("PRAGMA max_page_count = 1000000")
    store(index, make(sop="another"))

    assert count(index) == 2


def test_database_that_was_moved_away(tmp_path):
    """Connections that are open go on; none makes a new database in its place."""
    path = tmp_path / "folder" / "index.db"
    path.parent.mkdir()
    index = SQLiteIndex(path)
    with index.read():
        path.parent.rename(tmp_path / "elsewhere")
        path.parent.mkdir()
        with pytest.raises(IndexUnavailableError, match=f"{path}, which may have"):
            index.begin_reading()
    assert count(index) == 0
    index.close()
    with pytest.raises(IndexUnavailableError):
        SQLiteIndex(path, may_create=False)

    assert list(path.parent.iterdir()) == []


def test_waiting_writes_share_a_transaction(index, make):
    """Writes that wait for the same turn all succeed, but for the one that fails."""
    is_running, may_go_on = threading.Event(), threading.Event()

    def block(_):
        is_running.set()
        may_go_on.wait(10)

    def fail(_):
        raise KeyError

    with ThreadPoolExecutor(12) as pool:
        pool.submit(index.write, block)
        is_running.wait(10)
        stores = [pool.submit(store, index, make(sop=str(n))) for n in range(8)]
        failure = pool.submit(index.write, fail)
        may_go_on.set()
        outcomes = [future.result(10).status for future in stores]

        with pytest.raises(KeyError):
            failure.result(10)

    assert outcomes == [StoreStatus.SUCCESS] * 8
    assert count(index) == 8


def test_concurrent_stores_of_one_instance_succeed_once(index, make):
    """Of many that store the same instance, exactly one is told Success."""
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: store(index, make()).status, range(24)))

    assert outcomes.count(StoreStatus.SUCCESS) == 1
    assert count(index) == 1


def test_index_survives_reopening(tmp_path, make):
    """What was stored is there after a restart."""
    path = tmp_path / "i.db"
    first = SQLiteIndex(path)
    store(first, make())
    first.close()

    second = SQLiteIndex(path)

    with second.read() as transaction:
        assert transaction.get_row(Level.STUDY, make().ids.study).pk == 1
    second.close()


def test_two_processes_may_share_a_database(tmp_path, make):
    """Two indexes on one file see each other's rows."""
    first, second = SQLiteIndex(tmp_path / "i.db"), SQLiteIndex(tmp_path / "i.db")
    store(first, make(sop="1"))
    store(second, make(sop="2"))

    assert count(first) == count(second) == 2

    first.close()
    second.close()


def test_database_of_a_newer_version_is_refused(tmp_path):
    """A schema that this program does not know is left alone."""
    path = tmp_path / "i.db"
    SQLiteIndex(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 9999")
    connection.close()

    with pytest.raises(IndexUnavailableError, match="9999"):
        SQLiteIndex(path)


def test_file_that_is_no_database_is_refused(tmp_path):
    """Something else under the name of the index is an error, not lost."""
    path = tmp_path / "i.db"
    path.write_text("not a database" * 100)

    with pytest.raises(IndexUnavailableError):
        SQLiteIndex(path)


def test_closed_index_refuses_work(tmp_path, make):
    """After closing, reads and writes fail clearly; closing again does no harm."""
    index = SQLiteIndex(tmp_path / "i.db")
    index.close()
    index.close()

    with pytest.raises(IndexUnavailableError):
        store(index, make())
    with pytest.raises(IndexUnavailableError), index.read():
        pass


def test_reader_sees_one_moment(index, make):
    """A read transaction does not see what is written meanwhile."""
    store(index, make(sop="1"))
    with index.read() as transaction:
        before = transaction.total_counts()
        store(index, make(sop="2"))

        assert transaction.total_counts() == before


def test_an_index_that_may_not_be_written_to(tmp_path, make):
    """What is there can be read, also what another process writes meanwhile."""
    path = tmp_path / "i.db"
    writer = SQLiteIndex(path)
    store(writer, make(sop="1"))
    index = SQLiteIndex(path, is_writable=False)
    store(writer, make(sop="2"))

    with pytest.raises(ReadOnlyError):
        store(index, make(sop="3"))
    with index.read() as transaction:
        assert transaction.total_counts().instance_count == 2
    index.close()
    writer.close()


def test_an_absent_index_is_not_made_where_nothing_may_be_written(tmp_path):
    """There is nothing to read; the message says what to do."""
    with pytest.raises(IndexUnavailableError, match='once without "ReadOnly"'):
        SQLiteIndex(tmp_path / "i.db", is_writable=False)

    assert list(tmp_path.iterdir()) == []


def test_an_older_index_is_not_upgraded_where_nothing_may_be_written(tmp_path):
    """The message says what to do."""
    path = tmp_path / "i.db"
    SQLiteIndex(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 1")
    connection.close()

    with pytest.raises(IndexUnavailableError, match='once without "ReadOnly"'):
        SQLiteIndex(path, is_writable=False)


def test_the_clock_is_read_for_metrics_only(index, monkeypatch):
    """Where they are off, nobody pays for them."""

    def fail():
        raise AssertionError

    monkeypatch.setattr(registry, "monotonic", fail)

    with index.read() as transaction:
        assert transaction.last_change() == 0
