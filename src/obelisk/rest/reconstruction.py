"""Reconstruct what the index knows from files, and forget what was derived."""

from dataclasses import dataclass

import orjson

from obelisk.dicom.levels import Level
from obelisk.errors import InvalidInputError
from obelisk.job_types.reconstruction import (
    ArchiveReconstruction,
    InstancesReconstruction,
)
from obelisk.jobs.base import Job
from obelisk.rest.job_requests import submit, wants_job
from obelisk.rest.json_bodies import Fields, parse_json, read_body
from obelisk.rest.messages import (
    BadContentError,
    Request,
    Response,
    Services,
    text_response,
)

_FILES = "ReconstructFiles"
_LEVEL = "LimitToThisLevelMainDicomTags"


def reconstruct(request: Request, services: Services) -> Response:
    """Read the files below a resource again, and renew the index from what they say.

    With ``LimitToThisLevelMainDicomTags`` one file is read, for the attributes of this
    resource only. With ``ReconstructFiles`` files are also compressed, or expanded, as
    the configuration says. A job does it if there is ``Asynchronous`` or another option
    of jobs.
    """
    # Whether there is such a resource is answered first, whatever the body is.
    services.resources.get(request.level, request.id)
    options = _read_options(request, services, (_LEVEL, _FILES))
    work, target = services.reconstruction, (request.level, request.id)
    if wants_job(request, options.fields):
        return _submit(request, services, options, _job(services, *target, options))
    if options.is_level_only:
        work.reconstruct_level(*target)
    else:
        work.reconstruct(*target, with_files=options.with_files)
    return text_response()


def reconstruct_all(request: Request, services: Services) -> Response:
    """Do so for all that is stored; there is no ``LimitToThisLevelMainDicomTags``."""
    options = _read_options(request, services, (_FILES,))
    if wants_job(request, options.fields):
        count = services.resources.statistics().instance_count
        job = ArchiveReconstruction(instance_count=count, with_files=options.with_files)
        return _submit(request, services, options, job)
    services.reconstruction.reconstruct_all(with_files=options.with_files)
    return text_response()


def invalidate_tags(_request: Request, services: Services) -> Response:
    """Forget the JSON that was made of files; it is made again when asked for."""
    services.tags_cache.clear()
    services.live_settings.tell()
    return text_response()


@dataclass(frozen=True, slots=True)
class _Options:
    is_level_only: bool
    with_files: bool
    fields: Fields


def _job(
    services: Services, level: Level, id_: str, options: _Options
) -> InstancesReconstruction:
    known = services.reconstruction.instance_ids
    return InstancesReconstruction(
        resources=[(level, id_)],
        instances=[] if options.is_level_only else known(level, id_),
        is_level_only=options.is_level_only,
        with_files=options.with_files,
    )


def _submit(
    request: Request, services: Services, options: _Options, job: Job
) -> Response:
    return submit(request, services, job, options.fields, lambda _: text_response())


def _read_options(
    request: Request, services: Services, names: tuple[str, ...]
) -> _Options:
    """Read the options; a body that is no JSON has none, as with Orthanc."""
    try:
        values = parse_json(read_body(request, services))
    except orjson.JSONDecodeError:
        values = None
    if not isinstance(values, dict | None):
        raise InvalidInputError("The body must contain a JSON object")
    found = {name: (values or {}).get(name, False) for name in names}
    for name, value in found.items():
        if not isinstance(value, bool):
            raise BadContentError(f"The field {name} must contain a Boolean")
    return _Options(found.get(_LEVEL, False), found[_FILES], Fields(values or {}))
