"""The contract of a storage area: opaque keys, immutable content, no DICOM."""

import mmap
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

#: What can be written; it need only stay valid during the call.
Buffer = bytes | bytearray | memoryview | mmap.mmap


class PendingContent(Protocol):
    """Content that is being written, until its key is known to the index.

    Used by one thread at a time. A pending content whose process dies is removed
    by the next `Storage.recover`, unless the index knows its key by then.
    """

    @property
    def key(self) -> str:
        """The key under which the content will be found."""
        ...

    def write(self, chunk: Buffer) -> None:
        """Append bytes.

        Raises
        ------
        StorageFullError
            If there is no room for them.
        StorageError
            If the back-end fails.
        """
        ...

    def view(self) -> AbstractContextManager[Buffer]:
        """Open what was written so far for random access."""
        ...

    def begin_finish(self) -> None:
        """Begin with `finish`, which still must follow, if that is of use.

        Nothing else follows, but `discard`.
        """
        ...

    def finish(self) -> None:
        """Make the content durable and readable under its key; nothing follows.

        Raises
        ------
        StorageFullError, StorageError
            As `write`.
        """
        ...

    def confirm(self) -> None:
        """Tell that the index knows the key: the content is pending no more."""
        ...

    def discard(self) -> None:
        """Remove the content unless it was confirmed; idempotent."""
        ...


class Storage(Protocol):
    """Where the bytes live; safe to use from several threads."""

    def is_alone(self) -> bool:
        """Return whether this thread seems to be the only one that creates contents.

        What is to be written next can reach the disk while the thread does other work;
        see `PendingContent.begin_finish`. With others, that only makes them wait.
        """
        ...

    def create(self) -> PendingContent:
        """Start a content under a new key."""
        ...

    def size(self, key: str) -> int:
        """Return the number of bytes of a content.

        Raises
        ------
        ContentGoneError
            If there is nothing under `key`.
        StorageError
            If the back-end fails.
        """
        ...

    def read(
        self, key: str, start: int = 0, stop: int | None = None
    ) -> Iterator[bytes]:
        """Yield the content of one key, or a range of it, in chunks.

        Parameters
        ----------
        key
            The key of a content that was finished.
        start
            First byte of the range, 0-based, inclusive.
        stop
            End of the range in bytes, exclusive; `None` means to the end.

        Yields
        ------
        bytes
            Consecutive chunks of 1 to 1,048,576 bytes.

        Raises
        ------
        ContentGoneError
            If there is nothing under `key`; it is raised by the call, before the
            first chunk is asked for. What is open can be read to its end.
        StorageError
            If the back-end fails.
        """
        ...

    def view(self, key: str) -> AbstractContextManager[Buffer]:
        """Open a content for random access for the length of a `with` block.

        Raises
        ------
        ContentGoneError, StorageError
            As `read`.
        """
        ...

    def free_size(self) -> int:
        """Return how many bytes there is still room for.

        Raises
        ------
        StorageError
            If the back-end fails.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove a content; removing what is not there does no harm."""
        ...

    def recover(self, find_known: Callable[[Iterable[str]], set[str]]) -> int:
        """Remove what dead processes left pending; return how many contents went.

        Parameters
        ----------
        find_known
            Returns those of some keys that the index knows.
        """
        ...

    def close(self) -> None:
        """Leave the storage area; nothing pending of this process remains."""
        ...
