"""The metrics under Orthanc's names, old and new."""

from collections.abc import Mapping
from dataclasses import dataclass

from obelisk.metrics.registry import Metrics

_MEGABYTE = 1_048_576

#: What Orthanc and its plugins measure and this server does not have: there are no
#: threads, memory and caches for reading, parsing and transcoding of their own, no
#: trimming of memory, and no such plugins. They are told, as 0, so that boards that
#: ask for them find all their series.
ABSENT = (
    "orthanc_memory_trimming_duration_ms",
    *(
        f"orthanc_{part}_memory_{value}"
        for part in ("storage", "dicom_parser", "transcoder")
        for value in ("capacity_mb", "count", "usage_mb", "max_usage_mb")
    ),
    *(
        f"orthanc_{part}_cache_{value}"
        for part in ("storage", "transcoder")
        for value in ("count", "size_mb", "hit_count", "miss_count")
    ),
    *(
        f"orthanc_transfers_{value}_push_count"
        for value in ("created", "committed", "aborted", "available")
    ),
    "orthanc_transfers_cache_hit_count",
    "orthanc_transfers_cache_miss_count",
    "orthanc_transfers_used_cache_size",
    "orthanc_transfers_push_total_received_bytes_count",
    "orthanc_transfers_push_total_time_spent_in_commit_ms",
    "orthanc_transfers_push_total_time_spent_in_reception_ms",
    "orthanc_dicomweb_wadors_total_bytes_transferred",
    "orthanc_dicomweb_wadors_average_bandwidth_per_call_mbytes_per_second_5m",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is looked up when somebody asks, rather than noted when it happens.

    Sizes are in bytes, times in seconds; `jobs` has the number of jobs by state,
    `logged` the number of lines by level, `spans` that of spans of traces by outcome.
    """

    patient_count: int
    study_count: int
    series_count: int
    instance_count: int
    disk_size: int
    uncompressed_size: int
    last_change: int
    up_time: float
    http_thread_count: int
    dicom_thread_count: int
    cache_count: int
    cache_size: int
    cache_hit_count: int
    cache_miss_count: int
    connection_count: int
    jobs: Mapping[str, int]
    logged: Mapping[str, int]
    spans: Mapping[str, int]


def orthanc_values(metrics: Metrics, facts: Facts) -> dict[str, float]:
    """Return every metric of Orthanc by its name."""
    return (
        dict.fromkeys(ABSENT, 0)
        | _contents(facts)
        | _threads(metrics, facts)
        | _durations(metrics)
        | _jobs(metrics, facts)
        | _caches(facts)
    )


def _contents(facts: Facts) -> dict[str, float]:
    return {
        "orthanc_count_patients": facts.patient_count,
        "orthanc_count_studies": facts.study_count,
        "orthanc_count_series": facts.series_count,
        "orthanc_count_instances": facts.instance_count,
        "orthanc_disk_size_mb": facts.disk_size / _MEGABYTE,
        "orthanc_uncompressed_size_mb": facts.uncompressed_size / _MEGABYTE,
        "orthanc_last_change": facts.last_change,
        "orthanc_up_time_s": int(facts.up_time),
        "orthanc_index_active_connections": facts.connection_count,
        "orthanc_index_active_connections_count": facts.connection_count,
        "orthanc_logged_errors_count": facts.logged.get("error", 0),
        "orthanc_logged_warnings_count": facts.logged.get("warning", 0),
    }


def _threads(metrics: Metrics, facts: Facts) -> dict[str, float]:
    """Return the threads that were free when the fewest were.

    Files are read, parsed and transcoded by the threads that answer requests.
    """
    requests = metrics.requests.most()
    http = max(0, facts.http_thread_count - requests)
    operations = int(metrics.active_operations.peak.read())
    parts = ("storage", "dicom_parser", "transcoder", "sequential_reader")
    values: dict[str, float] = {
        "orthanc_rest_api_active_requests": requests,
        "orthanc_available_http_threads": http,
        "orthanc_available_http_threads_count": http,
        "orthanc_available_dicom_threads": max(
            0, facts.dicom_thread_count - operations
        ),
    }
    return values | {f"orthanc_{part}_available_threads": http for part in parts}


def _durations(metrics: Metrics) -> dict[str, float]:
    storage, services = metrics.storage_operations, metrics.operation_peaks
    peaks = {
        "orthanc_store_dicom_duration_ms": metrics.ingest.total.peak,
        "orthanc_storage_create_duration_ms": storage.of("create").peak,
        "orthanc_storage_read_duration_ms": storage.of("read").peak,
        "orthanc_storage_remove_duration_ms": storage.of("remove").peak,
        "orthanc_find_scp_duration_ms": services.of("C-FIND"),
        "orthanc_move_scp_duration_ms": services.of("C-MOVE"),
        "orthanc_get_scp_duration_ms": services.of("C-GET"),
    }
    found: dict[str, float] = {
        name: int(peak.read() * 1000) for name, peak in peaks.items()
    }
    return found | {
        "orthanc_rest_api_duration_ms": int(metrics.requests.slowest() * 1000),
        "orthanc_storage_read_bytes": metrics.read_bytes.value,
        "orthanc_storage_written_bytes": metrics.written_bytes.value,
    }


def _jobs(metrics: Metrics, facts: Facts) -> dict[str, float]:
    """Return the jobs that there are, and the counts of those that ended."""
    states = facts.jobs
    kept_success, kept_failed = states.get("Success", 0), states.get("Failure", 0)
    success = failed = 0
    for (_, outcome), histogram in metrics.job_runs.items():
        count = histogram.read()[0][-1][1]
        if outcome == "success":
            success += count
        else:
            failed += count
    return {
        "orthanc_jobs_pending": states.get("Pending", 0) + states.get("Retry", 0),
        "orthanc_jobs_running": states.get("Running", 0) + states.get("Paused", 0),
        "orthanc_jobs_completed": kept_success + kept_failed,
        "orthanc_jobs_success": kept_success,
        "orthanc_jobs_failed": kept_failed,
        "orthanc_jobs_total_completed": success + failed,
        "orthanc_jobs_total_success": success,
        "orthanc_jobs_total_failed": failed,
    }


def _caches(facts: Facts) -> dict[str, float]:
    """Return the cache of datasets, whose names changed from version to version."""
    size = facts.cache_size / _MEGABYTE
    return {
        "orthanc_dicom_cache_count": facts.cache_count,
        "orthanc_dicom_cache_size": size,
        "orthanc_dicom_cache_size_mb": size,
        "orthanc_dicom_parser_cache_count": facts.cache_count,
        "orthanc_dicom_parser_cache_size_mb": size,
        "orthanc_dicom_parser_cache_hit_count": facts.cache_hit_count,
        "orthanc_dicom_parser_cache_miss_count": facts.cache_miss_count,
    }
