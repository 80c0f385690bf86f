"""What clients want to see of resources, and how it is written."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from obelisk.dicom.dictionary import lookup_tag
from obelisk.dicom.tag_json import TagForm
from obelisk.errors import InvalidArgumentError, InvalidInputError
from obelisk.index.records import WHOLE, RowParts
from obelisk.rest.messages import Request, split

#: The parts of a resource that can be asked for; requested tags are always given.
PARTS = frozenset(
    {
        "Attachments",
        "Children",
        "IsProtected",
        "IsStable",
        "Labels",
        "MainDicomTags",
        "Metadata",
        "Parent",
        "RequestedTags",
        "Status",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseContent:
    """What to show of resources.

    Attributes
    ----------
    form
        How attributes are written.
    parts
        Some of `PARTS`; `None` for what is shown if nothing was asked for.
    tags
        More attributes to show, of whatever level.
    """

    form: TagForm = TagForm.SIMPLE
    parts: frozenset[str] | None = None
    tags: tuple[int, ...] = ()

    @property
    def row_parts(self) -> RowParts:
        """What has to be read for it of the rows of the index."""
        if self.parts is None:
            return WHOLE
        wanted = (name in self.parts for name in ("Children", "Labels", "Status"))
        return RowParts(*wanted)


def content_of(request: Request) -> ResponseContent:
    """Read ``requested-tags`` and how tags are written.

    ``simplify``, which is what holds by default, wins over ``short``, and that one over
    ``full``.

    Raises
    ------
    InvalidInputError
        If a tag is unknown.
    """
    args = request.args
    named = args.get("requested-tags", args.get("requestedTags", ""))
    form = TagForm.FULL if "full" in args else TagForm.SIMPLE
    if "short" in args:
        form = TagForm.SHORT
    if "simplify" in args:
        form = TagForm.SIMPLE
    return ResponseContent(form=form, tags=parse_requested_tags(split(named)))


def list_content_of(request: Request) -> ResponseContent:
    """Read ``response-content`` beside what `content_of` does.

    Raises
    ------
    InvalidInputError
        If a part or a tag is unknown.
    """
    content = content_of(request)
    named = request.args.get("response-content")
    if named is None:
        return content
    return replace(content, parts=parse_parts(split(named)))


def parse_requested_tags(names: Iterable[str]) -> tuple[int, ...]:
    """Return the tags that are named by keywords or numbers.

    Raises
    ------
    InvalidInputError
        If one is unknown.
    """
    found = []
    for name in names:
        tag = lookup_tag(name)
        if tag is None:
            message = f"Invalid requested-tags argument: Unknown DICOM tag {name}"
            raise InvalidInputError(message)
        found.append(tag)
    return tuple(found)


def parse_parts(words: Iterable[str]) -> frozenset[str]:
    """Return parts of resources, or raise `InvalidArgumentError`."""
    found = frozenset(words)
    for word in sorted(found - PARTS):
        message = f'Unrecognized value for "ResponseContent": {word}'
        raise InvalidArgumentError(message)
    return found
