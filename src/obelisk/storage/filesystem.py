"""A storage area in a folder: one file per key, in two levels of subfolders."""

import itertools
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

from obelisk.errors import ReadOnlyError, StorageError
from obelisk.metrics.registry import OFF, Metrics
from obelisk.storage.base import Buffer
from obelisk.storage.company import Company
from obelisk.storage.file_reading import TOO_SHORT, FileRange, mapped, translated
from obelisk.storage.journal import Journal
from obelisk.storage.writeback import Sync, begin_sync, begin_writing

_CHUNK_BYTES = 1_048_576
#: The disk may begin with a chunk of that size before it is told to finish.
_LARGE_CHUNK_BYTES = 131_072
_PENDING = "pending"
#: So many contents share a folder before the next one is picked at random. With a new
#: folder for nearly every content, 10 KB take twice as long to reach the disk.
_CONTENTS_PER_FOLDER = 256
_FOLDER_DIGITS = 4


class FilePendingContent:
    """See `PendingContent`; its key is in the journal until it is confirmed."""

    def __init__(
        self,
        key: str,
        path: str,
        journal: Journal,
        unfinished: "set[FilePendingContent]",
        *,
        is_synced: bool,
        metrics: Metrics = OFF,
    ) -> None:
        self.key = key
        self._metrics = metrics
        self._laps = metrics.laps()
        self._size = 0
        self._path = path
        self._journal = journal
        self._unfinished = unfinished
        self._is_synced = is_synced
        self._sync: Sync | None = None
        self.is_alone = False  # or nobody else would use the time of `finish`
        with translated("write to"):
            self._leave = journal.enter(key)
            try:
                self._descriptor = _create(path, journal)
            except BaseException:
                self._leave()
                raise
        self._is_open = self._is_pending = True
        unfinished.add(self)

    def write(self, chunk: Buffer) -> None:
        """See `PendingContent.write`."""
        with translated("write to"):
            written = os.write(self._descriptor, chunk)
            if written < len(chunk):
                rest = memoryview(chunk)
                while written < len(chunk):
                    written += os.write(self._descriptor, rest[written:])
        self._size += written
        if self._is_synced and written >= _LARGE_CHUNK_BYTES:
            begin_writing(self._descriptor)

    @contextmanager
    def view(self) -> Iterator[Buffer]:
        """See `PendingContent.view`."""
        with mapped(self._descriptor) as content:
            yield content

    def begin_finish(self) -> None:
        """See `PendingContent.begin_finish`; others who write use its time better."""
        if self._is_synced and self.is_alone:
            self._sync = begin_sync(self._descriptor)

    def finish(self) -> None:
        """See `PendingContent.finish`."""
        if self._is_synced:
            with translated("write to"):
                if not self._end_sync():
                    os.fsync(self._descriptor)
        self._close()
        if self._metrics.is_enabled:
            self._metrics.written_bytes.add(self._size)
            self._laps.total(self._metrics.creations)

    def confirm(self) -> None:
        """See `PendingContent.confirm`."""
        if self._is_pending:
            self._is_pending = False
            self._leave()

    def discard(self) -> None:
        """See `PendingContent.discard`."""
        self._close()
        self.forget()

    def forget(self) -> None:
        """Remove the file unless it was confirmed, though somebody may write to it.

        What cannot be removed is left to whoever recovers the storage area.
        """
        if self._is_pending and not self._remove():
            self._is_pending = False  # and its key stays in the journal
        self.confirm()

    def _remove(self) -> bool:
        """Return whether the file is gone for sure."""
        with suppress(OSError):
            _unlink(self._path)
            return self._journal.is_in_place
        return False

    def _end_sync(self) -> bool:
        """Wait for the sync that was begun; return whether there was one."""
        sync, self._sync = self._sync, None
        if sync is not None:
            sync.wait()
        return sync is not None

    def _close(self) -> None:
        self._unfinished.discard(self)
        with suppress(OSError):  # whoever wants it on the disk has waited already
            self._end_sync()
        if self._is_open:
            self._is_open = False
            os.close(self._descriptor)


class _Keys:
    """New keys, one folder after the other; safe to use from several threads."""

    def __init__(self) -> None:
        self._counter = itertools.count(1)
        self._folder = uuid.uuid4().hex[:_FOLDER_DIGITS]

    def next(self) -> str:
        """Return a UUID that nobody has; its first digits name the folder."""
        key = str(uuid.uuid4())
        if next(self._counter) % _CONTENTS_PER_FOLDER == 0:
            self._folder = key[:_FOLDER_DIGITS]
        return self._folder + key[_FOLDER_DIGITS:]


