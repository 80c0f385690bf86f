"""Archives that are made little by little, so that their making can be stopped."""

import threading
from collections.abc import Iterator, Sequence
from time import monotonic

from obelisk.services.archiving.deflation import Deflation
from obelisk.services.archiving.manifest import Manifest
from obelisk.storage.base import PendingContent

#: How long a piece of the work takes.
_PIECE_SECONDS = 0.25


class Preparation:
    """An archive on its way to the storage area; one thread works at a time.

    Parameters
    ----------
    archive
        Takes the members.
    filling
        Adds them; it yields after each one.
    files
        The row numbers of the instances that it is made of, and the keys of their
        files.
    size
        How many bytes these have together.
    pending
        Where it is written to: the list of what is in it, or the archive itself.
    """

    def __init__(
        self,
        archive: Manifest | Deflation,
        filling: Iterator[None],
        files: Sequence[tuple[int, str]],
        size: int,
        pending: PendingContent,
    ) -> None:
        self._archive = archive
        #: What it is made of, and how many bytes that has together.
        self.files, self.size = files, size
        #: Where it is.
        self.pending = pending
        self._filled_count = 0
        self._written_size = 0
        self._work = self._pieces(filling)

    @property
    def archive_size(self) -> int:
        """The size of the archive in bytes, as far as it is made."""
        if isinstance(self._archive, Manifest):
            return self._archive.layout.size
        return self._written_size

    @property
    def progress(self) -> float:
        """How much is done, 0.0 to 1.0."""
        count, rounds = self._filled_count, 1
        if isinstance(self._archive, Deflation):
            count, rounds = count + self._archive.packed_count, 2
        return min(1.0, count / (len(self.files) * rounds + 1))

    def advance(self) -> bool:
        """Go on for a moment; return whether there is more to do.

        Raises
        ------
        StorageError
            If a file cannot be read, or the archive cannot be written.
        """
        end = monotonic() + _PIECE_SECONDS
        return any(monotonic() >= end for _ in self._work)

    def _pieces(self, filling: Iterator[None]) -> Iterator[None]:
        for _ in filling:
            self._filled_count += 1
            yield
        for chunk in self._archive.read():
            self.pending.write(chunk)
            self._written_size += len(chunk)
            yield
        self.pending.finish()


class Preparations:
    """Those that wait for their next piece of work; safe to use from several threads.

    They do not outlive the server: then their work begins anew.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, Preparation] = {}

    def put(self, preparation: Preparation) -> None:
        """Let one wait, under the key of its content."""
        with self._lock:
            self._waiting[preparation.pending.key] = preparation

    def take(self, key: str) -> Preparation | None:
        """Return one that waits, which it does no more; `None` if it is not there."""
        with self._lock:
            return self._waiting.pop(key, None)
