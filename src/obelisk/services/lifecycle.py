"""How the server is told to end, or to start again, by its clients."""

from collections.abc import Callable
from enum import Enum


class Ending(Enum):
    """Why the main process ends."""

    SIGNAL = "signal"
    SHUTDOWN = "shutdown"
    RESET = "reset"


class Lifecycle:
    """Ends the main process in an orderly way.

    Parameters
    ----------
    wake
        Lets the main thread of the process see that `ending` has changed.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        #: Why the process ends, if it was `end` that told it to.
        self.ending = Ending.SIGNAL

    def end(self, ending: Ending) -> None:
        """Begin to end; requests in progress, this one included, get their answers."""
        self.ending = ending
        self._wake()
