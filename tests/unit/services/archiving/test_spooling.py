"""Archives in a temporary file."""

import shutil
import tempfile
from types import SimpleNamespace

import pytest

from obelisk.errors import StorageError, StorageFullError
from obelisk.services.archiving.spooling import Spool


def test_what_was_written_is_read():
    """All of it, as it was."""
    spool = Spool(3)
    chunks = [b"ab", b"", b"c"]

    assert list(spool.fill(chunks)) == chunks
    assert (spool.size, b"".join(spool.read())) == (3, b"abc")


def test_there_must_be_room(monkeypatch, tmp_path):
    """Where temporary files are, before one is made."""
    asked = []

    def disk_usage(path):
        asked.append(path)
        return SimpleNamespace(free=10)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    with pytest.raises(StorageFullError):
        Spool(11)
    Spool(10)._file.close()

    assert asked == [str(tmp_path)] * 2


@pytest.mark.parametrize(
    ("path", "error"), [("/dev/full", StorageFullError), ("/dev/null", StorageError)]
)
def test_what_cannot_be_written_is_an_error(monkeypatch, path, error):
    """A disk that is full is told from others that fail."""
    mode = "wb" if path == "/dev/full" else "rb"
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: open(path, mode, 0))  # noqa: PTH123, SIM115
    spool = Spool(0)
    with pytest.raises(error) as raised:
        list(spool.fill([b"a"]))

    assert type(raised.value) is error
    assert spool._file.closed


def test_what_is_left_is_closed():
    """If nobody wants the rest."""
    spool = Spool(0)
    filling = spool.fill([b"a", b"b"])
    next(filling)
    filling.close()

    assert spool._file.closed
