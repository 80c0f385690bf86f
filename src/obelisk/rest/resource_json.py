"""Resources as JSON, as Orthanc writes them."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from obelisk.dicom.attribute_json import attributes_json
from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.tag_json import TagForm
from obelisk.index.records import Attachment
from obelisk.rest.messages import Services, json_bytes
from obelisk.rest.response_content import ResponseContent
from obelisk.services.resources import ResourceDescription, Resources

_TYPES = {level: level.value for level in LEVELS}
_PARENTS = {
    level: f"Parent{level.parent.value}" for level in LEVELS if level.parent is not None
}
_CHILDREN = {Level.PATIENT: "Studies", Level.STUDY: "Series", Level.SERIES: "Instances"}

#: Metadata that are shown, and what in the JSON of the metadata tells of them.
_ORIGINS = ("ModifiedFrom", "AnonymizedFrom")
_FROM = 'edFrom"'

#: A study in a list, for `Resources.study_texts`; its end comes after its origins.
_STUDY_END = b"""    "Type": "Study"
  }"""
_STUDY = f"""{{
    "ID": "%s",
    "Series": %s,
    "IsStable": %s,
    "LastUpdate": "%s",
    "Labels": %s,
    "MainDicomTags": %s,
    "ParentPatient": "%s",
    "PatientMainDicomTags": %s,
{_STUDY_END.decode()}"""


def resources_json(
    described: Sequence[ResourceDescription],
    content: ResponseContent,
    services: Services,
) -> list[dict[str, Any]]:
    """Write resources of one level, with all that was asked for."""
    if not described:
        return []
    level, rows = described[0].level, [one.row for one in described]
    is_read = bool(services.requested_tags.unindexed(level, content.tags))
    shown = [resource_json(one, content, is_read=is_read) for one in described]
    if content.tags:
        find = services.requested_tags.values
        found = find(level, rows, content.tags, content.form)
        for one, values in zip(shown, found, strict=True):
            one["RequestedTags"] = values
    parts = content.parts or frozenset()
    if "Attachments" in parts:
        attachments = services.resources.attachments(level, [row.pk for row in rows])
        for one, files in zip(shown, attachments, strict=True):
            one["Attachments"] = list(map(_attachment, files))
    if "Metadata" in parts:
        metadata = services.metadata.texts(level, rows)
        for one, texts in zip(shown, metadata, strict=True):
            one["Metadata"] = texts
    return shown


def studies_json(
    resources: Resources, since: int, limit: int | None
) -> list[orjson.Fragment]:
    """Write a page of the studies as `resources_json` does, if nothing was asked for.

    The list of all studies is asked for most: it takes half of the time to have the
    index fill a text in, instead of taking columns out. Ids and times have no character
    that JSON would write otherwise.
    """
    return [
        orjson.Fragment(text if metadata is None else _with_origins(text, metadata))
        for text, metadata in resources.study_texts(_STUDY, _FROM, since, limit)
    ]


def _with_origins(text: bytes, metadata: str) -> bytes:
    """Add the lines that tell what a study was made from."""
    origins = _origins(metadata)
    lines = (
        b'    "%b": %b,\n' % (name.encode(), json_bytes(origins[name]))
        for name in origins
    )
    return text.removesuffix(_STUDY_END) + b"".join(lines) + _STUDY_END


def _origins(metadata: str) -> dict[str, str]:
    """Return the metadata that tell what a resource was made from."""
    found = orjson.loads(metadata)
    return {name: found[name] for name in _ORIGINS if name in found}


def resource_json(
    described: ResourceDescription, content: ResponseContent, *, is_read: bool = False
) -> dict[str, Any]:
    """Write what the row of a resource holds; `resources_json` adds the rest.

    Parameters
    ----------
    described
        The resource.
    content
        What to show of it.
    is_read
        Whether attributes are wanted that only a file tells.
    """
    if content.parts is not None:
        return _parts(described, content, is_read=is_read)
    level, row = described.level, described.row
    shown = _WRITERS[level](described, content.form)
    if _FROM in row.metadata:
        shown |= _origins(row.metadata)
    shown["Type"] = _TYPES[level]
    return shown


def _patient(described: ResourceDescription, form: TagForm) -> dict[str, Any]:
    row = described.row
    return {
        "ID": row.id,
        "Studies": orjson.Fragment(row.child_ids),
        "IsStable": row.stable_at is None,
        "LastUpdate": row.last_update,
        "Labels": orjson.Fragment(row.labels),
        "MainDicomTags": _tags(row.attributes, form),
        "IsProtected": bool(row.is_protected),
    }


def _study(described: ResourceDescription, form: TagForm) -> dict[str, Any]:
    row = described.row
    return {
        "ID": row.id,
        "Series": orjson.Fragment(row.child_ids),
        "IsStable": row.stable_at is None,
        "LastUpdate": row.last_update,
        "Labels": orjson.Fragment(row.labels),
        "MainDicomTags": _tags(row.attributes, form),
        "ParentPatient": row.parent_id,
        "PatientMainDicomTags": _tags(row.patient_attributes or "{}", form),
    }


def _series(described: ResourceDescription, form: TagForm) -> dict[str, Any]:
    row = described.row
    return {
        "ID": row.id,
        "Instances": orjson.Fragment(row.child_ids),
        "IsStable": row.stable_at is None,
        "LastUpdate": row.last_update,
        "Labels": orjson.Fragment(row.labels),
        "MainDicomTags": _tags(row.attributes, form),
        "ParentStudy": row.parent_id,
        "ExpectedNumberOfInstances": row.expected_instance_count,
        "Status": _status(described),
    }


def _instance(described: ResourceDescription, form: TagForm) -> dict[str, Any]:
    row = described.row
    return {
        "ID": row.id,
        "Labels": orjson.Fragment(row.labels),
        "MainDicomTags": _tags(row.attributes, form),
        "ParentSeries": row.parent_id,
        "FileSize": row.file_size,
        "FileUuid": row.file_key,
        "IndexInSeries": described.index_in_series,
    }


#: What writes a resource, but for what all levels have: one for each, as a list of all
#: of them takes its time.
_WRITERS = {
    Level.PATIENT: _patient,
    Level.STUDY: _study,
    Level.SERIES: _series,
    Level.INSTANCE: _instance,
}


def _parts(
    described: ResourceDescription, content: ResponseContent, *, is_read: bool
) -> dict[str, Any]:
    """Write some parts of a resource."""
    level, row = described.level, described.row
    parts, form = content.parts or frozenset(), content.form
    shown: dict[str, Any] = {"ID": row.id, "Type": _TYPES[level]}
    if "MainDicomTags" in parts:
        # Sequences are among the metadata, for Orthanc, which also reads these before
        # it opens a file.
        read = _tags if is_read or "Metadata" in parts else _plain_tags
        shown["MainDicomTags"] = read(row.attributes, form)
        if row.patient_attributes is not None:
            shown["PatientMainDicomTags"] = _tags(row.patient_attributes, form)
    if "Children" in parts and level is not Level.INSTANCE:
        shown[_CHILDREN[level]] = orjson.Fragment(row.child_ids)
    if "Parent" in parts and level in _PARENTS:
        shown[_PARENTS[level]] = row.parent_id
    if "Labels" in parts:
        shown["Labels"] = orjson.Fragment(row.labels)
    if "IsStable" in parts and level is not Level.INSTANCE:
        shown["IsStable"] = described.is_stable
    if "IsProtected" in parts and level is Level.PATIENT:
        shown["IsProtected"] = bool(row.is_protected)
    if "Status" in parts and level is Level.SERIES:
        shown["Status"] = _status(described)
    return shown


def _attachment(attachment: Attachment) -> dict[str, object]:
    return {
        "CompressedMD5": attachment.stored_md5,
        "CompressedSize": attachment.stored_size,
        "ContentType": attachment.content_type,
        "UncompressedMD5": attachment.md5,
        "UncompressedSize": attachment.size,
        "Uuid": attachment.key,
    }


def _status(described: ResourceDescription) -> str | None:
    return None if described.status is None else described.status.value


def _tags(attributes: str, form: TagForm) -> object:
    """Write main attributes, which are kept as JSON in the simple form."""
    if form is TagForm.SIMPLE:
        return orjson.Fragment(attributes)
    return attributes_json(orjson.loads(attributes), form)


def _plain_tags(attributes: str, form: TagForm) -> Mapping[str, Any]:
    """Write main attributes without the sequences."""
    plain = {
        name: value
        for name, value in orjson.loads(attributes).items()
        if not isinstance(value, list)
    }
    return attributes_json(plain, form)
