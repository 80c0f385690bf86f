"""Looks up what the metrics tell beside that which is noted all the time."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from obelisk import __version__
from obelisk.config import Config
from obelisk.index.sqlite import SQLiteIndex
from obelisk.metrics.monitoring import Monitoring
from obelisk.metrics.orthanc import Facts
from obelisk.metrics.process import process_families
from obelisk.metrics.registry import Metrics
from obelisk.metrics.samples import Kind, Sample, SampleFamily, gauge, total
from obelisk.rest.caching import BytesCache
from obelisk.telemetry import LINES
from obelisk.telemetry.tracing import TRACER


class Watch:
    """Knows what is there: in the index, in the storage area, in memory.

    Parameters
    ----------
    config
        The configuration.
    index
        The index.
    cache
        The cache of datasets.
    """

    def __init__(self, config: Config, index: SQLiteIndex, cache: BytesCache) -> None:
        self._config = config
        self._index = index
        self._cache = cache
        self._started = time.time()
        #: The number of associations that are open.
        self.count_associations: Callable[[], int] = int

    def monitoring(self, metrics: Metrics) -> Monitoring:
        """Return what the front doors see."""
        return Monitoring(metrics, self.find_facts, self.find_families)

    def find_facts(self) -> Facts:
        """Look up what Orthanc has names for."""
        with self._index.read() as transaction:
            counts = transaction.total_counts()
            jobs = transaction.count_jobs()
            last_change = transaction.last_change()
        cache = self._cache
        return Facts(
            patient_count=counts.patient_count,
            study_count=counts.study_count,
            series_count=counts.series_count,
            instance_count=counts.instance_count,
            disk_size=counts.disk_size,
            uncompressed_size=counts.uncompressed_size,
            last_change=last_change,
            up_time=time.time() - self._started,
            http_thread_count=self._config.http.thread_count,
            dicom_thread_count=self._config.dicom.thread_count,
            cache_count=cache.count,
            cache_size=cache.size,
            cache_hit_count=cache.hit_count,
            cache_miss_count=cache.miss_count,
            connection_count=self._index.connection_count,
            jobs=jobs,
            logged=LINES.counts,
            spans=TRACER.counts(),
        )

    def find_families(self, facts: Facts) -> Sequence[SampleFamily]:
        """Return the facts, and more, as families of samples."""
        return [
            SampleFamily(
                "obelisk_build",
                Kind.INFO,
                "The version of the server.",
                [Sample("_info", {"version": __version__}, 1)],
            ),
            *_content_families(facts),
            *_cache_families(facts),
            *_space_families(self._config.storage.storage_directory),
            gauge(
                "obelisk_dimse_associations_active",
                "Connections of the DICOM server that are open.",
                self.count_associations(),
            ),
            total(
                "obelisk_trace_spans",
                "Spans of traces, by what became of them.",
                facts.spans,
                "outcome",
            ),
            *process_families(self._started),
        ]


def _content_families(facts: Facts) -> list[SampleFamily]:
    levels = {
        "patient": facts.patient_count,
        "study": facts.study_count,
        "series": facts.series_count,
        "instance": facts.instance_count,
    }
    return [
        gauge("obelisk_resources", "What is stored, by level.", levels, "level"),
        gauge(
            "obelisk_attachments_disk_bytes",
            "Bytes of all attachments as they are stored.",
            facts.disk_size,
            unit="bytes",
        ),
        gauge(
            "obelisk_attachments_uncompressed_bytes",
            "Bytes of all attachments when they are read.",
            facts.uncompressed_size,
            unit="bytes",
        ),
        total(
            "obelisk_changes", "Changes since the index is there.", facts.last_change
        ),
        gauge("obelisk_jobs", "Jobs, by state.", facts.jobs, "state"),
        total("obelisk_log_lines", "Lines of the log.", facts.logged, "level"),
        gauge(
            "obelisk_index_connections",
            "Connections to the database that are open.",
            facts.connection_count,
        ),
    ]


def _cache_families(facts: Facts) -> list[SampleFamily]:
    return [
        gauge(
            "obelisk_cache_bytes",
            "Bytes that a cache holds.",
            {"datasets": facts.cache_size},
            "cache",
            "bytes",
        ),
        gauge(
            "obelisk_cache_entries",
            "Answers that a cache holds.",
            {"datasets": facts.cache_count},
            "cache",
        ),
        total(
            "obelisk_cache_hits",
            "How often what was looked for was in a cache.",
            {"datasets": facts.cache_hit_count},
            "cache",
        ),
        total(
            "obelisk_cache_misses",
            "How often what was looked for was not in a cache.",
            {"datasets": facts.cache_miss_count},
            "cache",
        ),
    ]


def _space_families(folder: Path) -> list[SampleFamily]:
    space = os.statvfs(folder)
    return [
        gauge(
            "obelisk_storage_free_bytes",
            "Bytes that are free on the disk of the storage area.",
            space.f_bavail * space.f_frsize,
            unit="bytes",
        ),
        gauge(
            "obelisk_storage_size_bytes",
            "Bytes of the disk of the storage area.",
            space.f_blocks * space.f_frsize,
            unit="bytes",
        ),
    ]
