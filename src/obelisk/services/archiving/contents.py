"""The contents of the members of an archive, and who takes them."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from io import SEEK_END
from typing import IO, Protocol, TypeAlias, cast

from obelisk.index.archive_reading import InstanceLine, SeriesLine
from obelisk.index.records import Attachment, Compression
from obelisk.services.archiving.zip_format import Member, dos_time
from obelisk.services.stored_files import StoredFile
from obelisk.storage.base import Storage

_CHUNK_BYTES = 1_048_576

#: How much of a file that is made is held in memory; a larger one goes to the disk
#: (TemporaryDirectory).
_BYTES_IN_MEMORY = 4_194_304


class Archive(Protocol):
    """Takes members one after the other."""

    def add(self, member: Member, key: str) -> None:
        """Add a member whose content changes with a key."""
        ...


class Directory(Protocol):
    """Describes the members of media."""

    def enter(self, line: SeriesLine) -> None:
        """Write the record of a series, and those above it where they are new."""
        ...

    def add(self, line: InstanceLine, file: StoredFile, name: str) -> None:
        """Write the record of an instance of the series that was entered last."""
        ...

    def finish(self) -> tuple[int, int]:
        """Return the CRC-32 and the size of the file; nothing follows."""
        ...


#: What an archive says of a member, and its content.
OpenedMember: TypeAlias = tuple[Member, Iterator[bytes]]


class Contents:
    """The contents of the members, by their number."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._keys: list[str] = []
        self._sizes: dict[int, int] = {}
        self._made: IO[bytes] | None = None
        self._turn = threading.Lock()

    def add(self, line: InstanceLine) -> None:
        """Add the file of an instance."""
        is_compressed = line.compression != Compression.NONE
        self.add_file(line.key, line.size, is_compressed=is_compressed)

    def add_file(self, key: str, size: int, *, is_compressed: bool) -> None:
        """Add a file of the storage area by its key, with the size of its content."""
        if is_compressed:
            self._sizes[len(self._keys)] = size
        self._keys.append(key)

    def is_compressed(self, number: int) -> bool:
        """Tell whether the file of a member is stored compressed."""
        return number in self._sizes

    def read_made(self) -> Iterator[bytes]:
        """Yield the content of the file that was made, nothing if there is none."""
        if self._made is not None:
            size = self._made.seek(0, SEEK_END)
            yield from self._parts(self._made, 0, size)

    def open(self, line: InstanceLine) -> StoredFile:
        """Return the file of an instance, whether it was added or not."""
        return self._file(line.key, Compression(line.compression), line.size)

    def file(self, number: int, size: int) -> StoredFile:
        """Return the file of a member that has a size."""
        is_compressed = self.is_compressed(number)
        compression = Compression.ZLIB_WITH_SIZE if is_compressed else Compression.NONE
        return self._file(self._keys[number], compression, size)

    def open_member(
        self, number: int, member: Member
    ) -> AbstractContextManager[OpenedMember]:
        """Open a member, whose size and sum may be others than was thought."""
        return nullcontext((member, self.read(number, 0, member.size)))

    def described_by(self, directory: Directory) -> Directory:
        """Return what describes the members of media, in their order."""
        return directory

    def _file(self, key: str, compression: Compression, size: int) -> StoredFile:
        attachment = Attachment(key, compression, size, "", 0, 0, "")
        return StoredFile(self._storage, attachment)

    def new_file(self) -> IO[bytes]:
        """Return an empty file that is made for the archive: its last member.

        It lives as long as the contents do.
        """
        self._made = cast(
            "IO[bytes]",
            tempfile.SpooledTemporaryFile(_BYTES_IN_MEMORY),  # noqa: SIM115 -- idem
        )
        return self._made

    def __del__(self) -> None:
        """Close the file that was made."""
        if self._made is not None:
            self._made.close()

    def read(self, number: int, start: int, stop: int) -> Iterator[bytes]:
        """Yield the content of a member from an offset to another one, exclusive."""
        if number == len(self._keys) and self._made is not None:
            return self._parts(self._made, start, stop)
        key, size = self._keys[number], self._sizes.get(number)
        if size is None:
            return self._storage.read(key, start, stop)
        file = self._file(key, Compression.ZLIB_WITH_SIZE, size)
        return file.read(start, stop)

    def _parts(self, file: IO[bytes], start: int, stop: int) -> Iterator[bytes]:
        """Yield a part of the file that was made, which several threads may read."""
        for position in range(start, stop, _CHUNK_BYTES):
            with self._turn:
                file.seek(position)
                chunk = file.read(min(_CHUNK_BYTES, stop - position))
            yield chunk


def member_of(name: str, line: InstanceLine) -> Member:
    """Return what an archive says of the file of an instance."""
    return Member(name, dos_time(line.received), line.crc32, line.size)
