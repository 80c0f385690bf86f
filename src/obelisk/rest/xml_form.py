"""JSON answers as XML, for clients that want ``application/xml``."""

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

import orjson

from obelisk.rest.json_members import JSONMembers
from obelisk.rest.messages import JSONResponse, Request, Response

_XML = "application/xml"

_START = '<?xml version="1.0" encoding="utf-8"?>\n'
_ROOT = "root"
_ITEM = "item"
_NAMELESS = ":anonymous"

#: A parser makes another character of it, unless it comes by number.
_BY_NUMBER = {"\r": "&#13;"}

#: What XML 1.0 cannot hold, not even by number.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def in_wanted_form(request: Request, response: Response) -> Response:
    """Return a JSON answer as XML if the client wants that, any other as it is.

    As with Orthanc, that is one who names nothing but ``application/xml``, or anything
    behind parameters of it; browsers get JSON.
    """
    accepted: str = request.environ.get("HTTP_ACCEPT", "")
    if not accepted.startswith(_XML) or not isinstance(response, JSONResponse):
        return response
    if accepted.partition(";")[0] != _XML:
        return response
    headers = [item for item in response.headers if item[0] != "Content-Type"]
    headers.append(("Content-Type", f"{_XML}; charset=utf-8"))
    value = response.value
    if isinstance(value, JSONMembers):
        return Response(_iter_document(value), headers, response.status)
    text = _START + _element(_ROOT, orjson.loads(value)) if value else ""
    return Response(text.encode(), headers, response.status)


def _iter_document(value: JSONMembers) -> Iterator[bytes]:
    """Yield an XML document element by element."""
    yield f"{_START}<{_ROOT}>\n".encode()
    for name, member in value.members:
        yield _element(_ITEM if value.is_list else name, member, "  ").encode()
    yield f"</{_ROOT}>\n".encode()


def _element(name: str, value: object, indent: str = "") -> str:
    """Return a JSON value as an XML element.

    Names are those of the JSON, so that some, as those of tags, are none in XML.
    """
    name = _text(name) or _NAMELESS
    if isinstance(value, dict):
        members = sorted(value.items())
    elif isinstance(value, list):
        members = [(_ITEM, item) for item in value]
    else:
        text = _text(value if isinstance(value, str) else orjson.dumps(value).decode())
        return f"{indent}{_enclosed(name, text)}\n"
    inner = "".join(_element(*member, indent + "  ") for member in members)
    content = f"\n{inner}{indent}" if inner else ""
    return f"{indent}{_enclosed(name, content)}\n"


def _enclosed(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>" if content else f"<{name} />"


def _text(text: str) -> str:
    """Return text without what XML cannot hold, with marks for what would end it."""
    return escape(_FORBIDDEN.sub("", text), _BY_NUMBER)
