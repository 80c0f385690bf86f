"""Which of the routes and arguments that a description lists were called."""

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from exchange import Call

#: Routes that are no matter of these comparisons, by what they begin or end with.
ASIDE = (
    (r"/(modalities|peers|queries|storage-commitment)\b.*", "networks"),
    (r".*/(frames\b.*|numpy|matlab|preview|rendered|image-\w+)", "images"),
    (r".*/(archive|media|create-(archive|media|media-extended))", "archives and media"),
    (r".*/(modify|anonymize|merge|split|bulk-modify|bulk-anonymize)", "modification"),
    (r"/tools/create-dicom", "modification"),
    (r"/tools/dicom-echo", "networks"),
)


def not_called(description: Mapping[str, Any], calls: Iterable[Call]) -> Iterator[str]:
    """Yield routes and arguments of an OpenAPI description that no call was about.

    Parameters
    ----------
    description
        The description, parsed.
    calls
        What was called.
    """
    called: dict[str, set[str]] = {}
    for call in calls:
        called.setdefault(f"{call.method} {call.route}", set()).update(_given(call))
    for path, operations in sorted(description["paths"].items()):
        if any(re.fullmatch(pattern, path) for pattern, _ in ASIDE):
            continue
        for method, operation in operations.items():
            route = f"{method.upper()} {path}"
            if route not in called:
                yield route
                continue
            for name in _documented(operation):
                if name not in called[route]:
                    yield f"{route} [{name}]"


def _given(call: Call) -> Iterator[str]:
    """Yield the arguments of a call: in its query string, its headers, its body."""
    yield from parse_qs(urlsplit(call.path).query, keep_blank_values=True)
    yield from call.headers
    if call.body is not None and call.body.startswith(b"{"):
        with contextlib.suppress(ValueError):
            yield from json.loads(call.body)


def _documented(operation: Mapping[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] != "path":
            yield parameter["name"]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield from content.get("schema", {}).get("properties", ())
