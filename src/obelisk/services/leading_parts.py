"""Compressed files, of which only the part in front of Pixel Data is unpacked."""

import mmap
from collections.abc import Iterable

from obelisk.dicom.parsing import Dataset, read_dataset
from obelisk.dicom.reading.scanner import PIXEL_DATA
from obelisk.errors import InvalidDICOMError, StorageError
from obelisk.services.compression import decompress

#: So much is unpacked at first, and four times as much then.
_START_BYTES = 65_536

#: How the tag of Pixel Data is encoded, in either byte order.
_PIXEL_DATA_TAGS = (b"\xe0\x7f\x10\0", b"\x7f\xe0\0\x10")


def read_leading_part(
    chunks: Iterable[bytes], size: int, default_encoding: str
) -> Dataset:
    """Read the dataset of a compressed file up to Pixel Data.

    Parameters
    ----------
    chunks
        The compressed file.
    size
        The size of its content in bytes.
    default_encoding
        Orthanc's name of the encoding of text without Specific Character Set.

    Raises
    ------
    InvalidDICOMError
        If the content is malformed.
    StorageError
        If what was unpacked of the file is damaged.
    """
    # Of the whole size, so that lengths can be checked; what is not unpacked takes no
    # memory.
    content = mmap.mmap(-1, max(size, 1))
    filled, wanted = 0, _START_BYTES
    for piece in decompress(chunks, _START_BYTES):
        if filled + len(piece) > size:
            raise StorageError("A compressed file is damaged")
        content[filled : filled + len(piece)] = piece
        filled += len(piece)
        if wanted <= filled < size:
            wanted *= 4
            dataset = _read_before(content, filled, default_encoding)
            if dataset is not None:
                return dataset
    return read_dataset(content, default_encoding=default_encoding)


def _read_before(
    content: mmap.mmap, filled: int, default_encoding: str
) -> Dataset | None:
    """Read a dataset if its Pixel Data starts within what is filled."""
    if all(content.find(tag, 0, filled) < 0 for tag in _PIXEL_DATA_TAGS):
        return None
    try:
        dataset = read_dataset(content, default_encoding=default_encoding)
    except InvalidDICOMError:
        return None  # perhaps of what is missing
    element = dataset.lookup(PIXEL_DATA)
    return dataset if element is not None and element.start <= filled else None
