"""The log of what was sent: GET and DELETE /exports."""

from obelisk.index.exports import Export
from obelisk.rest.messages import (
    Request,
    Response,
    Services,
    json_response,
    text_response,
)
from obelisk.services.exports import ExportsPage

_LIMIT = 100
_NUMBER_MAX = 2**62


def list_exports(request: Request, services: Services) -> Response:
    """List what was sent to others, after ``since`` and at most ``limit`` of it.

    ``last`` asks for the last export only. Numbers that are none are as if they were
    not given.
    """
    if "last" in request.args:
        return json_response(_page_json(services.exports.last()))
    since = _number(request, "since", 0)
    limit = max(0, _number(request, "limit", _LIMIT))
    return json_response(_page_json(services.exports.page(since, limit)))


def clear_exports(_request: Request, services: Services) -> Response:
    """Empty the log; numbers go on where they were."""
    services.exports.clear()
    return text_response()


def _page_json(page: ExportsPage) -> dict[str, object]:
    shown: dict[str, object] = {
        "Done": page.is_done,
        "Exports": [_export_json(export) for export in page.exports],
    }
    if page.exports:
        shown["First"] = page.exports[0].seq
    return shown | {"Last": page.last}


def _export_json(export: Export) -> dict[str, object]:
    sent = export.sent
    identifiers = (
        ("PatientID", sent.patient_id),
        ("StudyInstanceUID", sent.study_instance_uid),
        ("SeriesInstanceUID", sent.series_instance_uid),
        ("SOPInstanceUID", sent.sop_instance_uid),
    )
    shown = {
        "Date": sent.date,
        "ID": sent.id,
        "Path": f"/{sent.level.plural}/{sent.id}",
        "RemoteModality": sent.remote,
        "ResourceType": sent.level.value,
        "Seq": export.seq,
    } | dict(identifiers[: sent.level.depth + 1])
    return dict(sorted(shown.items()))


def _number(request: Request, name: str, default: int) -> int:
    try:
        value = int(request.args.get(name, default))
    except ValueError:
        value = default
    return max(-_NUMBER_MAX, min(value, _NUMBER_MAX))
