"""The raw bytes of attributes, encapsulated documents, and files for this machine."""

import os

from obelisk.errors import ForbiddenError
from obelisk.rest.json_bodies import read_body
from obelisk.rest.messages import (
    PLAIN_JSON,
    JSONResponse,
    Request,
    Response,
    Services,
    json_response,
)
from obelisk.rest.ranges import content_response
from obelisk.services.content import RawValue


def get_content(request: Request, services: Services) -> Response:
    """Give the raw bytes of an attribute, or the names of what is below.

    The path goes on with tags such as ``0010-0010``; after a sequence comes the
    number of an item, after Pixel Data that of a fragment.
    """
    path = [segment for segment in request.rest.split("/") if segment]
    found = services.contents.find(request.id, path)
    if isinstance(found, list):
        return json_response(found)
    return _raw_response(request, found, "application/octet-stream")


def get_pdf(request: Request, services: Services) -> Response:
    """Give the document of an instance that encapsulates a PDF."""
    document = services.contents.document(request.id, "application/pdf")
    return _raw_response(request, document, "application/pdf")


def get_stl(request: Request, services: Services) -> Response:
    """Give the 3D model of an instance that encapsulates an STL."""
    model = services.contents.document(request.id, "model/stl")
    return _raw_response(request, model, "model/stl")


def export(request: Request, services: Services) -> Response:
    """Write the file of an instance to a path of this machine, which is the body."""
    if not services.is_file_system_writable:
        raise ForbiddenError("Writing files is switched off")
    file = services.resources.open_file(request.id)
    file.write_to(os.fsdecode(read_body(request, services)))
    return JSONResponse(b"{}", PLAIN_JSON)


def _raw_response(request: Request, value: RawValue, kind: str) -> Response:
    headers = [("Content-Type", kind)]
    etag = f"{value.file.uuid}-{value.start}"
    return content_response(request, value.read, value.size, etag, headers)
