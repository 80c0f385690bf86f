"""Gives stored instances in other transfer syntaxes."""

import hashlib
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import IO, cast

from obelisk.dicom.fragments import UnknownFramesError
from obelisk.dicom.parsing import Dataset, read_dataset, read_file_meta
from obelisk.dicom.reading.transfer_syntax import DEFLATED, Buffer
from obelisk.dicom.recoding import Recoder
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.dicom.writing import TooLongError, file_meta
from obelisk.errors import NotSupportedError
from obelisk.imaging.pictures import UnreadableImageError
from obelisk.imaging.reader import ImageReader
from obelisk.services.pixel_coding import TARGETS
from obelisk.services.recompression import Recompression, Wish
from obelisk.services.stored_files import StoredFile
from obelisk.temporary_files import temporary_file_errors

_CHUNK_BYTES = 1_048_576


class NotTranscodableError(NotSupportedError):
    """An instance cannot be given in another transfer syntax."""


def check_target(transfer_syntax_uid: str) -> None:
    """Check that instances can be written in a transfer syntax.

    Raises
    ------
    NotTranscodableError
        If not.
    """
    if transfer_syntax_uid not in TARGETS:
        raise NotTranscodableError(f"{transfer_syntax_uid} is not written")


class TranscodedFile:
    """A DICOM file that was written anew; it is deleted once it is closed.

    Parameters
    ----------
    file
        Holds it.
    size
        The number of its bytes.
    sums
        The MD5 sum in hexadecimal, and the CRC-32.
    sop_instance_uid
        That of the instance, which is a new one if something was lost.
    """

    def __init__(
        self, file: IO[bytes], size: int, sums: tuple[str, int], sop_instance_uid: str
    ) -> None:
        self._file = file
        self.size = size
        self.digest, self.crc32 = sums
        self.sop_instance_uid = sop_instance_uid

    def read(self, start: int, _stop: int) -> Iterator[bytes]:
        """Return the file at the place of a byte; who reads it closes it."""
        self._file.seek(start)
        return self._file

    def chunks(self) -> Iterator[bytes]:
        """Yield the content."""
        self._file.seek(0)
        while chunk := self._file.read(_CHUNK_BYTES):
            yield chunk

    def close(self) -> None:
        """Delete the file."""
        self._file.close()


class Transcoding:
    """Writes instances in other transfer syntaxes; safe to use from several threads.

    Parameters
    ----------
    images
        Decodes and encodes frames.
    uids
        Makes the UIDs of images that were compressed with loss.
    lossy_quality
        The quality of lossy compression, from 1 to 100
        (DicomLossyTranscodingQuality).
    """

    def __init__(
        self, images: ImageReader, uids: UIDGenerator, lossy_quality: int = 90
    ) -> None:
        self._images = images
        self._uids = uids
        #: The quality of lossy compression where nobody asks for one.
        self.lossy_quality = lossy_quality

    def transcode(
        self, file: StoredFile, transfer_syntax_uid: str, quality: int | None = None
    ) -> TranscodedFile | None:
        """Write an instance in a transfer syntax; `None` if it has that one already.

        Parameters
        ----------
        file
            The instance.
        transfer_syntax_uid
            One that the standard knows.
        quality
            That of lossy compression, from 1 to 100.

        Raises
        ------
        NotTranscodableError
            If it cannot be written so, or is damaged.
        StorageError
            If there is no room for a temporary file.
        """
        quality = self.lossy_quality if quality is None else quality
        with file.view() as content, temporary_file_errors():
            source = read_file_meta(content).transfer_syntax_uid
            if source == transfer_syntax_uid:
                return None
            check_target(transfer_syntax_uid)
            wish = Wish(source, transfer_syntax_uid, quality)
            with _temporary_file() as frames:
                return self._write(read_dataset(content, whole=True), wish, frames)

    def _write(self, dataset: Dataset, wish: Wish, frames: IO[bytes]) -> TranscodedFile:
        with ExitStack() as stack:
            sink = _Sink(stack.enter_context(_temporary_file()))
            try:
                made = Recompression(dataset, wish, self._images, self._uids, frames)
                sink.write(file_meta(*made.sop_uids, wish.uid))
                if wish.uid in DEFLATED:
                    sink.deflate()
                Recoder(wish.uid, sink.write, made.changes).write_dataset(dataset)
            except (UnreadableImageError, UnknownFramesError) as error:
                raise NotTranscodableError(error.message) from error
            except TooLongError as error:
                raise NotTranscodableError(str(error)) from error
            finished = sink.finish(made.sop_uids[1])
            stack.pop_all()
            return finished


class _Sink:
    """Takes the bytes of a file, and deflates them from some place on."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.md5(usedforsecurity=False)
        self._size = self._crc32 = 0
        self._encode: Callable[[Buffer], Buffer] = memoryview
        self._flush: Callable[[], bytes] = bytes

    def deflate(self) -> None:
        """Deflate what comes from now on."""
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        self._encode, self._flush = deflater.compress, deflater.flush

    def write(self, chunk: Buffer) -> None:
        """Take bytes."""
        self._keep(self._encode(chunk))

    def _keep(self, chunk: Buffer) -> None:
        self._file.write(chunk)
        self._digest.update(chunk)
        self._crc32 = zlib.crc32(chunk, self._crc32)
        self._size += len(chunk)

    def finish(self, sop_instance_uid: str) -> TranscodedFile:
        """Return the file."""
        self._keep(self._flush())
        self._keep(b"\0" * (self._size % 2))
        self._file.flush()
        sums = self._digest.hexdigest(), self._crc32
        return TranscodedFile(self._file, self._size, sums, sop_instance_uid)


def _temporary_file() -> IO[bytes]:
    return cast("IO[bytes]", tempfile.TemporaryFile())
