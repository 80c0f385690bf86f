"""Metadata of resources."""

from obelisk.rest.json_bodies import read_body
from obelisk.rest.messages import (
    TEXT,
    Request,
    Response,
    Services,
    bare_response,
    flag,
    json_response,
    text_response,
)
from obelisk.rest.revisions import expected_revision, tagged


def list_metadata(request: Request, services: Services) -> Response:
    """List the names of the metadata, or with ``expand`` the values too.

    ``numeric`` asks for numbers instead of names.
    """
    is_expanded = flag(request, "expand", default=False)
    found = services.metadata.all(request.level, request.id)
    numbers = [one.number for one in found]
    is_numeric = "numeric" in request.args
    keys = numbers if is_numeric else [services.metadata.names.name(n) for n in numbers]
    if not is_expanded:
        return json_response(keys)
    values = [one.content.decode(errors="replace") for one in found]
    return json_response(dict(sorted(zip(map(str, keys), values, strict=True))))


def get_metadata(request: Request, services: Services) -> Response:
    """Give one of the metadata as text."""
    found = services.metadata.lookup(request.level, request.id, request.name)
    if found is None:
        return bare_response(404)
    response = Response(found.content, [("Content-Type", TEXT)])
    return tagged(request, response, found.revision)


def set_metadata(request: Request, services: Services) -> Response:
    """Set one of the user-defined metadata to the body of the request."""
    revision = services.metadata.set(
        request.level,
        request.id,
        request.name,
        read_body(request, services),
        expected_revision(request),
    )
    return tagged(request, text_response(), revision)


def delete_metadata(request: Request, services: Services) -> Response:
    """Delete one of the user-defined metadata."""
    expected = expected_revision(request)
    services.metadata.delete(request.level, request.id, request.name, expected)
    return text_response()
