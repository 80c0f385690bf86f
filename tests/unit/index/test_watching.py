import contextlib

import pytest

from obelisk.config import OverwriteMode
from obelisk.errors import IndexUnavailableError
from obelisk.index.sqlite import SQLiteIndex


def test_the_version_stays_while_nothing_is_written(index):
    """Reading does not change it."""
    before = index.version()
    with index.read() as transaction:
        transaction.total_counts()

    assert index.version() == before


def test_each_write_changes_the_version(index, make):
    """Also one that replaces what the one before it wrote."""
    versions = [index.version()]
    for number in range(20):
        new = make(sop=str(number % 2))
        index.write(lambda w, new=new: w.store_instance(new, OverwriteMode.ALWAYS))
        versions.append(index.version())

    assert len(set(versions)) == len(versions)


def test_writes_by_another_connection_change_the_version(index, tmp_path, make):
    """Other processes have an index of their own on the same file."""
    with contextlib.closing(SQLiteIndex(tmp_path / "index.db")) as other:
        before = index.version()
        other.write(lambda w: w.store_instance(make(), OverwriteMode.NEVER))

        assert index.version() != before


def test_a_closed_index_has_no_version(index):
    """It is refused like all else."""
    index.close()

    with pytest.raises(IndexUnavailableError):
        index.version()
