"""Writes the description: every path that the route table stands for."""

import inspect
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from obelisk import __version__
from obelisk.dicom.levels import LEVELS, Level
from obelisk.rest.openapi.operation import TEXT, Argument, Operation, Schema, ref
from obelisk.rest.openapi.operations import operation_of
from obelisk.rest.openapi.schemas import SCHEMAS
from obelisk.rest.routing import Route, concrete_paths

_PLACEHOLDERS = {
    "{id}": "The id of the resource.",
    "{name}": "The name of what belongs to it.",
    "{path}": "Tags and numbers of items, separated by slashes.",
}
_RANGE = Argument("Range", "The part that is wanted, such as `bytes=0-1023`.")
_COLLECTIONS = tuple(level.plural for level in LEVELS)


def describe_api(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = operation_of(route)
        for path, level, relative in concrete_paths(route):
            for method in route.methods:
                described = _operation(route, operation, method, path)
                filled = _fill(described, level, relative)
                paths.setdefault(path, {})[method.lower()] = filled
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Obelisk",
            "version": __version__,
            "description": "The REST API of Orthanc 1.13, as Obelisk offers it.",
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": ".."}],
        "security": [{}, {"basic": []}],
        "tags": [{"name": name} for name in _tags(paths)],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": SCHEMAS,
            "responses": {"Error": _ERROR},
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
    }


def texts_of(route: Route) -> tuple[str, str]:
    """Return the first sentence about a route, and the rest, as Markdown."""
    text = inspect.getdoc(route.handler) or ""
    summary, _, rest = text.replace("``", "`").partition("\n\n")
    return " ".join(summary.split()), rest.strip()


def group_of(path: str) -> str:
    """Return the group that a path belongs to, such as Studies."""
    first = path.split("/")[1]
    is_single = first in {"api", "app"} or path.count("/") == 1
    return "Server" if is_single and first not in _COLLECTIONS else first.capitalize()


def _operation(
    route: Route, operation: Operation, method: str, path: str
) -> dict[str, Any]:
    summary, rest = texts_of(route)
    words = [word.strip("{}") for word in path.split("/") if word]
    described: dict[str, Any] = {
        "operationId": re.sub(r"\W", "_", "_".join([method.lower(), *words])),
        "tags": [group_of(path)],
        "summary": summary,
        "parameters": _parameters(operation, path),
        "responses": _responses(operation, path),
    }
    if rest:
        described["description"] = rest
    if operation.body:
        content = _contents(operation.body)
        described["requestBody"] = {"required": True, "content": content}
    return described


def _parameters(operation: Operation, path: str) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {
            "name": segment.strip("{}"),
            "in": "path",
            "required": True,
            "description": _PLACEHOLDERS[segment],
            "schema": {"type": "string"},
        }
        for segment in path.split("/")
        if segment in _PLACEHOLDERS
    ]
    for one in operation.query:
        empty = {"allowEmptyValue": True} if one.schema["type"] == "boolean" else {}
        parameters.append(_parameter(one, "query") | empty)
    headers = operation.headers + ((_RANGE,) if operation.is_partial else ())
    return parameters + [_parameter(one, "header") for one in headers]


def _parameter(argument: Argument, place: str) -> dict[str, Any]:
    return {
        "name": argument.name,
        "in": place,
        "description": argument.text,
        "schema": argument.schema,
    }


def _responses(operation: Operation, path: str) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": "Success."}}
    if operation.answer:
        responses["200"]["content"] = _contents(operation.answer)
    failures = {
        "206": ("The wanted part.", operation.is_partial),
        "304": ("The client has it.", _heeds(operation, "If-None-Match")),
        "404": ("There is no such thing.", "{" in path),
        "409": ("Another revision is there.", _heeds(operation, "If-Match")),
        "416": ("There is no such part.", operation.is_partial),
    }
    for status, (text, can_be) in failures.items():
        if can_be:
            responses[status] = {"description": text}
    return responses | {"default": {"$ref": "#/components/responses/Error"}}


def _heeds(operation: Operation, header: str) -> bool:
    return any(one.name == header for one in operation.headers)


def _contents(schemas: Mapping[str, Schema]) -> dict[str, Any]:
    return {kind: {"schema": schema} for kind, schema in schemas.items()}


def _fill(described: dict[str, Any], level: Level, relative: Level) -> dict[str, Any]:
    """Put the names of levels into the references."""
    text = json.dumps(described)
    for name, one in (("{level}", level), ("{relative}", relative)):
        text = text.replace(f"/schemas/{name}", f"/schemas/{one.value}")
    filled: dict[str, Any] = json.loads(text)
    return filled


def _tags(paths: Mapping[str, Any]) -> list[str]:
    """Return the groups: the levels first, from the top."""
    groups = {group_of(path) for path in paths}
    levels = [name.capitalize() for name in _COLLECTIONS]
    return [*levels, *sorted(groups - set(levels))]


_ERROR = {
    "description": "The request failed; the body, if there is one, is JSON.",
    "content": {
        TEXT: {
            "schema": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": ref("Error"),
            }
        }
    },
}
