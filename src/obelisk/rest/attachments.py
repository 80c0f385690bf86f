"""Attachments of resources."""

from collections.abc import Callable, Iterator

from obelisk.rest.bodies import open_body
from obelisk.rest.file_names import disposition
from obelisk.rest.messages import (
    PLAIN_JSON,
    JSONResponse,
    Request,
    Response,
    Services,
    bare_response,
    json_response,
    text_response,
)
from obelisk.rest.ranges import content_response
from obelisk.rest.revisions import etag, expected_revision, tagged
from obelisk.services.attachments import OpenAttachment

_BINARY = "application/octet-stream"
_NO_START = "bytes=-"
_OPERATIONS = (
    "compress",
    "compressed-data",
    "compressed-md5",
    "compressed-size",
    "data",
    "info",
    "is-compressed",
    "md5",
    "size",
    "uncompress",
    "verify-md5",
)


def list_attachments(request: Request, services: Services) -> Response:
    """List the content types of the attachments; ``full`` asks for numbers too."""
    numbers = services.attachments.content_types(request.level, request.id)
    names = [services.attachments.names.name(number) for number in numbers]
    if "full" not in request.args:
        return json_response(names)
    return json_response(dict(sorted(zip(names, numbers, strict=True))))


def list_operations(request: Request, services: Services) -> Response:
    """List what can be done with an attachment; without a sum, nothing is about it."""
    found = _open(request, services)
    has_sum = bool(found.attachment.md5)
    names = [name for name in _OPERATIONS if has_sum or "md5" not in name]
    return tagged(request, json_response(names), found.revision)


def put_attachment(request: Request, services: Services) -> Response:
    """Attach the body of the request to a resource."""
    expected = expected_revision(request)
    with services.admission.receive():
        chunks = open_body(request, services.admission, services.limits)
        level, id_, name = request.level, request.id, request.name
        revision = services.attachments.put(level, id_, name, chunks, expected)
    return tagged(request, _done(), revision)


def delete_attachment(request: Request, services: Services) -> Response:
    """Delete an attachment."""
    expected = expected_revision(request)
    services.attachments.delete(request.level, request.id, request.name, expected)
    return text_response()


def get_data(request: Request, services: Services) -> Response:
    """Give the content of an attachment; ``filename`` names it for the client."""
    found = _open(request, services)
    headers = _data_headers(request, services, found)
    return _content(request, found, found.file.read, found.file.size, headers)


def get_stored_data(request: Request, services: Services) -> Response:
    """Give the bytes of an attachment as they are stored."""
    found = _open(request, services)
    headers = [("Content-Type", _BINARY)]
    if not found.is_compressed:
        headers = _data_headers(request, services, found)
    size = found.attachment.stored_size
    return _content(request, found, found.read_stored, size, headers)


def get_info(request: Request, services: Services) -> Response:
    """Describe an attachment: its sizes, its sums, its file."""
    found = _open(request, services)
    attachment = found.attachment
    description = {
        "CompressedMD5": attachment.stored_md5,
        "CompressedSize": attachment.stored_size,
        "ContentType": attachment.content_type,
        "UncompressedMD5": attachment.md5,
        "UncompressedSize": attachment.size,
        "Uuid": attachment.key,
    }
    return tagged(request, json_response(description), found.revision)


def get_size(request: Request, services: Services) -> Response:
    """Give the size of the content in bytes."""
    return _fact(request, services, lambda found: str(found.attachment.size))


def get_md5(request: Request, services: Services) -> Response:
    """Give the MD5 sum of the content."""
    return _fact(request, services, lambda found: found.attachment.md5)


def get_stored_size(request: Request, services: Services) -> Response:
    """Give the size of the file in bytes."""
    return _fact(request, services, lambda found: str(found.attachment.stored_size))


def get_stored_md5(request: Request, services: Services) -> Response:
    """Give the MD5 sum of the file."""
    return _fact(request, services, lambda found: found.attachment.stored_md5)


def get_is_compressed(request: Request, services: Services) -> Response:
    """Tell whether the file is compressed, as 1 or 0."""
    return _fact(request, services, lambda found: str(int(found.is_compressed)))


def compress(request: Request, services: Services) -> Response:
    """Compress the file of an attachment."""
    level, id_, name = request.level, request.id, request.name
    services.attachments.rewrite(level, id_, name, is_compressed=True)
    return _done()


def uncompress(request: Request, services: Services) -> Response:
    """Store the content of an attachment as it is."""
    level, id_, name = request.level, request.id, request.name
    services.attachments.rewrite(level, id_, name, is_compressed=False)
    return _done()


def verify_md5(request: Request, services: Services) -> Response:
    """Compare a file with its MD5 sums; 400 if there is nothing to compare."""
    if not services.attachments.verify(request.level, request.id, request.name):
        return bare_response(400)
    return _done()


def _open(request: Request, services: Services) -> OpenAttachment:
    return services.attachments.open(request.level, request.id, request.name)


def _done() -> Response:
    return JSONResponse(b"{}", PLAIN_JSON)


def _data_headers(
    request: Request, services: Services, found: OpenAttachment
) -> list[tuple[str, str]]:
    kind = services.media_types.get(found.attachment.content_type, _BINARY)
    name = disposition(request, found.attachment.key)
    return [("Content-Type", kind), ("Content-Disposition", name)]


def _content(
    request: Request,
    found: OpenAttachment,
    read: Callable[[int, int], Iterator[bytes]],
    size: int,
    headers: list[tuple[str, str]],
) -> Response:
    """Answer with bytes of a type; a part of them is just bytes, as with Orthanc.

    For Orthanc, which has ranges of attachments only, one without a start begins at the
    first byte. Everywhere else that is the last bytes (RFC 9110 Section 14.1.2).
    """
    asked = request.environ.get("HTTP_RANGE", "")
    if asked.startswith(_NO_START):
        request.environ["HTTP_RANGE"] = asked.replace("=", "=0", 1)
    answer = content_response(request, read, size, etag(found.revision), headers)
    if answer.status == 206:
        others = [pair for pair in answer.headers if pair[0] != "Content-Type"]
        answer.headers = [("Content-Type", _BINARY), *others]
    return answer


def _fact(
    request: Request, services: Services, fact: Callable[[OpenAttachment], str]
) -> Response:
    """Answer with one fact about an attachment; an unknown one is not found."""
    found = _open(request, services)
    text = fact(found)
    if not text:
        return bare_response(404)
    return tagged(request, text_response(text), found.revision)
