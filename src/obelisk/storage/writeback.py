"""Have the operating system write to the disk while the process does other work."""

import ctypes
from collections.abc import Callable
from typing import cast

#: Linux's flag for: begin to write what is not on the disk yet, and wait for nothing.
_BEGIN = 2


def _find_call() -> Callable[[int, int, int, int], int] | None:
    """Return Linux's `sync_file_range`, which Python lacks, if there is one."""
    call = getattr(ctypes.CDLL(None), "sync_file_range", None)
    if call is None:
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return cast("Callable[[int, int, int, int], int]", call)


_sync_file_range = _find_call()


def begin_writing(descriptor: int) -> None:
    """Begin to bring a file to the disk; whoever needs it there still calls `fsync`.

    It is advice: where the system cannot follow it, `fsync` does all the work, and
    tells what went wrong.
    """
    if _sync_file_range is not None:
        _sync_file_range(descriptor, 0, 0, _BEGIN)
