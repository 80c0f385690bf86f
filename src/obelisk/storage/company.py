"""Whether a thread is the only one that writes."""

import threading

#: With four threads that take turns at random, one of 65,000 seems to be alone.
_ALONE_COUNT = 8


class Company:
    """Remembers who came last, and how often, with nobody in between.

    Safe to use from several threads; it is a guess, not a lock.
    """

    def __init__(self) -> None:
        self._last = self._count = 0

    def come(self) -> None:
        """Note that this thread came."""
        thread = threading.get_ident()
        self._count = self._count + 1 if thread == self._last else 1
        self._last = thread

    def is_alone(self) -> bool:
        """Return whether nobody but this thread came for some time."""
        return self._count >= _ALONE_COUNT and self._last == threading.get_ident()
