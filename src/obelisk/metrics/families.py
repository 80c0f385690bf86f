"""What was noted, as families of samples with their names and texts."""

from obelisk.metrics.registry import Metrics
from obelisk.metrics.samples import SampleFamily, counters, durations, gauge, total


def noted_families(metrics: Metrics) -> list[SampleFamily]:
    """Return the families of everything that the instruments hold."""
    return [
        *_traffic(metrics),
        *_ingest(metrics),
        *_store(metrics),
        *_codecs(metrics),
        *_jobs(metrics),
    ]


def _traffic(metrics: Metrics) -> list[SampleFamily]:
    return [
        durations(
            "obelisk_http_request_duration_seconds",
            "Time from a request to its answer, by route and class of status.",
            ("method", "route", "status"),
            metrics.requests.durations(),
        ),
        gauge(
            "obelisk_http_requests_active",
            "Requests that are worked on, or wait for their turn.",
            metrics.requests.active_count,
        ),
        durations(
            "obelisk_dimse_operation_duration_seconds",
            "Time from a DICOM request to its answer, by service and status.",
            ("service", "status"),
            metrics.operations.items(),
        ),
        gauge(
            "obelisk_dimse_operations_active",
            "DICOM operations that are worked on.",
            metrics.active_operations.value,
        ),
        counters(
            "obelisk_dimse_associations",
            "Associations that were requested, by outcome.",
            ("outcome",),
            metrics.associations,
        ),
    ]


def _ingest(metrics: Metrics) -> list[SampleFamily]:
    return [
        durations(
            "obelisk_ingest_stage_duration_seconds",
            "Time that a stage of ingest takes.",
            ("stage",),
            metrics.ingest_stages.items(),
        ),
        durations(
            "obelisk_ingest_duration_seconds",
            "Time that ingest takes in all.",
            (),
            [((), metrics.ingest.total.histogram)],
        ),
        counters(
            "obelisk_ingest_instances",
            "Instances that were received, by origin and outcome.",
            ("origin", "outcome"),
            metrics.ingest.stored,
        ),
    ]


def _store(metrics: Metrics) -> list[SampleFamily]:
    operations = metrics.storage_operations.items()
    return [
        durations(
            "obelisk_index_transaction_duration_seconds",
            "Time that a transaction of the index takes, waiting included.",
            ("kind",),
            metrics.transactions.items(),
        ),
        durations(
            "obelisk_storage_operation_duration_seconds",
            "Time that an operation of the storage area takes.",
            ("operation",),
            [(labels, timing.histogram) for labels, timing in operations],
        ),
        total(
            "obelisk_storage_written_bytes",
            "Bytes that were written to the storage area.",
            metrics.written_bytes.value,
            unit="bytes",
        ),
        total(
            "obelisk_storage_read_bytes",
            "Bytes that were read from the storage area.",
            metrics.read_bytes.value,
            unit="bytes",
        ),
    ]


def _codecs(metrics: Metrics) -> list[SampleFamily]:
    return [
        durations(
            "obelisk_codec_duration_seconds",
            "Time to decode an image and to encode its pixels, by format and outcome.",
            ("format", "encoding", "outcome"),
            metrics.codecs.items(),
        ),
    ]


def _jobs(metrics: Metrics) -> list[SampleFamily]:
    return [
        durations(
            "obelisk_job_duration_seconds",
            "Time that jobs ran, by type and outcome.",
            ("type", "outcome"),
            metrics.job_runs.items(),
        ),
        durations(
            "obelisk_job_wait_seconds",
            "Time that jobs waited for a worker at first, by type.",
            ("type",),
            metrics.job_waits.items(),
        ),
    ]
