"""What programs that watch the server ask for."""

from obelisk.metrics.samples import OPENMETRICS, PROMETHEUS
from obelisk.rest.messages import Request, Response, Services

_ORTHANC = "text/plain; version=0.0.4"
_OPENMETRICS_TYPE = "application/openmetrics-text"


def get_orthanc_metrics(_request: Request, services: Services) -> Response:
    """Give the metrics under Orthanc's names, in Orthanc's format.

    The names are those of Orthanc 1.12 and 1.13 together.
    """
    # Whatever is accepted: a Prometheus that is told to ask here would rather have
    # OpenMetrics, but the boards behind it want these names.
    text = services.monitoring.orthanc_text()
    return Response(text.encode(), [("Content-Type", _ORTHANC)])


def get_metrics(request: Request, services: Services) -> Response:
    """Give all metrics, as OpenMetrics if that is wanted, else as Prometheus text."""
    if _OPENMETRICS_TYPE in request.headers.get("Accept", ""):
        text, kind = services.monitoring.openmetrics_text(), OPENMETRICS
    else:
        text, kind = services.monitoring.prometheus_text(), PROMETHEUS
    return Response(text.encode(), [("Content-Type", kind)])
