"""POST /tools/create-dicom: makes new instances."""

from obelisk.rest.creation_orders import open_order
from obelisk.rest.messages import Request, Response, Services, json_response
from obelisk.services.ingest import Origin, StoreResult


def create(request: Request, services: Services) -> Response:
    """Make an instance of ``Tags`` and ``Content``, or a series of several contents.

    The body is a JSON object, or a form with its members as fields and the contents as
    files.
    """
    origin = Origin("RestApi", request.remote_addr, request.username)
    with open_order(request, services) as order:
        results = services.creation.create(order, origin)
    if order.is_series:
        return json_response(_series_answer(results[0]))
    return json_response(_instance_answer(results[0]))


def _instance_answer(result: StoreResult) -> dict[str, object]:
    ids = result.ids
    return {
        "ID": ids.instance,
        "ParentPatient": ids.patient,
        "ParentSeries": ids.series,
        "ParentStudy": ids.study,
        "Path": f"/instances/{ids.instance}",
        "Status": result.status.value,
    }


def _series_answer(result: StoreResult) -> dict[str, object]:
    series = result.ids.series
    return {"ID": series, "Path": f"/series/{series}", "Status": result.status.value}
