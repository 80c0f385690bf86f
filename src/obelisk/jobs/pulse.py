"""Whether a thread gets on, told by the time that it takes of the processors."""

import threading
import time


class Pulse:
    """The pulse of the thread that makes it; others feel it.

    A thread that computes, reads or writes takes time of the processors. One that
    takes none at all hangs: in a system call, on a lock, in a wait for others.
    """

    def __init__(self) -> None:
        self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self._spent = 0.0
        self._felt_at = time.monotonic()

    def feel(self, *, is_resting: bool) -> None:
        """Look whether the thread got on since the last time.

        Parameters
        ----------
        is_resting
            Whether it may take no time at present.
        """
        try:
            spent = time.clock_gettime(self._clock)
        except OSError:  # it has just ended
            is_resting, spent = True, self._spent
        if is_resting or spent != self._spent:
            self._spent, self._felt_at = spent, time.monotonic()

    def silence_seconds(self) -> float:
        """Return for how long it has not got on, as far as it was felt."""
        return time.monotonic() - self._felt_at
