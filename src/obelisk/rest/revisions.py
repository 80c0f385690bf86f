"""Revisions in headers: ETag, If-Match, If-None-Match (RFC 9110 Sections 8.8, 13)."""

import re

from werkzeug.http import is_resource_modified, quote_etag

from obelisk.errors import InvalidArgumentError
from obelisk.index.revisions import Revision
from obelisk.rest.messages import Request, Response

_TAG = re.compile(r'"?([0-9]{1,18})-([^"]*)"?')


def etag(revision: Revision) -> str:
    """Return the entity tag of a revision, without quotes."""
    return f"{revision.number}-{revision.md5}"


def expected_revision(request: Request) -> Revision | None:
    """Return the revision in ``If-Match``, `None` without that header.

    Raises
    ------
    InvalidArgumentError
        If it is none.
    """
    given = request.headers.get("If-Match")
    if given is None:
        return None
    match = _TAG.fullmatch(given.strip())
    if match is None:
        raise InvalidArgumentError(
            f'"If-Match" must be an ETag: revision, hyphen and MD5, not {given}'
        )
    return Revision(int(match[1]), match[2])


def tagged(request: Request, response: Response, revision: Revision) -> Response:
    """Add the entity tag to an answer; to ``GET`` answer 304 if the client has it."""
    header = ("ETag", quote_etag(etag(revision)))
    is_read = request.method in {"GET", "HEAD"}
    if is_read and "HTTP_IF_NONE_MATCH" in request.environ:
        environ = {**request.environ}
        environ.pop("HTTP_IF_MATCH", None)
        if not is_resource_modified(environ, header[1]):
            return Response(b"", [header], 304)
    response.headers.append(header)
    return response
