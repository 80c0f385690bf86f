"""Reconstruct what the index knows from files, and forget what was derived."""

from dataclasses import dataclass

import orjson

from obelisk.errors import InvalidInputError
from obelisk.rest.json_bodies import read_body
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
    the configuration says.
    """
    # Whether there is such a resource is answered first, whatever the body is.
    services.resources.get(request.level, request.id)
    options = _read_options(request, services, (_LEVEL, _FILES))
    work, target = services.reconstruction, (request.level, request.id)
    if options.is_level_only:
        work.reconstruct_level(*target)
    else:
        work.reconstruct(*target, with_files=options.with_files)
    return text_response()


def reconstruct_all(request: Request, services: Services) -> Response:
    """Do so for all that is stored; ``ReconstructFiles`` is the only field."""
    options = _read_options(request, services, (_FILES,))
    services.reconstruction.reconstruct_all(with_files=options.with_files)
    return text_response()


def invalidate_tags(_request: Request, services: Services) -> Response:
    """Forget the JSON that was made of files; it is made again when asked for."""
    services.tags_cache.clear()
    return text_response()


@dataclass(frozen=True, slots=True)
class _Options:
    is_level_only: bool
    with_files: bool


def _read_options(
    request: Request, services: Services, names: tuple[str, ...]
) -> _Options:
    """Read the options; a body that is no JSON has none, as with Orthanc."""
    try:
        values = orjson.loads(read_body(request, services))
    except orjson.JSONDecodeError:
        values = None
    if not isinstance(values, dict | None):
        raise InvalidInputError("The body must contain a JSON object")
    found = {name: (values or {}).get(name, False) for name in names}
    for name, value in found.items():
        if not isinstance(value, bool):
            raise BadContentError(f"The field {name} must contain a Boolean")
    return _Options(found.get(_LEVEL, False), found[_FILES])
