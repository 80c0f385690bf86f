"""The change log: GET and DELETE /changes."""

import re
import time

from obelisk.dicom.levels import LEVELS
from obelisk.errors import InvalidArgumentError
from obelisk.index.job_records import JobEvent, JobEventType
from obelisk.index.records import Change, ChangeType
from obelisk.rest.messages import (
    Request,
    Response,
    Services,
    kept_response,
    split,
    text_response,
)
from obelisk.services.changes import Changes, ChangesPage

_LIMIT = 100
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_OF_JOBS = {kind.value: kind for kind in JobEventType}
_OCCURRING = {kind.value: kind for kind in ChangeType}
#: What takes its time to look up in an `Enum`.
_NAMES = {kind: kind.value for kind in ChangeType}
_LEVEL_NAMES = {level: level.value for level in LEVELS}
#: What Orthanc can log too; clients may ask for it, but it never happened here.
_OTHERS = frozenset(
    {
        "AnonymizedPatient",
        "AnonymizedSeries",
        "AnonymizedStudy",
        "CompletedSeries",
        "Deleted",
        "ModifiedPatient",
        "ModifiedSeries",
        "ModifiedStudy",
        "NewChildInstance",
        "StablePatient",
        "StableSeries",
        "StableStudy",
    }
)


def list_changes(request: Request, services: Services) -> Response:
    """List changes after ``since`` and up to ``to``, at most ``limit`` of them.

    ``type`` names the wanted kinds, separated by semicolons; ``last`` asks for the
    last change only. Numbers that are none are as if they were not given.
    ``JobSubmitted``, ``JobSuccess`` and ``JobFailure`` are listed on request only.
    """
    key = request.path, request.query_string
    return kept_response(
        services, key, lambda: _page_json(_page(request, services.changes))
    )


def _page(
    request: Request, changes: Changes
) -> ChangesPage[Change] | ChangesPage[JobEvent]:
    if "last" in request.args:
        return changes.last()
    since, limit, to = _cut(request)
    if job_types := _job_types(request):
        return changes.job_page(job_types, since, limit, to)
    types = _types(request)
    if types == []:
        nothing: list[Change] = []
        return ChangesPage(nothing, True, None, changes.page(limit=0).last)
    return changes.page(since, limit, to, types or ())


def clear_changes(_request: Request, services: Services) -> Response:
    """Empty the change log; numbers go on where they were."""
    services.changes.clear()
    return text_response()


def _number(request: Request, name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if _NUMBER.fullmatch(text) else None


def _cut(request: Request) -> tuple[int | None, int, int | None]:
    limit = _number(request, "limit")
    limit = _LIMIT if limit is None else max(0, limit)
    to = _number(request, "to")
    if to == -1:
        to = None
    return _number(request, "since"), limit, to


def _job_types(request: Request) -> list[JobEventType]:
    """Return the events of jobs that are asked for; they have numbers of their own."""
    names = split(request.args.get("type", ""))
    found = [_OF_JOBS[name] for name in names if name in _OF_JOBS]
    if found and len(found) < len(names):
        message = "Events of jobs cannot be listed together with other changes"
        raise InvalidArgumentError(message)
    return found


def _types(request: Request) -> list[ChangeType] | None:
    """Return the kinds that are asked for and can occur; `None` if all are wanted."""
    names = split(request.args.get("type", ""))
    for name in names:
        if name not in _OCCURRING and name not in _OTHERS:
            raise InvalidArgumentError(f"Invalid value for a change: {name}")
    return [_OCCURRING[name] for name in names if name in _OCCURRING] if names else None


def _page_json(page: ChangesPage[Change] | ChangesPage[JobEvent]) -> dict[str, object]:
    shown: dict[str, object] = {
        "Changes": [_change_json(change) for change in page.changes],
        "Done": page.is_done,
    }
    if page.first is not None:
        shown["First"] = page.first
    return shown | {"Last": page.last}


def _change_json(change: Change | JobEvent) -> dict[str, object]:
    if isinstance(change, JobEvent):
        return {
            "ChangeType": change.type.value,
            "Date": time.strftime("%Y%m%dT%H%M%S", time.localtime(change.time)),
            "ID": change.id,
            "Path": f"/jobs/{change.id}",
            "ResourceType": "Job",
            "Seq": change.seq,
        }
    return {
        "ChangeType": _NAMES[change.type],
        "Date": change.date,
        "ID": change.id,
        "Path": f"/{change.level.plural}/{change.id}",
        "ResourceType": _LEVEL_NAMES[change.level],
        "Seq": change.seq,
    }
