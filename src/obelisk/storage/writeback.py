"""Have the operating system write to the disk while the process does other work."""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import cast

#: Linux's flag for: begin to write what is not on the disk yet, and wait for nothing.
_BEGIN = 2

#: The numbers of io_setup, io_getevents and io_submit, which have no functions in C.
_NUMBERS = {"x86_64": (206, 208, 209), "aarch64": (0, 4, 2)}
#: Linux's `struct iocb`, `struct io_event`, and the code of `fsync`.
_REQUEST = struct.Struct("=QIIHhIQQqQII")
_EVENT = struct.Struct("=QQqq")
_FSYNC = 2


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


class Sync:
    """An `fsync` that Linux does by itself, in no thread of this process.

    A thread would have to wait for its turn in the interpreter. Used for one file at a
    time.

    Parameters
    ----------
    call
        The system call whose number comes first.
    numbers
        Those of io_setup, io_getevents and io_submit.

    Raises
    ------
    OSError
        If the system does not do that.
    """

    def __init__(self, call: Callable[..., int], numbers: tuple[int, int, int]) -> None:
        self._call = call
        setup, self._await, self._submit = numbers
        self._request = ctypes.create_string_buffer(_REQUEST.size)
        self._requests = (ctypes.c_void_p * 1)(ctypes.addressof(self._request))
        self._event = ctypes.create_string_buffer(_EVENT.size)
        context = ctypes.c_ulong()
        self._check(call(setup, ctypes.c_long(1), ctypes.byref(context)))
        self._context = context

    def begin(self, descriptor: int) -> None:
        """Begin; `wait` must follow, unless this raises `OSError`."""
        fields = (0, 0, 0, _FSYNC, 0, descriptor, 0, 0, 0, 0, 0, 0)
        _REQUEST.pack_into(self._request, 0, *fields)
        one = ctypes.c_long(1)
        self._check(self._call(self._submit, self._context, one, self._requests))

    def wait(self) -> None:
        """Wait until it is done, or raise `OSError` as `fsync` does."""
        one = ctypes.c_long(1)
        while True:
            with suppress(InterruptedError):
                arguments = (self._context, one, one, self._event, None)
                self._check(self._call(self._await, *arguments))
                break
        _idle.append(self)
        result = _EVENT.unpack(self._event)[2]
        if result < 0:
            raise OSError(-result, os.strerror(-result))

    @staticmethod
    def _check(result: int) -> None:
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))


#: Those that nobody uses; a child of this process cannot use them.
_idle: list[Sync] = []
os.register_at_fork(after_in_child=_idle.clear)

_numbers = (
    _NUMBERS.get(platform.machine())
    if sys.platform == "linux" and sys.maxsize > 2**32
    else None
)
_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.argtypes = (ctypes.c_long,)
_syscall.restype = ctypes.c_long


def begin_sync(descriptor: int) -> Sync | None:
    """Begin an `fsync`, to be waited for; return `None` where the system cannot."""
    if _numbers is None:
        return None
    try:
        sync = _idle.pop()
    except IndexError:
        try:
            sync = Sync(_syscall, _numbers)
        except OSError:
            return None
    try:
        sync.begin(descriptor)
    except OSError:
        _idle.append(sync)
        return None
    return sync
