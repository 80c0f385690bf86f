"""The files of attachments, opened though others may replace them."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TypeVar

from obelisk.dicom.parsing import Dataset, read_dataset
from obelisk.errors import (
    ContentGoneError,
    ContentReplacedError,
    NotFoundError,
    StorageError,
)
from obelisk.index.records import Attachment, Compression
from obelisk.services.compression import decompress
from obelisk.services.leading_parts import read_leading_part
from obelisk.storage.base import Buffer, Storage

_T = TypeVar("_T")


class StoredFile:
    """The content of an attachment, such as the file of an instance.

    Somebody may replace or delete the file between the moment when it is looked up
    and that when it is opened; then it is looked up again. Used by one thread.

    Parameters
    ----------
    storage
        Holds the file.
    attachment
        What the index knows of it.
    look_up
        Finds the attachment again, or raises `NotFoundError`; without it, a file that
        is gone stays so.
    """

    def __init__(
        self,
        storage: Storage,
        attachment: Attachment,
        look_up: Callable[[], Attachment] | None = None,
    ) -> None:
        self._storage = storage
        self._look_up = look_up
        #: What the index knows of it.
        self.attachment = attachment

    @property
    def size(self) -> int:
        """The size in bytes."""
        return self.attachment.size

    @property
    def md5(self) -> str:
        """The MD5 sum in hexadecimal, empty if it was not computed."""
        return self.attachment.md5

    @property
    def uuid(self) -> str:
        """The name of the file in the storage area; it never gets other content."""
        return self.attachment.key

    def _open(self, opened: Callable[[Attachment], _T], *, is_same: bool) -> _T:
        """Open the file, or the one that took its place.

        Parameters
        ----------
        opened
            Opens the file of an attachment.
        is_same
            Whether that must have the same content.
        """
        while True:
            self._expect()
            try:
                return opened(self.attachment)
            except ContentGoneError as error:
                old = self.attachment
                self._follow(error)
                if is_same and not _is_same_content(old, self.attachment):
                    raise ContentReplacedError from None

    @property
    def is_kept(self) -> bool:
        """Whether there is a file at all (StoreDicom)."""
        return self.attachment.compression is not Compression.NOT_STORED

    def _expect(self) -> None:
        """Raise `NotFoundError` if the file was not kept."""
        if not self.is_kept:
            raise NotFoundError("file", self.attachment.key)

    def _follow(self, error: ContentGoneError) -> None:
        """Take up the file that took the place of one that is gone."""
        if self._look_up is None:
            raise error
        present = self._look_up()
        if present.key == self.attachment.key:
            raise error
        self.attachment = present

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the content, or a range of it; see `Storage.read`.

        Raises
        ------
        ContentReplacedError
            If it has other content by now.
        """
        return self._open(lambda file: self._read(file, start, stop), is_same=True)

    def _read(self, file: Attachment, start: int, stop: int | None) -> Iterator[bytes]:
        if file.compression is Compression.NONE:
            return self._storage.read(file.key, start, stop)
        content = decompress(self._storage.read(file.key))
        return _cut(content, start, file.size if stop is None else stop)

    def read_stored(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the bytes as they are stored, or a range of them.

        Raises
        ------
        ContentReplacedError
            If they are others by now.
        """
        self._expect()
        try:
            return self._storage.read(self.attachment.key, start, stop)
        except ContentGoneError as error:
            self._follow(error)
            raise ContentReplacedError from None

    def write_to(self, path: str) -> None:
        """Write the content to a path of this machine, or raise `StorageError`."""
        try:
            with Path(path).open("wb") as target:
                target.writelines(self.read())
        except (OSError, ValueError) as error:
            raise StorageError("The file cannot be written") from error

    @contextmanager
    def view(self) -> Iterator[Buffer]:
        """Open the content for random access for the length of a `with` block."""
        with ExitStack() as stack:
            yield self._open(
                lambda file: stack.enter_context(self._view(file)), is_same=False
            )

    @contextmanager
    def dataset(
        self, default_encoding: str, *, whole: bool = False
    ) -> Iterator[Dataset]:
        """Open the dataset for the length of a `with` block.

        Parameters
        ----------
        default_encoding
            Orthanc's name of the encoding of text without Specific Character Set.
        whole
            Whether to go on after Pixel Data. If not, no more than what is in front of
            it is unpacked of a compressed file.

        Raises
        ------
        InvalidDICOMError
            If the content is malformed.
        """
        with ExitStack() as stack:

            def opened(file: Attachment) -> Dataset:
                if not whole and file.compression is not Compression.NONE:
                    chunks = self._storage.read(file.key)
                    return read_leading_part(chunks, file.size, default_encoding)
                content = stack.enter_context(self._view(file))
                return read_dataset(
                    content, default_encoding=default_encoding, whole=whole
                )

            yield self._open(opened, is_same=False)

    def _view(self, file: Attachment) -> AbstractContextManager[Buffer]:
        if file.compression is Compression.NONE:
            return self._storage.view(file.key)
        return nullcontext(b"".join(self._read(file, 0, None)))


def _is_same_content(one: Attachment, other: Attachment) -> bool:
    return (one.size, one.md5, one.crc32) == (other.size, other.md5, other.crc32)


def _cut(chunks: Iterator[bytes], start: int, stop: int) -> Iterator[bytes]:
    """Yield the bytes from `start` to `stop` of a stream."""
    position = 0
    for chunk in chunks:
        part = chunk[max(0, start - position) : max(0, stop - position)]
        position += len(chunk)
        if part:
            yield part
        if position >= stop:
            return
