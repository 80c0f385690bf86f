"""POST /tools/bulk-content and /tools/bulk-delete."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from obelisk.dicom.levels import Level
from obelisk.dicom.tag_json import TagForm
from obelisk.errors import InvalidArgumentError, InvalidInputError
from obelisk.job_types.deletion import Deletion
from obelisk.rest.find import LEVEL_OF_NAME
from obelisk.rest.job_requests import submit, wants_job
from obelisk.rest.json_bodies import Fields, read_fields
from obelisk.rest.messages import (
    BadContentError,
    Request,
    Response,
    Services,
    json_response,
    text_response,
)
from obelisk.rest.resource_json import resources_json
from obelisk.rest.response_content import ResponseContent
from obelisk.services.resources import ResourceDescription


def bulk_content(request: Request, services: Services) -> Response:
    """Describe many resources at once; those that do not exist are left out.

    ``Resources`` lists their ids. With ``Level``, what is above or below them at that
    level is described instead. ``Short`` and ``Full`` choose how tags are written, and
    ``Metadata``, which is true unless given, adds the metadata.
    """
    fields = read_fields(request, services)
    ids, target = _ids(fields), _level(fields)
    content = ResponseContent(form=_form(fields))
    with_metadata = _flag(fields, "Metadata", default=True)
    shown: list[dict[str, Any]] = []
    found = services.bulk.describe(ids, target)
    for _, group in groupby(found, lambda one: one.level):
        shown += _shown(list(group), content, services, with_metadata)
    return json_response(shown)


def bulk_delete(request: Request, services: Services) -> Response:
    """Delete many resources at once; ``Resources`` lists their ids.

    An id may come with its level, as ``{"Level": "Study", "ID": "…"}``. Those that do
    not exist at that level, or went with one named before, are passed over.
    With ``Asynchronous`` it is done by a job, whose id is the answer; so it is with the
    options of jobs, but then the answer comes when it has ended.
    """
    fields = read_fields(request, services)
    ids = _named(fields, services)
    if wants_job(request, fields):
        job = _deletion(ids, services)
        return submit(request, services, job, fields, lambda _: text_response())
    services.bulk.delete(ids)
    return text_response()


def _named(fields: Fields, services: Services) -> Sequence[str]:
    """Return the ids of a list of ids, and of those that come with their right level.

    Raises
    ------
    InvalidInputError
        If it is no such list.
    """
    resources = fields.get("Resources")
    if not isinstance(resources, list):
        raise InvalidInputError("The body must contain a Resources array")
    ids = []
    for resource in resources:
        id_, level = resource, None
        if isinstance(resource, dict):
            id_, level = resource.get("ID"), _level_named(resource.get("Level"))
        if not isinstance(id_, str):
            raise InvalidInputError("Invalid payload")
        if level is None or services.bulk.lookup_level(id_) is level:
            ids.append(id_)
    return ids


def _level_named(name: Any) -> Level:
    if not isinstance(name, str):
        raise InvalidInputError("Invalid payload")
    return _known_level(name)


def _deletion(ids: Sequence[str], services: Services) -> Deletion:
    resources = services.resources.known(ids)
    instances = services.resources.instances_of(resources)
    return Deletion(resources=resources, instances=instances)


def _shown(
    described: Sequence[ResourceDescription],
    content: ResponseContent,
    services: Services,
    with_metadata: bool,  # noqa: FBT001 -- the handler's only choice
) -> list[dict[str, Any]]:
    """Write resources of one level."""
    shown = resources_json(described, content, services)
    if with_metadata:
        level, rows = described[0].level, [one.row for one in described]
        metadata = services.metadata.texts(level, rows)
        for one, texts in zip(shown, metadata, strict=True):
            one["Metadata"] = texts
    return [dict(sorted(one.items())) for one in shown]


def _ids(fields: Fields) -> Sequence[str]:
    ids = fields.get("Resources")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise BadContentError("List of strings expected in field: Resources")
    return ids


def _level(fields: Fields) -> Level | None:
    name = fields.get("Level")
    if name is None:
        return None
    if not isinstance(name, str):
        raise BadContentError("String value expected in field: Level")
    return _known_level(name)


def _known_level(name: str) -> Level:
    if name.lower() not in LEVEL_OF_NAME:
        raise InvalidArgumentError(f"Invalid resource type '{name}'")
    return LEVEL_OF_NAME[name.lower()]


def _form(fields: Fields) -> TagForm:
    is_full = _flag(fields, "Full", default=False)
    if _flag(fields, "Short", default=False):
        return TagForm.SHORT
    return TagForm.FULL if is_full else TagForm.SIMPLE


def _flag(fields: Fields, name: str, *, default: bool) -> bool:
    value = fields.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise BadContentError(f"Boolean value expected in field: {name}")
    return value
