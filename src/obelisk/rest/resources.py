"""Patients, studies, series and instances: lists, single ones, relatives, deletion."""

from collections.abc import Mapping
from typing import Any

import orjson

from obelisk.dicom.attribute_json import attributes_json
from obelisk.dicom.levels import Level
from obelisk.dicom.tag_json import TagForm
from obelisk.index.records import Counts
from obelisk.rest.messages import (
    Request,
    Response,
    Services,
    flag,
    json_response,
    megabytes,
    page,
)
from obelisk.services.resources import ResourceDescription

_CHILDREN = {Level.PATIENT: "Studies", Level.STUDY: "Series", Level.SERIES: "Instances"}


def list_resources(request: Request, services: Services) -> Response:
    """List the ids of a level, or the resources with ``expand``.

    ``since`` and ``limit`` choose a page of the list; a limit of 0 is none.
    """
    since, limit = page(request)
    if not flag(request, "expand", default=False):
        return json_response(services.resources.ids(request.level, since, limit))
    form = main_form(request)
    described = services.resources.page(request.level, since, limit)
    return json_response([resource_json(one, form) for one in described])


def get_resource(request: Request, services: Services) -> Response:
    """Describe one resource; ``short`` and ``full`` choose how tags are written."""
    described = services.resources.get(request.level, request.id)
    return json_response(resource_json(described, main_form(request)))


def delete_resource(request: Request, services: Services) -> Response:
    """Delete a resource and all below it; say which ancestor is left."""
    remaining = services.resources.delete(request.level, request.id)
    if remaining is None:
        return json_response({"RemainingAncestor": None})
    level, id_ = remaining
    ancestor = {"ID": id_, "Path": f"/{level.plural}/{id_}", "Type": level.value}
    return json_response({"RemainingAncestor": ancestor})


def list_descendants(request: Request, services: Services) -> Response:
    """List what is below a resource: the resources, or their ids by expand=false."""
    level, id_, below = request.level, request.id, request.relative
    if not flag(request, "expand", default=True):
        return json_response(services.resources.child_ids(level, id_, below))
    form = main_form(request)
    described = services.resources.children(level, id_, below)
    return json_response([resource_json(one, form) for one in described])


def get_ancestor(request: Request, services: Services) -> Response:
    """Describe the patient, study or series that a resource belongs to."""
    level, id_, above = request.level, request.id, request.relative
    described = services.resources.ancestor(level, id_, above)
    return json_response(resource_json(described, main_form(request)))


def resource_statistics(request: Request, services: Services) -> Response:
    """Count what is below a resource, and tell how much room it takes."""
    counts = services.resources.statistics_of(request.level, request.id)
    by_level = {
        "CountInstances": (Level.INSTANCE, counts.instance_count),
        "CountSeries": (Level.SERIES, counts.series_count),
        "CountStudies": (Level.STUDY, counts.study_count),
    }
    depth = request.level.depth
    shown = {name: n for name, (level, n) in by_level.items() if level.depth > depth}
    return json_response(shown | sizes_json(_sizes(counts)))


def _sizes(counts: Counts) -> dict[str, int]:
    disk, plain = counts.disk_size, counts.uncompressed_size
    return {
        "DicomDiskSize": disk - counts.other_disk_size,
        "DicomUncompressedSize": plain - counts.other_uncompressed_size,
        "DiskSize": disk,
        "UncompressedSize": plain,
    }


def sizes_json(sizes: Mapping[str, int]) -> dict[str, object]:
    """Write sizes as Orthanc does: exactly as text, and in megabytes."""
    shown: dict[str, object] = {}
    for name, size in sizes.items():
        shown[name] = str(size)
        shown[f"{name}MB"] = megabytes(size)
    return shown


def main_form(request: Request) -> TagForm:
    """Return how main attributes are to be written; ``short`` wins over ``full``."""
    if "short" in request.args:
        return TagForm.SHORT
    return TagForm.FULL if "full" in request.args else TagForm.SIMPLE


def resource_json(described: ResourceDescription, form: TagForm) -> dict[str, Any]:
    """Write a resource as Orthanc does."""
    level, row = described.level, described.row
    shown: dict[str, Any] = {"ID": row.id}
    if level is not Level.INSTANCE:
        shown[_CHILDREN[level]] = orjson.Fragment(row.child_ids)
        shown["IsStable"] = described.is_stable
        shown["LastUpdate"] = row.last_update
    shown["Labels"] = orjson.Fragment(row.labels)
    shown["MainDicomTags"] = _tags(row.attributes, form)
    if level.parent is not None:
        shown[f"Parent{level.parent.value}"] = row.parent_id
    _add_own(shown, described, form)
    metadata = described.metadata
    for name in ("ModifiedFrom", "AnonymizedFrom"):
        if name in metadata:
            shown[name] = metadata[name]
    shown["Type"] = level.value
    return shown


def _add_own(
    shown: dict[str, Any], described: ResourceDescription, form: TagForm
) -> None:
    """Add what only resources of this level have."""
    match described.level:
        case Level.PATIENT:
            shown["IsProtected"] = bool(described.row.is_protected)
        case Level.STUDY:
            patient = described.row.patient_attributes or "{}"
            shown["PatientMainDicomTags"] = _tags(patient, form)
        case Level.SERIES:
            status = described.status
            shown["ExpectedNumberOfInstances"] = described.row.expected_instance_count
            shown["Status"] = None if status is None else status.value
        case Level.INSTANCE:
            shown["FileSize"] = described.row.file_size
            shown["FileUuid"] = described.row.file_key
            shown["IndexInSeries"] = described.index_in_series


def _tags(attributes: str, form: TagForm) -> object:
    """Write main attributes, which are kept as JSON in the simple form."""
    if form is TagForm.SIMPLE:
        return orjson.Fragment(attributes)
    return attributes_json(orjson.loads(attributes), form)
