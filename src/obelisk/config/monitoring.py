"""The options of what the server tells of itself; see `sections`."""

from dataclasses import dataclass

from obelisk.config.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringSection:
    """Log, metrics and health."""

    deidentify_logs: bool = option("DeidentifyLogs", default=True)
    """Whether the log leaves out what clients and files say: the names in the paths of
    requests, the details of requests that are refused, the texts of internal errors.
    Clients get the details in any case; `X-Request-ID` tells which line belongs to
    which answer."""

    metrics_enabled: bool = option("MetricsEnabled", default=True)
    """Whether metrics are collected from the start; `PUT /tools/metrics` changes that
    while the server runs."""

    trace_endpoint: str | None = option("OpenTelemetryEndpoint", None)
    """The URL of an OpenTelemetry collector, such as `http://localhost:4318`, to which
    traces are sent (OTLP over HTTP); without it there are none. `/v1/traces` is added
    unless the URL ends so. Orthanc has no such option."""

    trace_percentage: int = option(
        "OpenTelemetrySamplePercentage", 100, minimum=0, maximum=100, unit="%"
    )
    """How many of the traces that begin here are recorded. Where a request names the
    trace that it belongs to, its sender has decided. Orthanc has no such option."""

    health_open: bool = option("HealthWithoutAuthentication", default=False)
    """Whether everybody may ask for `/health/live` and `/health/ready`, from other
    machines too, without a name and a password. Orthanc has no such option."""

    free_space_min: int = option("HealthMinimumFreeSpace", 100, minimum=0, unit="MB")
    """How much room there must be on the disk of the storage area for the server to be
    ready. Orthanc has no such option."""
