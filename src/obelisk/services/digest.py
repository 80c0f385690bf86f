"""Size and sums of bytes that stream by."""

import hashlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from isal import isal_zlib

from obelisk.storage.base import Buffer


class Helper:
    """One thread that sums bytes up while others work; safe to use from several.

    The sums are made without Python's lock, so that another processor can do it.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._pool = ThreadPoolExecutor(1, "digest")

    def begin(self, digest: "Digest", chunk: Buffer) -> Future[None] | None:
        """Update a digest, unless there is something to do already: then `None`."""
        if not self._turn.acquire(blocking=False):
            return None
        return self._pool.submit(self._update, digest, chunk)

    def _update(self, digest: "Digest", chunk: Buffer) -> None:
        try:
            digest.update(chunk)
        finally:
            self._turn.release()


class Digest:
    """Counts bytes and sums them up.

    Parameters
    ----------
    is_md5_computed
        Whether there is to be an MD5 sum.
    """

    def __init__(self, *, is_md5_computed: bool) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False) if is_md5_computed else None
        self._crc32 = 0
        self._size = 0
        self._last: Future[None] | None = None

    def update(self, chunk: Buffer) -> None:
        """Take some more bytes into account."""
        self._size += len(chunk)
        self._crc32 = isal_zlib.crc32(chunk, self._crc32)
        if self._md5 is not None:
            self._md5.update(chunk)

    def conclude(self, chunk: Buffer, helper: Helper) -> None:
        """Take the last bytes into account, maybe while the caller goes on.

        They must stay as they are until one of the results is there.
        """
        if self._md5 is not None:
            self._last = helper.begin(self, chunk)
        if self._last is None:
            self.update(chunk)

    def _wait(self) -> None:
        if self._last is not None:
            self._last.result()
            self._last = None

    @property
    def size(self) -> int:
        """How many bytes there were."""
        self._wait()
        return self._size

    @property
    def crc32(self) -> int:
        """The CRC-32 of the bytes."""
        self._wait()
        return self._crc32

    @property
    def md5(self) -> str:
        """The MD5 sum in hexadecimal, empty if it is not computed."""
        self._wait()
        return self._md5.hexdigest() if self._md5 is not None else ""
