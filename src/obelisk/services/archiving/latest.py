"""The layouts that were used last, as clients fetch an archive in many parts."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from obelisk.services.archiving.layout import Layout

#: What a layout takes beside its members is as if it had so many more.
_MEMBERS_BESIDE = 20


class Latest:
    """A few layouts by their keys; safe to use from several threads.

    Parameters
    ----------
    member_count_max
        How many members they may have together.
    """

    def __init__(self, member_count_max: int) -> None:
        self._count_max = member_count_max
        self._count = 0
        self._layouts: OrderedDict[str, Layout] = OrderedDict()
        self._turns: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], Layout]) -> Layout:
        """Return the layout of a key, which is made if it is not there.

        Those who want the same one at the same time wait for the first of them.
        """
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
        with turn:
            try:
                layout = self._lookup(key)
                if layout is None:
                    layout = make()
                self._keep(key, layout)
            finally:
                with self._lock:
                    self._turns.pop(key, None)
        return layout

    def _lookup(self, key: str) -> Layout | None:
        with self._lock:
            return self._layouts.get(key)

    def _keep(self, key: str, layout: Layout) -> None:
        """Let a layout be the latest, and drop the oldest beyond what may be kept."""
        with self._lock:
            if key not in self._layouts:
                self._layouts[key] = layout
                self._count += _weight(layout)
            self._layouts.move_to_end(key)
            while self._count > self._count_max:
                _, dropped = self._layouts.popitem(last=False)
                self._count -= _weight(dropped)


def _weight(layout: Layout) -> int:
    """Return how many members take the memory of a layout."""
    return len(layout) + _MEMBERS_BESIDE
