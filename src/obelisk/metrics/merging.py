"""What several processes noted, put together as if it were one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from obelisk.metrics.orthanc import Facts
from obelisk.metrics.registry import Metrics

#: What a process tells of itself, as JSON has it: see `report`.
Report = dict[str, Any]


def report(metrics: Metrics, facts: Facts) -> Report:
    """Return what one process noted: what only grows, and what there is just now."""
    return {
        "instruments": metrics.dump(),
        "lasting": {
            "hits": facts.cache_hit_count,
            "misses": facts.cache_miss_count,
            **facts.logged,
            **facts.spans,
        },
        "present": {
            "count": facts.cache_count,
            "size": facts.cache_size,
            "connections": facts.connection_count,
        },
    }


def merged_metrics(metrics: Metrics, reports: Sequence[Report]) -> Metrics:
    """Return what all processes noted."""
    if not reports:
        return metrics
    merged = Metrics()
    for noted in (metrics.dump(), *(one["instruments"] for one in reports)):
        merged.absorb(noted)
    return merged


def merged_facts(facts: Facts, reports: Sequence[Report]) -> Facts:
    """Return the facts of all processes; what the index says is said by one."""
    sums: Counter[str] = Counter()
    for one in reports:
        sums.update(one["lasting"])
        sums.update(one["present"])
    return replace(
        facts,
        cache_count=facts.cache_count + sums["count"],
        cache_size=facts.cache_size + sums["size"],
        cache_hit_count=facts.cache_hit_count + sums["hits"],
        cache_miss_count=facts.cache_miss_count + sums["misses"],
        connection_count=facts.connection_count + sums["connections"],
        logged={level: count + sums[level] for level, count in facts.logged.items()},
        spans={name: count + sums[name] for name, count in facts.spans.items()},
    )


class Former:
    """What processes noted that are dead, so that no count ever falls."""

    def __init__(self) -> None:
        self._metrics = Metrics()
        self._lasting: Counter[str] = Counter()

    def add(self, last: Report) -> None:
        """Add the last report of a process."""
        self._metrics.absorb(last["instruments"])
        self._metrics.forget_present()
        self._lasting.update(last["lasting"])

    def report(self) -> Report:
        """Return what they noted in all."""
        return {
            "instruments": self._metrics.dump(),
            "lasting": dict(self._lasting),
            "present": {},
        }
