from time import monotonic

from obelisk.metrics.orthanc import Facts, orthanc_values
from obelisk.metrics.registry import Metrics

#: What Orthanc 1.13.0 tells, and what 1.12.4 told and its Book spells otherwise.
NAMES = """
orthanc_available_dicom_threads orthanc_available_http_threads
orthanc_available_http_threads_count orthanc_count_instances orthanc_count_patients
orthanc_count_series orthanc_count_studies orthanc_dicom_cache_count
orthanc_dicom_cache_size orthanc_dicom_cache_size_mb
orthanc_dicom_parser_available_threads orthanc_dicom_parser_cache_count
orthanc_dicom_parser_cache_hit_count orthanc_dicom_parser_cache_miss_count
orthanc_dicom_parser_cache_size_mb orthanc_dicom_parser_memory_capacity_mb
orthanc_dicom_parser_memory_count orthanc_dicom_parser_memory_max_usage_mb
orthanc_dicom_parser_memory_usage_mb orthanc_disk_size_mb orthanc_find_scp_duration_ms
orthanc_get_scp_duration_ms orthanc_index_active_connections
orthanc_index_active_connections_count orthanc_jobs_completed orthanc_jobs_failed
orthanc_jobs_pending orthanc_jobs_running orthanc_jobs_success
orthanc_jobs_total_completed orthanc_jobs_total_failed orthanc_jobs_total_success
orthanc_last_change orthanc_logged_errors_count orthanc_logged_warnings_count
orthanc_memory_trimming_duration_ms orthanc_move_scp_duration_ms
orthanc_rest_api_active_requests orthanc_rest_api_duration_ms
orthanc_sequential_reader_available_threads orthanc_storage_available_threads
orthanc_storage_cache_count orthanc_storage_cache_hit_count
orthanc_storage_cache_miss_count orthanc_storage_cache_size_mb
orthanc_storage_create_duration_ms orthanc_storage_memory_capacity_mb
orthanc_storage_memory_count orthanc_storage_memory_max_usage_mb
orthanc_storage_memory_usage_mb orthanc_storage_read_bytes
orthanc_storage_read_duration_ms orthanc_storage_remove_duration_ms
orthanc_storage_written_bytes orthanc_store_dicom_duration_ms
orthanc_transcoder_available_threads orthanc_transcoder_cache_count
orthanc_transcoder_cache_hit_count orthanc_transcoder_cache_miss_count
orthanc_transcoder_cache_size_mb orthanc_transcoder_memory_capacity_mb
orthanc_transcoder_memory_count orthanc_transcoder_memory_max_usage_mb
orthanc_transcoder_memory_usage_mb orthanc_uncompressed_size_mb orthanc_up_time_s
"""

_FACTS = Facts(
    patient_count=1,
    study_count=2,
    series_count=3,
    instance_count=4,
    disk_size=1_048_576,
    uncompressed_size=3_145_728,
    last_change=99,
    up_time=12.9,
    http_thread_count=50,
    dicom_thread_count=4,
    cache_count=7,
    cache_size=2_097_152,
    cache_hit_count=5,
    cache_miss_count=6,
    connection_count=3,
    jobs={"Pending": 1, "Retry": 2, "Running": 3, "Paused": 4, "Success": 5},
    logged={"error": 8, "warning": 9},
    spans={},
)


def begin(requests):
    """Note that a request came; return when."""
    requests.there.append(None)
    return monotonic()


def test_every_name_of_orthanc_is_there():
    """Old and new ones, in each spelling."""
    assert set(NAMES.split()) <= set(orthanc_values(Metrics(), _FACTS))


def test_paused_jobs_count_as_running_and_those_that_wait_as_pending():
    """As in Orthanc."""
    values = orthanc_values(Metrics(), _FACTS)

    assert values["orthanc_jobs_pending"] == 3
    assert values["orthanc_jobs_running"] == 7
    assert values["orthanc_jobs_completed"] == 5


def test_the_two_sizes_differ():
    """Orthanc tells the size on the disk twice."""
    values = orthanc_values(Metrics(), _FACTS)

    assert values["orthanc_disk_size_mb"] == 1
    assert values["orthanc_uncompressed_size_mb"] == 3


def test_free_threads_are_those_that_were_free_at_the_busiest_moment():
    """Of the last ten seconds."""
    metrics = Metrics()
    first, second = begin(metrics.requests), begin(metrics.requests)
    metrics.requests.end(first, "GET", "/system", 200)
    metrics.requests.end(second, "GET", "/system", 200)
    values = orthanc_values(metrics, _FACTS)

    assert values["orthanc_rest_api_active_requests"] == 2
    assert values["orthanc_available_http_threads_count"] == 48
    assert values["orthanc_available_dicom_threads"] == 4


def test_ended_jobs_are_counted_by_outcome():
    """A job that was canceled while it ran has failed."""
    metrics = Metrics()
    for outcome in ("success", "success", "failure", "canceled"):
        metrics.job_runs.of("Verification", outcome).observe(1)
    values = orthanc_values(metrics, _FACTS)

    assert values["orthanc_jobs_total_success"] == 2
    assert values["orthanc_jobs_total_failed"] == 2
    assert values["orthanc_jobs_total_completed"] == 4