class FilesystemStorage:
    """See `Storage`; the same folders as Orthanc's: ``ab/cd/abcd….`` by UUID.

    Contents that are stored one after the other share a folder, unlike Orthanc's.

    Parameters
    ----------
    root
        The folder.
    is_synced
        Whether a content reaches the disk before `PendingContent.finish` returns.
    is_writable
        Whether anything may be written; if not, `create`, `delete` and `recover` raise
        `ReadOnlyError`.
    may_create
        Whether the folder is created if need be.
    metrics
        Where operations are noted.

    Raises
    ------
    StorageError
        If the folder cannot be created or written to.
    """

    def __init__(
        self,
        root: Path,
        *,
        is_synced: bool = True,
        is_writable: bool = True,
        may_create: bool = True,
        metrics: Metrics = OFF,
    ) -> None:
        self._metrics = metrics
        self._prefix = f"{root}/"
        self._is_synced = is_synced
        self._unfinished: set[FilePendingContent] = set()
        self._keys = _Keys()
        self._company = Company()
        self._open_journal: Journal | None = None
        if is_writable:
            with translated("write to"):
                self._open_journal = Journal(root / _PENDING, may_create=may_create)

    @property
    def _journal(self) -> Journal:
        if self._open_journal is None:
            raise ReadOnlyError
        return self._open_journal

    def _path(self, key: str) -> str:
        return f"{self._prefix}{key[:2]}/{key[2:4]}/{key}"

    def is_alone(self) -> bool:
        """See `Storage.is_alone`."""
        return not self._unfinished and self._company.is_alone()

    def create(self) -> FilePendingContent:
        """See `Storage.create`."""
        key, is_alone = self._keys.next(), self.is_alone()
        self._company.come()
        pending = FilePendingContent(
            key,
            self._path(key),
            self._journal,
            self._unfinished,
            is_synced=self._is_synced,
            metrics=self._metrics,
        )
        pending.is_alone = is_alone
        return pending

    def size(self, key: str) -> int:
        """See `Storage.size`."""
        with translated("read from"):
            return Path(self._path(key)).stat().st_size

    def read(self, key: str, start: int = 0, stop: int | None = None) -> FileRange:
        """See `Storage.read`."""
        begun = monotonic() if self._metrics.is_enabled else None
        with translated("read from"):
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_CLOEXEC)
        size = os.fstat(descriptor).st_size
        end = size if stop is None else stop
        content = FileRange(descriptor, start, end)
        if end > size:
            content.close()
            raise StorageError(TOO_SHORT)
        self._note_read(begun, end - start)
        return content

    def _note_read(self, begun: float | None, size: int) -> None:
        if begun is not None:
            metrics = self._metrics
            metrics.read_bytes.add(size)
            metrics.readings.observe(monotonic() - begun)

    @contextmanager
    def view(self, key: str) -> Iterator[Buffer]:
        """See `Storage.view`; small contents are read, large ones are mapped."""
        begun = monotonic() if self._metrics.is_enabled else None
        with translated("read from"):
            descriptor = os.open(self._path(key), os.O_RDONLY | os.O_CLOEXEC)
        try:
            with mapped(descriptor) as content:
                self._note_read(begun, len(content))
                yield content
        finally:
            os.close(descriptor)

    def free_size(self) -> int:
        """See `Storage.free_size`."""
        with translated("measure"):
            return shutil.disk_usage(self._prefix).free

    def delete(self, key: str) -> None:
        """See `Storage.delete`."""
        journal = self._journal
        path = self._path(key)
        laps = self._metrics.laps()
        with translated("remove from"):
            try:
                os.unlink(path)  # noqa: PTH108 -- a Path costs more than the call
            except FileNotFoundError:
                _check_place(path, journal)
        laps.total(self._metrics.removals)

    def recover(self, find_known: Callable[[Iterable[str]], set[str]]) -> int:
        """See `Storage.recover`."""

        def forget(keys: set[str]) -> int:
            lost = [
                path
                for path in map(self._path, keys - find_known(keys))
                if os.path.exists(path)  # noqa: PTH110 -- as for _unlink
            ]
            for path in lost:
                _unlink(path)
            return len(lost)

        with translated("clean up"):
            return self._journal.recover(forget)

    def close(self) -> None:
        """See `Storage.close`."""
        with translated("clean up"):
            for content in list(self._unfinished):
                content.forget()
            if self._open_journal is not None:
                self._open_journal.close()


def _check_place(path: str, journal: Journal) -> None:
    """Raise `StorageError` if the storage area is not where it was.

    Somebody moved it away, or the file system that it lies in; another one in its place
    would not have what the index knows.
    """
    if not journal.is_in_place:
        root = Path(path).parents[2]
        raise StorageError(f"The storage area {root} was moved away while in use")


def _create(path: str, journal: Journal) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o644)
    except FileNotFoundError:
        _check_place(path, journal)
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 -- idem
        return os.open(path, flags, 0o644)


def _unlink(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108 -- a Path costs more than the call
