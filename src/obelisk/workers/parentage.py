"""Processes that do not outlive the one that started them."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
_ORPHANED = 1


def die_with_parent(parent_pid: int) -> None:
    """Let this process be killed when the one that started it dies.

    It ends at once if that process is dead already.
    """
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(_ORPHANED)
