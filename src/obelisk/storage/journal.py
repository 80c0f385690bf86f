"""What a process has pending in a storage area: a journal that outlives the process."""

import errno
import fcntl
import logging
import os
import re
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_log = logging.getLogger("obelisk.storage")

_LOCK = "lock"
_LINE = re.compile(r"[+-][0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_JOURNAL_BYTES_MAX = 262_144


class _File:
    """One file of a journal: it goes when nothing in it is pending any more."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL | os.O_CLOEXEC
        self.descriptor = os.open(path, flags, 0o644)
        self.path = path
        self.size = 0
        self.pending: set[str] = set()
        self.is_full = False

    def enter(self, key: str) -> None:
        self._write(f"+{key}\n")
        self.pending.add(key)

    def leave(self, key: str) -> None:
        with suppress(OSError):  # then the index tells, should it come to that
            self._write(f"-{key}\n")
        self.pending.discard(key)

    def _write(self, line: str) -> None:
        """Write a line; what follows one that was cut off would not be understood."""
        written = os.write(self.descriptor, line.encode())
        self.size += written
        if written < len(line):
            self.size = _JOURNAL_BYTES_MAX
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def remove_if_done(self) -> None:
        if self.is_full and not self.pending:
            self.close()
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        os.close(self.descriptor)
        self.descriptor = -1


class Journal:
    """The keys that a process has pending; safe to use from several threads.

    A key is in the journal before there is a file under it. The journal is a folder
    of the process with the lock that its life holds, so that `recover` in another
    process knows the dead from the living.

    Parameters
    ----------
    root
        The folder for the journals of all processes.
    may_create
        Whether to create it if need be.

    Raises
    ------
    OSError
        If it cannot be written to; all methods do.
    """

    def __init__(self, root: Path, *, may_create: bool = True) -> None:
        self._root = root
        self._folder = root / uuid.uuid4().hex
        self._turn = threading.Lock()
        if may_create:
            root.mkdir(parents=True, exist_ok=True)
        with self._census():
            self._folder.mkdir()
            flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
            self._lock = os.open(self._folder / _LOCK, flags, 0o644)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            os.write(self._lock, _boot_id())
        self._file_count = 0
        self._file = self._next_file()

    @property
    def is_in_place(self) -> bool:
        """Whether the journal is where it was made: its folder was not moved away."""
        return self._folder.exists()

    @contextmanager
    def _census(self) -> Iterator[None]:
        """Keep other processes from joining or recovering meanwhile."""
        folder = os.open(self._root, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _next_file(self) -> _File:
        self._file_count += 1
        return _File(self._folder / f"{self._file_count}.journal")

    def enter(self, key: str) -> Callable[[], None]:
        """Note that a content will be written; return what notes that it is done."""
        with self._turn:
            if self._file.size >= _JOURNAL_BYTES_MAX:
                full, self._file = self._file, self._next_file()
                full.is_full = True
                full.remove_if_done()
            file = self._file
            file.enter(key)
        return lambda: self._leave(file, key)

    def _leave(self, file: _File, key: str) -> None:
        with self._turn:
            file.leave(key)
            file.remove_if_done()

    def recover(self, forget: Callable[[set[str]], int]) -> int:
        """Call `forget` with what each dead process had pending; return the sum.

        What was pending when the machine itself went down stays: the index may have
        lost what it knew of it.
        """
        count = 0
        with self._census():
            for folder in self._root.iterdir():
                if folder != self._folder:
                    count += _recover_folder(folder, forget)
        return count

    def close(self) -> None:
        """Leave no trace, unless something is pending: `recover` looks after that."""
        with self._turn:
            if not _pending_keys(self._folder):
                self._file.close()
                shutil.rmtree(self._folder, ignore_errors=True)
            os.close(self._lock)


def _boot_id() -> bytes:
    """Return what identifies the life of the operating system, if it says so."""
    try:
        return _BOOT_ID.read_bytes()
    except OSError:
        return b""


def _recover_folder(folder: Path, forget: Callable[[set[str]], int]) -> int:
    """Clear the folder of a process, if that process is dead."""
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        keys, count = _pending_keys(folder), 0
        if os.read(lock, 64) == _boot_id():
            count = forget(keys)
        elif keys:
            _log.warning("Unfinished before the last start of the machine: %s", keys)
        shutil.rmtree(folder)
    except BlockingIOError:
        return 0
    finally:
        os.close(lock)
    return count


def _pending_keys(folder: Path) -> set[str]:
    """Return the keys that were entered only; a line cut off has no file."""
    keys = set()
    for path in folder.glob("*.journal"):
        for line in filter(_LINE.fullmatch, path.read_text().splitlines()):
            if line[0] == "+":
                keys.add(line[1:])
            else:
                keys.discard(line[1:])
    return keys
