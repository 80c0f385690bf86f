import shutil
from types import SimpleNamespace

import pytest

from obelisk.index.reserve import Reserve


@pytest.fixture
def path(tmp_path):
    """Return where the reserve lies."""
    return tmp_path / "reserve"


def test_reserve_takes_room_that_can_be_given_up(path):
    """It takes blocks of the disk, not only a name; it goes once."""
    reserve = Reserve(path)
    reserve.fill()

    assert path.stat().st_blocks * 512 >= 30_000_000
    assert reserve.release()
    assert not path.exists()
    assert not reserve.release()


def test_reserve_is_taken_again_once_it_was_given_up(path):
    """Other processes that find it missing leave that to who is in charge."""
    reserve = Reserve(path)
    reserve.refill()
    assert not path.exists()
    reserve.fill()
    reserve.release()
    reserve.refill()

    assert path.exists()


def test_no_reserve_where_there_is_little_room(path, monkeypatch):
    """What others may need now is not taken; it is later."""
    reserve = Reserve(path)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: SimpleNamespace(free=100_000_000)
    )
    reserve.fill()
    assert not path.exists()
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000_000)
    )
    reserve.refill()

    assert path.exists()


@pytest.mark.parametrize(("free", "is_full"), [(0, True), (50_000_000, False)])
def test_a_start_on_a_full_disk(path, monkeypatch, free, is_full):
    """The room is given up if there is no other."""
    reserve = Reserve.beside(path.with_name("index"))
    reserve.fill()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))

    assert reserve.make_room() is is_full
    assert path.with_name("index-reserve").exists() is not is_full
    assert not (reserve.make_room() and is_full)


def test_reserve_that_cannot_be_taken(path, monkeypatch):
    """Nothing is left of it, and nobody is told; there was none before."""

    def fail(*_):
        raise OSError

    monkeypatch.setattr("os.posix_fallocate", fail)
    reserve = Reserve(path)
    reserve.fill()

    assert not path.exists()
    Reserve(path / "nowhere" / "reserve").fill()
