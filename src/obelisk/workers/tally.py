"""Numbers that all processes see at once, in memory that they share."""

import mmap

_NUMBER_BYTES = 8


class Tally:
    """How many connections workers have closed, and which settings hold.

    Each number is increased by one process only: that of a worker by this worker, the
    edition of the settings by the main process.

    Parameters
    ----------
    count
        How many workers there are.
    """

    def __init__(self, count: int) -> None:
        memory = mmap.mmap(-1, (count + 1) * _NUMBER_BYTES)
        self._numbers = memoryview(memory).cast("Q")

    def add(self, place: int, count: int) -> None:
        """Let the number of a worker grow."""
        self._numbers[place] += count

    def read(self, place: int) -> int:
        """Return the number of a worker."""
        return self._numbers[place]

    @property
    def edition(self) -> int:
        """Which settings hold: how often they were changed."""
        return self._numbers[-1]

    def begin_edition(self) -> None:
        """Let other settings hold."""
        self._numbers[-1] += 1
