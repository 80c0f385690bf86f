"""The whole route table on one page."""

from obelisk.rest.changes import clear_changes, list_changes
from obelisk.rest.content import export, get_content, get_pdf
from obelisk.rest.find import count_resources, find, lookup
from obelisk.rest.instances import get_file, get_header, get_simplified_tags, get_tags
from obelisk.rest.resources import (
    delete_resource,
    get_ancestor,
    get_resource,
    list_descendants,
    list_resources,
    resource_statistics,
)
from obelisk.rest.routing import Route
from obelisk.rest.system import get_statistics, get_system
from obelisk.rest.uploads import store
from obelisk.rest.views import (
    get_instances_tags,
    get_module,
    get_ordered_slices,
    get_patient_module,
    get_shared_tags,
)

ROUTES = (
    # The server
    Route("/system", get_system, ("GET",), "system"),
    Route("/statistics", get_statistics, ("GET",), "statistics"),
    Route("/changes", list_changes, ("GET",), "changes"),
    Route("/changes", clear_changes, ("DELETE",), "clear-changes"),
    # Searches
    Route("/tools/find", find, ("POST",), "find"),
    Route("/tools/count-resources", count_resources, ("POST",), "count"),
    Route("/tools/lookup", lookup, ("POST",), "lookup"),
    # Patients, studies, series, instances
    Route("/{level}", list_resources, ("GET",), "list"),
    Route("/{level}/{id}", get_resource, ("GET",), "resource"),
    Route("/{level}/{id}", delete_resource, ("DELETE",), "delete"),
    Route("/{level}/{id}/statistics", resource_statistics, ("GET",), "size"),
    Route("/{level}/{id}/{descendants}", list_descendants, ("GET",), "descendants"),
    Route("/{level}/{id}/{ancestor}", get_ancestor, ("GET",), "ancestor"),
    # What the files below a resource say
    Route("/{level}/{id}/module", get_module, ("GET",), "module"),
    Route(
        "/studies/{id}/module-patient", get_patient_module, ("GET",), "module-patient"
    ),
    Route("/{group}/{id}/shared-tags", get_shared_tags, ("GET",), "shared-tags"),
    Route("/{group}/{id}/instances-tags", get_instances_tags, ("GET",), "each-tags"),
    Route("/series/{id}/ordered-slices", get_ordered_slices, ("GET",), "slices"),
    # Instances only
    Route("/instances", store, ("POST",), "store"),
    Route("/instances/{id}/file", get_file, ("GET",), "file"),
    Route("/instances/{id}/tags", get_tags, ("GET",), "tags"),
    Route("/instances/{id}/simplified-tags", get_simplified_tags, ("GET",), "simple"),
    Route("/instances/{id}/header", get_header, ("GET",), "header"),
    Route("/instances/{id}/content/{path}", get_content, ("GET",), "content"),
    Route("/instances/{id}/pdf", get_pdf, ("GET",), "pdf"),
    Route("/instances/{id}/export", export, ("POST",), "export"),
)
"""Every route; `{level}` and its like are explained at `Route`."""
