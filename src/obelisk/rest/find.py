"""POST /tools/find, /tools/count-resources and /tools/lookup."""

from dataclasses import replace

from obelisk.dicom.dictionary import lookup_tag
from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.matching import (
    CaseRule,
    Constraint,
    LabelsRule,
    Order,
    OrderType,
    Query,
    condition_of,
    text_condition,
)
from obelisk.dicom.tag_json import TagForm
from obelisk.errors import InvalidArgumentError, InvalidInputError
from obelisk.rest.json_bodies import Fields, fields_of, read_body
from obelisk.rest.messages import Request, Response, Services, kept_response
from obelisk.rest.resource_json import resources_json
from obelisk.rest.response_content import ResponseContent, parse_parts
from obelisk.services.content_names import USER_NUMBERS

#: The level that a name in a body stands for, in lower case.
LEVEL_OF_NAME = {
    name: level for level in LEVELS for name in (level.value.lower(), level.plural)
} | {"image": Level.INSTANCE, "images": Level.INSTANCE}

_PARENTS = [(level, f"Parent{level.value}") for level in LEVELS[:-1]]

#: What most searches leave out.
_CONTENT_FIELDS = frozenset({"Full", "RequestedTags", "ResponseContent", "Short"})
_QUERY_FIELDS = frozenset({"Labels", "LabelsConstraint", "Limit", "MetadataQuery"})
_QUERY_FIELDS |= {"OrderBy", "Since", *(name for _, name in _PARENTS)}

#: SQLite takes a chain of 1,000 expressions.
_CONDITIONS_MAX = 500

_ORDERS = {
    "dicomtag": (OrderType.TEXT, True),
    "dicomtagasint": (OrderType.INTEGER, True),
    "dicomtagasfloat": (OrderType.FLOAT, True),
    "metadata": (OrderType.TEXT, False),
    "metadataasint": (OrderType.INTEGER, False),
    "metadataasfloat": (OrderType.FLOAT, False),
}


def find(request: Request, services: Services) -> Response:
    """Find resources; the body says which, and how they are described.

    ``Query`` holds what is wanted by tag. The answer is a list of ids, or of resources
    with ``Expand`` or ``ResponseContent``.
    """
    body = read_body(request, services)
    return kept_response(
        services, ("find", body), lambda: _found(fields_of(body), services)
    )


def _found(fields: Fields, services: Services) -> object:
    query = read_query(fields, services)
    content = read_content(fields)
    if content.parts is None and not fields.truth("Expand"):
        return services.finding.ids(query)
    # What is not indexed is shown where it was searched for, as Orthanc does.
    searched = services.requested_tags.searched(query)
    content = replace(content, tags=tuple(dict.fromkeys((*content.tags, *searched))))
    found = services.finding.find(query, content.row_parts)
    return resources_json(found, content, services)


def count_resources(request: Request, services: Services) -> Response:
    """Count the resources that ``/tools/find`` would find with the same body."""
    body = read_body(request, services)

    def make() -> object:
        query = read_query(fields_of(body), services)
        return {"Count": services.finding.count(query)}

    return kept_response(services, ("count", body), make)


def lookup(request: Request, services: Services) -> Response:
    """Find what has a Patient ID, or a Study, Series or SOP Instance UID: the body."""
    body = read_body(request, services)

    def make() -> object:
        return [
            {"ID": id_, "Path": f"/{level.plural}/{id_}", "Type": level.value}
            for level, id_ in services.finding.lookup(body.decode("utf-8", "replace"))
        ]

    return kept_response(services, ("lookup", body), make)


def read_content(fields: Fields) -> ResponseContent:
    """Read what is wanted of each resource; ``Short`` wins over ``Full``.

    Raises
    ------
    InvalidInputError
        If a field is wrong.
    """
    if not fields.has_any(_CONTENT_FIELDS):
        return ResponseContent()
    form = TagForm.FULL if fields.flag("Full", default=False) else TagForm.SIMPLE
    if fields.flag("Short", default=False):
        form = TagForm.SHORT
    words = fields.texts("ResponseContent")
    return ResponseContent(
        form=form,
        parts=parse_parts(words) if "ResponseContent" in fields else None,
        tags=tuple(map(parse_tag, fields.texts("RequestedTags"))),
    )


