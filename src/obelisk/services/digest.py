"""Size and sums of bytes that stream by."""

import hashlib

from isal import isal_zlib

from obelisk.storage.base import Buffer


class Digest:
    """Counts bytes and sums them up.

    Parameters
    ----------
    is_md5_computed
        Whether there is to be an MD5 sum.
    """

    def __init__(self, *, is_md5_computed: bool) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False) if is_md5_computed else None
        #: The CRC-32 of the bytes.
        self.crc32 = 0
        #: How many bytes there were.
        self.size = 0

    def update(self, chunk: Buffer) -> None:
        """Take some more bytes into account."""
        self.size += len(chunk)
        self.crc32 = isal_zlib.crc32(chunk, self.crc32)
        if self._md5 is not None:
            self._md5.update(chunk)

    @property
    def md5(self) -> str:
        """The MD5 sum in hexadecimal, empty if it is not computed."""
        return self._md5.hexdigest() if self._md5 is not None else ""
