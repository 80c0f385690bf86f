"""What a client wants to see of a resource: ResponseContent and RequestedTags."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from obelisk.dicom.attribute_json import attributes_json
from obelisk.dicom.dictionary import format_tag, name_of
from obelisk.dicom.tag_json import TagForm
from obelisk.errors import InvalidArgumentError
from obelisk.index.records import Attachment
from obelisk.rest.messages import Services
from obelisk.rest.resources import resource_json
from obelisk.services.resources import ResourceDescription

_ATTACHMENTS = "Attachments"
_METADATA = "Metadata"

#: The members of a resource by the words that ask for them.
_MEMBERS = {
    _ATTACHMENTS: frozenset({_ATTACHMENTS}),
    "Children": frozenset({"Studies", "Series", "Instances"}),
    "IsProtected": frozenset({"IsProtected"}),
    "IsStable": frozenset({"IsStable"}),
    "Labels": frozenset({"Labels"}),
    "MainDicomTags": frozenset({"MainDicomTags", "PatientMainDicomTags"}),
    _METADATA: frozenset({_METADATA}),
    "Parent": frozenset({"ParentPatient", "ParentStudy", "ParentSeries"}),
    "RequestedTags": frozenset[str](),
    "Status": frozenset({"Status"}),
}
_ALWAYS = frozenset({"ID", "Type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is shown of a resource.

    Attributes
    ----------
    form
        How attributes are written.
    words
        The groups of members that are wanted; the usual ones if `None`.
    tags
        Attributes that are wanted beside them.
    """

    form: TagForm = TagForm.SIMPLE
    words: frozenset[str] | None = None
    tags: Sequence[int] = ()


def content_words(words: Iterable[str]) -> frozenset[str]:
    """Return the words of ResponseContent, or raise `InvalidArgumentError`."""
    found = frozenset(words)
    for word in sorted(found - _MEMBERS.keys()):
        message = f'Unrecognized value for "ResponseContent": {word}'
        raise InvalidArgumentError(message)
    return found


def content_json(
    described: ResourceDescription, content: Content, services: Services
) -> dict[str, Any]:
    """Write what is wanted of a resource."""
    shown = resource_json(described, content.form)
    words = content.words
    if words is not None:
        wanted = _ALWAYS.union(*(_MEMBERS[word] for word in words))
        shown = {name: value for name, value in shown.items() if name in wanted}
        if _METADATA in words:
            shown[_METADATA] = metadata_json(described, services)
        if _ATTACHMENTS in words:
            found = services.resources.attachments(described.level, described.id)
            shown[_ATTACHMENTS] = [attachment_json(one) for one in found]
    if content.tags:
        values = services.requested_tags.of(described, content.tags)
        shown["RequestedTags"] = _tags_json(values, content.form)
    return shown


def metadata_json(described: ResourceDescription, services: Services) -> dict[str, str]:
    """Write the metadata of a resource by their names."""
    names = services.metadata.names
    found = services.metadata.all(described.level, described.id)
    shown = {names.name(one.number): one.content for one in found}
    return {name: shown[name].decode(errors="replace") for name in sorted(shown)}


def attachment_json(attachment: Attachment) -> dict[str, object]:
    """Write what is known of a file."""
    return {
        "CompressedMD5": attachment.stored_md5,
        "CompressedSize": attachment.stored_size,
        "ContentType": attachment.content_type,
        "UncompressedMD5": attachment.md5,
        "UncompressedSize": attachment.size,
        "Uuid": attachment.key,
    }


def _tags_json(values: Mapping[int, Any], form: TagForm) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for tag, value in sorted(values.items()):
        name, written = name_of(tag), _value_json(value, form)
        if form is TagForm.SIMPLE:
            shown[name] = written
        elif form is TagForm.SHORT:
            shown[format_tag(tag)] = written
        else:
            kind = _kind(value)
            shown[format_tag(tag)] = {"Name": name, "Type": kind, "Value": written}
    return shown


def _value_json(value: Any, form: TagForm) -> Any:
    if isinstance(value, list):
        return [attributes_json(item, form) for item in value]
    return value


def _kind(value: Collection[Any] | None) -> str:
    if value is None:
        return "Null"
    return "Sequence" if isinstance(value, list) else "String"
