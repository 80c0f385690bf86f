"""Switches traces on, if that is wanted."""

from obelisk import __version__
from obelisk.app.description import identifier_of
from obelisk.config import Config
from obelisk.telemetry.trace_export import SpanExporter
from obelisk.telemetry.tracing import TRACER

#: For how long a stop waits until the last spans are sent.
FLUSH_SECONDS = 3.0


def start_tracing(config: Config) -> None:
    """Send what this process does as traces (OpenTelemetryEndpoint)."""
    monitoring = config.monitoring
    if monitoring.trace_endpoint is None:
        return
    resource = {
        "service.name": "obelisk",
        "service.version": __version__,
        "service.instance.id": identifier_of(config),
    }
    exporter = SpanExporter(monitoring.trace_endpoint, resource)
    exporter.start()
    TRACER.open(exporter, monitoring.trace_percentage)
