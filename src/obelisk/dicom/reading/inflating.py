"""Deflated datasets as if they were not (PS3.5 Annex A.5), in bounded memory."""

import mmap
import tempfile
import zlib
from collections.abc import Iterator

from obelisk.dicom.reading.transfer_syntax import Buffer
from obelisk.errors import InvalidDICOMError
from obelisk.temporary_files import temporary_file_errors

_CHUNK_SIZE = 1 << 20

#: What is larger once inflated lies in a temporary file.
_IN_MEMORY_SIZE_MAX = 4 << 20


def inflate(buffer: Buffer, start: int, maximum_size: int) -> Buffer:
    """Inflate a dataset, with or without a zlib header.

    Parameters
    ----------
    buffer
        The file.
    start
        Where its dataset starts.
    maximum_size
        How many bytes may come out.

    Returns
    -------
    Buffer
        The dataset, in memory if it is small. A large one is a temporary file, mapped,
        which goes with the buffer: no more of it takes memory than is looked at.

    Raises
    ------
    InvalidDICOMError
        If the stream is broken or truncated, or its content exceeds `maximum_size`.
    StorageError
        If the temporary file cannot be written.
    """
    inflated = bytearray()
    pieces = _pieces(buffer, start, maximum_size)
    for piece in pieces:
        inflated += piece
        if len(inflated) > _IN_MEMORY_SIZE_MAX:
            return _spooled(inflated, pieces)
    return inflated


def _spooled(start: bytearray, rest: Iterator[bytes]) -> mmap.mmap:
    with temporary_file_errors(), tempfile.TemporaryFile() as file:
        file.write(start)
        for piece in rest:
            file.write(piece)
        file.flush()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _pieces(buffer: Buffer, start: int, maximum_size: int) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    position, size = start, len(buffer)
    inflated_size = 0
    try:
        while not inflater.eof:
            chunk = (
                inflater.unconsumed_tail or buffer[position : position + _CHUNK_SIZE]
            )
            if not inflater.unconsumed_tail:
                position += len(chunk)
            if not chunk:
                raise InvalidDICOMError("the deflated dataset is truncated", size)
            piece = inflater.decompress(chunk, _CHUNK_SIZE)
            inflated_size += len(piece)
            if inflated_size > maximum_size:
                raise InvalidDICOMError("the inflated dataset is too large", start)
            yield piece
    except zlib.error:
        raise InvalidDICOMError("the deflated dataset is broken", position) from None
