"""What clients change while the server runs, and all its processes have to know."""

from collections.abc import Callable, Mapping
from typing import Any

from obelisk import telemetry
from obelisk.metrics.registry import Metrics
from obelisk.services.encoding import AssumedEncoding
from obelisk.telemetry import CATEGORIES


class LiveSettings:
    """Settings that last until the server ends.

    Parameters
    ----------
    encoding
        The character set of files that name none.
    metrics
        Whether anything is noted in them can change.
    forget
        Forgets what was made of files under other settings.
    """

    def __init__(
        self, encoding: AssumedEncoding, metrics: Metrics, forget: Callable[[], None]
    ) -> None:
        self._encoding = encoding
        self._metrics = metrics
        self._forget = forget
        #: Has other processes take over the settings before their next request.
        self.tell: Callable[[], None] = lambda: None

    def state(self) -> dict[str, Any]:
        """Return the settings, as JSON has them."""
        return {
            "encoding": self._encoding.name,
            "levels": {name: telemetry.level_of(name) for name in CATEGORIES},
            "is_noting": self._metrics.is_enabled,
        }

    def take_over(self, state: Mapping[str, Any]) -> None:
        """Set what another process has set, and forget what was derived."""
        self._encoding.name = state["encoding"]
        for name, level in state["levels"].items():
            telemetry.set_level(name, level)
        self._metrics.is_enabled = state["is_noting"]
        self._forget()
