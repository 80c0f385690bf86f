"""What requests want to have in an archive, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from obelisk.errors import InvalidArgumentError, InvalidInputError
from obelisk.rest.json_bodies import Fields, parse_json, read_body
from obelisk.rest.messages import BadContentError, Request, Services
from obelisk.rest.transcoding import (
    bounded_quality,
    known_syntax,
    quality_of_query,
)
from obelisk.services.archiving.archiving import ArchiveForm

_COMPRESSIONS = {"deflate": True, "store": False}
_NO_FIELDS = Fields({})


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request wants.

    Attributes
    ----------
    form
        What the archive is to look like.
    is_deflated
        Whether its members are to be deflated.
    file_name
        What the client wants to call it, empty if it does not say.
    ids
        The resources that the request lists, `None` if it lists none.
    fields
        The fields of the body.
    is_awaited
        Whether the client waits for the archive, which a job makes if not.
    """

    form: ArchiveForm
    is_deflated: bool
    file_name: str = ""
    ids: Sequence[str] | None = None
    fields: Fields = _NO_FIELDS
    is_awaited: bool = True


def wishes_of_query(
    request: Request,
    services: Services,
    form: ArchiveForm,
    *,
    lists_resources: bool = False,
) -> Wishes:
    """Return what the arguments of a GET say; see `wishes_of_body`.

    Raises
    ------
    InvalidArgumentError
        If they want something that there is not.
    InvalidInputError
        If resources are to be listed and are not.
    """
    form = _transcoded_by_query(request, services, form)
    if form.is_media and "extended" in request.args:
        form = replace(form, is_extended=True)
    form = replace(form, is_utf8=services.archive_defaults.is_utf8)
    wishes = _wishes(request, services, form, request.args.get("filename", ""))
    ids = _ids_of_query(request) if lists_resources else None
    return replace(wishes, ids=ids)


def _transcoded_by_query(
    request: Request, services: Services, form: ArchiveForm
) -> ArchiveForm:
    uid, quality = map(request.args.get, ("transcode", "lossy-quality"))
    if uid is None:
        return form
    wanted = known_syntax(uid), quality_of_query(quality)
    return _transcoded(form, services, *wanted)


def _wishes(
    request: Request, services: Services, form: ArchiveForm, file_name: str
) -> Wishes:
    is_deflated = _is_deflated(request, services) or bool(form.transfer_syntax)
    return Wishes(form, is_deflated, file_name)


def _ids_of_query(request: Request) -> list[str]:
    if "resources" not in request.args:
        raise InvalidInputError("Missing resources argument")
    return [id_ for id_ in request.args["resources"].split(",") if id_]


def wishes_of_body(
    request: Request,
    services: Services,
    form: ArchiveForm,
    *,
    lists_resources: bool = False,
) -> Wishes:
    """Return what the body of a POST says.

    Parameters
    ----------
    request, services
        The request, and what it is answered with.
    form
        What the archive looks like unless the body says so.
    lists_resources
        Whether the body has a list of resources, or is one.

    Raises
    ------
    BadContentError
        If it is malformed.
    InvalidArgumentError
        If it wants something that there is not.
    """
    values = _read(request, services)
    ids = _ids(values) if lists_resources else None
    fields = values if isinstance(values, dict) else {}
    form = _form_of_fields(fields, form, services)
    _check_integer(fields, "Priority")
    wishes = _wishes(request, services, form, _file_name(fields))
    is_awaited = _is_synchronous(request, fields)
    return replace(wishes, ids=ids, fields=Fields(fields), is_awaited=is_awaited)


def _form_of_fields(
    fields: Mapping[str, Any], form: ArchiveForm, services: Services
) -> ArchiveForm:
    if "Transcode" in fields:
        quality = _quality(fields)
        form = _transcoded(
            form, services, known_syntax(_text(fields, "Transcode")), quality
        )
    is_extended = form.is_media and _flag(fields, "Extended", default=False)
    return replace(
        form,
        is_extended=form.is_extended or is_extended,
        is_utf8=_flag(fields, "Utf8", default=services.archive_defaults.is_utf8),
    )


def _read(request: Request, services: Services) -> Any:
    try:
        return parse_json(read_body(request, services))
    except orjson.JSONDecodeError as error:
        raise BadContentError("The body must contain JSON") from error


def _ids(values: Any) -> list[str]:
    """Return the ids that a body lists."""
    if isinstance(values, dict):
        if "Resources" not in values:
            raise BadContentError("Missing field Resources in the JSON body")
        values = values["Resources"]
    if not isinstance(values, list) or not all(isinstance(id_, str) for id_ in values):
        raise BadContentError("Expected a list of strings (identifiers of resources)")
    return values


def _is_synchronous(request: Request, fields: Mapping[str, Any]) -> bool:
    if "Synchronous" in fields:
        return _flag(fields, "Synchronous", default=True)
    is_preferred = "respond-async" in request.headers.get("Prefer", "")
    return not _flag(fields, "Asynchronous", default=is_preferred)


def _flag(fields: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = fields.get(name, default)
    if not isinstance(value, bool):
        raise BadContentError(f"Boolean value expected in field: {name}")
    return value


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise BadContentError(f"String value expected in field: {name}")
    return value


def _file_name(fields: Mapping[str, Any]) -> str:
    """Return how the client calls the archive; what is no text is overlooked."""
    name = fields.get("Filename")
    return name if isinstance(name, str) else ""


def _quality(fields: Mapping[str, Any]) -> int | None:
    _check_integer(fields, "LossyQuality")
    quality = fields.get("LossyQuality")
    return None if quality is None else bounded_quality(quality)


def _transcoded(
    form: ArchiveForm, services: Services, uid: str, quality: int | None
) -> ArchiveForm:
    if quality is None:
        quality = services.transcoding.lossy_quality
    return replace(form, transfer_syntax=uid, lossy_quality=quality)


def _check_integer(fields: Mapping[str, Any], name: str) -> None:
    value = fields.get(name, 0)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadContentError(f"Integer value expected in field: {name}")


def _is_deflated(request: Request, services: Services) -> bool:
    wanted = request.args.get("compression")
    if wanted is None:
        return services.archive_defaults.is_deflated
    if wanted not in _COMPRESSIONS:
        raise InvalidArgumentError("The compression is either deflate or store")
    return _COMPRESSIONS[wanted]