def read_query(fields: Fields, services: Services) -> Query:
    """Read a query.

    Raises
    ------
    InvalidInputError
        If a field is missing or wrong.
    InvalidArgumentError
        If there are more conditions than SQLite takes.
    NotFoundError
        If there is no such metadata.
    """
    query = _read_query(fields, services)
    count = len(query.metadata) + len(query.order)
    if query.labels_rule is LabelsRule.ALL:
        count += len(query.labels)
    if count > _CONDITIONS_MAX:
        raise InvalidArgumentError("The query has too many conditions")
    return query


def _read_query(fields: Fields, services: Services) -> Query:
    name = fields.text("Level")
    level = LEVEL_OF_NAME.get(name.lower())
    if level is None:
        raise InvalidArgumentError(f"Invalid resource type '{name}'")
    if "Query" not in fields:
        raise InvalidInputError('Field "Query" is missing')
    wanted = fields.text_by_name("Query")
    is_sensitive = fields.flag("CaseSensitive", default=False)
    rule = CaseRule.EVERYWHERE if is_sensitive else CaseRule.NOWHERE
    constraints = [
        Constraint(tag, condition)
        for key, text in wanted.items()
        if (condition := condition_of(tag := parse_tag(key), text, rule)) is not None
    ]
    if not fields.has_any(_QUERY_FIELDS):
        return Query(level=level, constraints=tuple(constraints))
    metadata = fields.text_by_name("MetadataQuery")
    return Query(
        level=level,
        constraints=tuple(constraints),
        metadata=tuple(
            (name, text_condition(text, is_case_sensitive=is_sensitive))
            for key, text in metadata.items()
            if (name := _metadata_name(key, services)) and text
        ),
        labels=tuple(fields.texts("Labels")),
        labels_rule=_labels_rule(fields),
        parents=_parents(fields),
        order=tuple(_order(one, services) for one in fields.objects("OrderBy")),
        since=fields.number("Since"),
        limit=fields.number("Limit") or None,
    )


def parse_tag(text: str) -> int:
    """Return the tag of a name such as ``PatientID``, ``0010,0020`` or ``00100020``.

    Raises
    ------
    InvalidArgumentError
        If there is none.
    """
    tag = lookup_tag(text)
    if tag is None:
        raise InvalidArgumentError(f"Unknown DICOM tag: {text}")
    return tag


def _metadata_name(text: str, services: Services) -> str:
    """Return the name of metadata of the server, or the number of those of users."""
    names = services.metadata.names
    number = names.number(text)
    return str(number) if number in USER_NUMBERS else names.name(number)


def _labels_rule(fields: Fields) -> LabelsRule:
    if "LabelsConstraint" not in fields:
        return LabelsRule.ALL
    text = fields.text("LabelsConstraint")
    try:
        return LabelsRule(text)
    except ValueError:
        message = 'Field "LabelsConstraint" must be "All", "Any", or "None"'
        raise InvalidInputError(message) from None


def _parents(fields: Fields) -> tuple[tuple[Level, str], ...]:
    return tuple(
        (level, fields.text(name)) for level, name in _PARENTS if name in fields
    )


def _order(fields: Fields, services: Services) -> Order:
    key = fields.text("Key")
    found = _ORDERS.get(fields.text("Type").lower())
    direction = fields.text("Direction").upper()
    if found is None:
        raise InvalidInputError('Field "Type" must be "DicomTag" or "Metadata"')
    if direction not in ("ASC", "DESC"):
        raise InvalidInputError('Field "Direction" must be "ASC" or "DESC"')
    type_, is_tag = found
    name = parse_tag(key) if is_tag else _metadata_name(key, services)
    return Order(name, type_, direction == "DESC")
