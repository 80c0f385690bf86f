"""What the files below a resource say: shared tags, tags of each, modules, slices."""

from obelisk.dicom.levels import Level
from obelisk.rest.instances import ignored_lengths, tag_form
from obelisk.rest.json_members import JSONMembers
from obelisk.rest.messages import (
    JSONResponse,
    Request,
    Response,
    Services,
    json_response,
)


def get_shared_tags(request: Request, services: Services) -> Response:
    """Give the tags whose text is the same in all instances below a resource.

    ``simplify``, ``short`` and ``ignore-length`` work as for the tags of an instance.
    """
    form, ignored = tag_form(request), ignored_lengths(request)
    shared = services.views.shared_tags(request.level, request.id, form, ignored)
    return json_response(shared)


def get_instances_tags(request: Request, services: Services) -> Response:
    """Give the tags of each instance below a resource, by its id.

    ``simplify``, ``short`` and ``ignore-length`` work as for the tags of an instance.
    """
    form, ignored = tag_form(request), ignored_lengths(request)
    each = services.views.tags_of_each(request.level, request.id, form, ignored)
    if request.method == "HEAD":
        each = iter(())
    return JSONResponse(JSONMembers(each))


def get_module(request: Request, services: Services) -> Response:
    """Give the tags of the DICOM module that describes the level of a resource."""
    form, ignored = tag_form(request), ignored_lengths(request)
    level, id_ = request.level, request.id
    return json_response(services.views.module(level, id_, level, form, ignored))


def get_patient_module(request: Request, services: Services) -> Response:
    """Give the tags of the Patient module of a study."""
    form, ignored = tag_form(request), ignored_lengths(request)
    find = services.views.module
    module = find(Level.STUDY, request.id, Level.PATIENT, form, ignored)
    return json_response(module)


def get_ordered_slices(request: Request, services: Services) -> Response:
    """Order the instances of a series by their position, or else by their number."""
    ordered = services.views.ordered_slices(request.id)
    slices = ordered.slices
    frames = [(one.id, frame) for one in slices for frame in range(one.frame_count)]
    return json_response(
        {
            "Dicom": [f"/instances/{one.id}/file" for one in slices],
            "Slices": [f"/instances/{id_}/frames/{frame}" for id_, frame in frames],
            "SlicesShort": [[one.id, 0, one.frame_count] for one in slices],
            "Type": "Volume" if ordered.is_volume else "Sequence",
        }
    )
