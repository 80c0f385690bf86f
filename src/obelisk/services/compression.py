"""Orthanc's format for compressed files: the size, then a zlib stream.

The first 8 bytes are the size of the content, an unsigned little endian integer.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator

from obelisk.errors import StorageError
from obelisk.storage.base import Buffer

_CHUNK_BYTES = 1_048_576
_SIZE = struct.Struct("<Q")
_LEVEL = 3

#: The bytes in front of the zlib stream.
HEADER_BYTES = _SIZE.size


def compress(content: Buffer) -> Iterator[bytes]:
    """Yield the compressed form of a content, in chunks."""
    yield _SIZE.pack(len(content))
    compressor = zlib.compressobj(_LEVEL)
    for start in range(0, len(content), _CHUNK_BYTES):
        chunk = compressor.compress(content[start : start + _CHUNK_BYTES])
        if chunk:
            yield chunk
    yield compressor.flush()


def decompress(
    chunks: Iterable[bytes], size_max: int = _CHUNK_BYTES
) -> Iterator[bytes]:
    """Yield the content of a compressed file, in chunks of at most `size_max` bytes.

    Raises
    ------
    StorageError
        If the bytes are not of this format, or not complete.
    """
    decompressor = zlib.decompressobj()
    header = b""
    size = total = 0
    for chunk in chunks:
        data = chunk
        if len(header) < HEADER_BYTES:
            wanted = HEADER_BYTES - len(header)
            header, data = header + data[:wanted], data[wanted:]
            size = _SIZE.unpack(header)[0] if len(header) == HEADER_BYTES else 0
        while data:
            try:
                content = decompressor.decompress(data, size_max)
            except zlib.error as error:
                raise StorageError("A compressed file is damaged") from error
            data = decompressor.unconsumed_tail
            total += len(content)
            if content:
                yield content
    if not decompressor.eof or total != size:
        raise StorageError("A compressed file is damaged")
