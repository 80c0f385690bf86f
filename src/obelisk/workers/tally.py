"""How many connections workers have closed, in memory that all processes share."""

import mmap

_NUMBER_BYTES = 8


class Tally:
    """A number for each worker, which only that worker increases.

    Parameters
    ----------
    count
        How many workers there are.
    """

    def __init__(self, count: int) -> None:
        memory = mmap.mmap(-1, count * _NUMBER_BYTES)
        self._numbers = memoryview(memory).cast("Q")

    def add(self, place: int, count: int) -> None:
        """Let the number of a worker grow."""
        self._numbers[place] += count

    def read(self, place: int) -> int:
        """Return the number of a worker."""
        return self._numbers[place]
