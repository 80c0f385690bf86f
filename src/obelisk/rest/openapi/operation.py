"""What a handler takes and gives: arguments, headers, bodies, answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: A JSON schema; in its references, `{level}` and `{relative}` stand for the names of
#: the levels that the path is about.
Schema = Mapping[str, Any]

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer", "minimum": 0}
BOOLEAN: Schema = {"type": "boolean"}
#: What holds whenever it is there.
PRESENT: Schema = {"type": "boolean", "const": True}
OBJECT: Schema = {"type": "object"}
TEXTS: Schema = {"type": "object", "additionalProperties": STRING}
ANYTHING: Schema = {}

JSON = "application/json"
TEXT = "text/plain"
BINARY = "application/octet-stream"
DICOM = "application/dicom"


def ref(name: str) -> Schema:
    """Refer to one of the shared schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(items: Schema) -> Schema:
    """Return the schema of an array."""
    return {"type": "array", "items": items}


def json_of(schema: Schema) -> Mapping[str, Schema]:
    """Return the contents of an answer or a body that is JSON."""
    return {JSON: schema}


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of the query string, or a header.

    Attributes
    ----------
    name
        As it is sent.
    text
        What it does, in one sentence.
    schema
        What it may be. What is Boolean may also be given without a value, for true.
    """

    name: str
    text: str
    schema: Schema = field(default_factory=lambda: STRING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a handler takes and gives.

    Attributes
    ----------
    query
        The arguments of the query string.
    headers
        The headers that it heeds, beside those of every request.
    body
        What the body may be, by media type; empty if there is none.
    answer
        What the answer may be, by media type; empty if it has no body.
    is_partial
        Whether the answer can be given in parts (RFC 9110 Section 14).
    """

    query: tuple[Argument, ...] = ()
    headers: tuple[Argument, ...] = ()
    body: Mapping[str, Schema]
    answer: Mapping[str, Schema]
    is_partial: bool = False


def gives(
    answer: Mapping[str, Schema],
    *query: Argument,
    headers: tuple[Argument, ...] = (),
    is_partial: bool = False,
) -> Operation:
    """Describe a handler that takes no body."""
    return Operation(
        query=query, headers=headers, body={}, answer=answer, is_partial=is_partial
    )


def takes(
    body: Mapping[str, Schema],
    answer: Mapping[str, Schema],
    headers: tuple[Argument, ...] = (),
) -> Operation:
    """Describe a handler that takes a body."""
    return Operation(headers=headers, body=body, answer=answer)
