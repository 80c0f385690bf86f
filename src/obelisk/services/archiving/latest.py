"""The layouts that were used last."""

import threading
from collections import OrderedDict

from obelisk.services.archiving.layout import Layout


class Latest:
    """A few layouts by their keys; safe to use from several threads.

    Parameters
    ----------
    count_max
        How many.
    """

    def __init__(self, count_max: int) -> None:
        self._count_max = count_max
        self._layouts: OrderedDict[str, Layout] = OrderedDict()
        self._lock = threading.Lock()

    def lookup(self, key: str) -> Layout | None:
        """Return a layout, which counts as used now; `None` if it is not there."""
        with self._lock:
            if key in self._layouts:
                self._layouts.move_to_end(key)
            return self._layouts.get(key)

    def keep(self, key: str, layout: Layout) -> None:
        """Keep a layout in the place of that which was not used for the longest."""
        with self._lock:
            self._layouts[key] = layout
            if len(self._layouts) > self._count_max:
                self._layouts.popitem(last=False)
