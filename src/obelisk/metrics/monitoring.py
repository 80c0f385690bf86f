"""What the server tells of itself to programs that watch it."""

import time
from collections.abc import Callable, Sequence

from obelisk.metrics.families import noted_families
from obelisk.metrics.orthanc import Facts, orthanc_values
from obelisk.metrics.registry import Metrics
from obelisk.metrics.samples import (
    SampleFamily,
    openmetrics_text,
    orthanc_text,
    prometheus_text,
)


class Monitoring:
    """Puts together what was noted and what is looked up.

    Parameters
    ----------
    metrics
        What was noted.
    find_facts
        Looks up the rest.
    find_families
        Looks up what Orthanc has no names for.
    """

    def __init__(
        self,
        metrics: Metrics,
        find_facts: Callable[[], Facts],
        find_families: Callable[[Facts], Sequence[SampleFamily]],
    ) -> None:
        #: What was noted.
        self.metrics = metrics
        self._find_facts = find_facts
        self._find_families = find_families

    def orthanc_text(self) -> str:
        """Return the metrics under Orthanc's names; nothing if they are off."""
        if not self.metrics.is_enabled:
            return ""
        values = orthanc_values(self.metrics, self._find_facts())
        return orthanc_text(values, int(time.time() * 1000))

    def openmetrics_text(self) -> str:
        """Return everything as OpenMetrics; nothing but the end if it is off."""
        return openmetrics_text(self._families())

    def prometheus_text(self) -> str:
        """Return everything in the older format of Prometheus."""
        return prometheus_text(self._families())

    def _families(self) -> list[SampleFamily]:
        if not self.metrics.is_enabled:
            return []
        return [*self._find_families(self._find_facts()), *noted_families(self.metrics)]
