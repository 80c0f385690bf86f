"""Errors of temporary files (TemporaryDirectory)."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from obelisk.errors import StorageError, StorageFullError

#: What is said where the disk is full.
NO_ROOM = "There is no room for a temporary file"


@contextmanager
def temporary_file_errors() -> Iterator[None]:
    """Turn errors of the operating system within a block into ours."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFullError(NO_ROOM) from error
        raise StorageError("A temporary file cannot be written") from error
