"""Patients, studies, series and instances: lists, single ones, relatives, deletion."""

from collections.abc import Mapping

from obelisk.dicom.levels import Level
from obelisk.index.records import Counts
from obelisk.rest.messages import (
    Request,
    Response,
    Services,
    flag,
    json_response,
    kept_response,
    megabytes,
    page,
)
from obelisk.rest.resource_json import (
    resource_json,
    resources_json,
    studies_json,
)
from obelisk.rest.response_content import (
    ResponseContent,
    content_of,
    list_content_of,
)


def list_resources(request: Request, services: Services) -> Response:
    """List the ids of a level, or the resources with ``expand``.

    ``since`` and ``limit`` choose a page of the list; a limit of 0 is none.
    ``response-content`` names the parts of the resources to give.
    """
    since, limit = page(request)
    content = list_content_of(request)
    is_expanded = content.parts is not None or flag(request, "expand", default=False)

    def make() -> object:
        if not is_expanded:
            return services.resources.ids(request.level, since, limit)
        if request.level is Level.STUDY and content == ResponseContent():
            return studies_json(services.resources, since, limit)
        parts = content.row_parts
        described = services.resources.page(request.level, since, limit, parts)
        return resources_json(described, content, services)

    return kept_response(services, _key(request), make)


def get_resource(request: Request, services: Services) -> Response:
    """Describe one resource; ``short`` and ``full`` choose how tags are written.

    ``requested-tags`` names more attributes, of whatever level, separated by
    semicolons.
    """
    content = content_of(request)

    def make() -> object:
        described = services.resources.get(request.level, request.id)
        return resources_json([described], content, services)[0]

    return kept_response(services, _key(request), make)


def _key(request: Request) -> tuple[str, bytes]:
    return request.path, request.query_string


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
    content = content_of(request)
    is_expanded = flag(request, "expand", default=True)

    def make() -> object:
        if not is_expanded:
            return services.resources.child_ids(level, id_, below)
        described = services.resources.children(level, id_, below)
        return resources_json(described, content, services)

    return kept_response(services, _key(request), make)


def get_ancestor(request: Request, services: Services) -> Response:
    """Describe the patient, study or series that a resource belongs to."""
    level, id_, above = request.level, request.id, request.relative
    form = content_of(request).form
    described = services.resources.ancestor(level, id_, above)
    return json_response(resource_json(described, ResponseContent(form=form)))


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
