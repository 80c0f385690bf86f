"""What the server tells of itself to programs that watch it."""

import time
from collections.abc import Callable, Sequence

from obelisk.metrics.families import noted_families
from obelisk.metrics.merging import Report, merged_facts, merged_metrics
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
        #: Asks the other processes of the server what they noted.
        self.ask_others: Callable[[], Sequence[Report]] = tuple

    def orthanc_text(self) -> str:
        """Return the metrics under Orthanc's names; nothing if they are off."""
        if not self.metrics.is_enabled:
            return ""
        values = orthanc_values(*self._gather())
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
        metrics, facts = self._gather()
        return [*self._find_families(facts), *noted_families(metrics)]

    def _gather(self) -> tuple[Metrics, Facts]:
        """Return what all processes noted, and what was looked up."""
        reports = self.ask_others()
        facts = merged_facts(self._find_facts(), reports)
        return merged_metrics(self.metrics, reports), facts
