"""The whole route table on one page."""

from obelisk.rest.attachments import (
    compress,
    delete_attachment,
    get_data,
    get_info,
    get_is_compressed,
    get_md5,
    get_size,
    get_stored_data,
    get_stored_md5,
    get_stored_size,
    list_attachments,
    list_operations,
    put_attachment,
    uncompress,
    verify_md5,
)
from obelisk.rest.changes import clear_changes, list_changes
from obelisk.rest.content import export, get_content, get_pdf
from obelisk.rest.find import count_resources, find, lookup
from obelisk.rest.instances import get_file, get_header, get_simplified_tags, get_tags
from obelisk.rest.labels import (
    add_label,
    get_label,
    get_protection,
    list_all_labels,
    list_labels,
    remove_label,
    set_protection,
)
from obelisk.rest.metadata import (
    delete_metadata,
    get_metadata,
    list_metadata,
    set_metadata,
)
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
    # What users attach to resources
    Route("/tools/labels", list_all_labels, ("GET",), "all-labels"),
    Route("/patients/{id}/protected", get_protection, ("GET",), "protection"),
    Route("/patients/{id}/protected", set_protection, ("PUT",), "protect"),
    Route("/{level}/{id}/labels", list_labels, ("GET",), "labels"),
    Route("/{level}/{id}/labels/{name}", get_label, ("GET",), "label"),
    Route("/{level}/{id}/labels/{name}", add_label, ("PUT",), "add-label"),
    Route("/{level}/{id}/labels/{name}", remove_label, ("DELETE",), "remove-label"),
    Route("/{level}/{id}/metadata", list_metadata, ("GET",), "metadata"),
    Route("/{level}/{id}/metadata/{name}", get_metadata, ("GET",), "metadatum"),
    Route("/{level}/{id}/metadata/{name}", set_metadata, ("PUT",), "set-metadata"),
    Route(
        "/{level}/{id}/metadata/{name}", delete_metadata, ("DELETE",), "delete-metadata"
    ),
    Route("/{level}/{id}/attachments", list_attachments, ("GET",), "attachments"),
    Route("/{level}/{id}/attachments/{name}", list_operations, ("GET",), "attachment"),
    Route("/{level}/{id}/attachments/{name}", put_attachment, ("PUT",), "attach"),
    Route("/{level}/{id}/attachments/{name}", delete_attachment, ("DELETE",), "detach"),
    Route("/{level}/{id}/attachments/{name}/data", get_data, ("GET",), "data"),
    Route(
        "/{level}/{id}/attachments/{name}/compressed-data",
        get_stored_data,
        ("GET",),
        "stored-data",
    ),
    Route("/{level}/{id}/attachments/{name}/info", get_info, ("GET",), "info"),
    Route("/{level}/{id}/attachments/{name}/size", get_size, ("GET",), "size-of"),
    Route("/{level}/{id}/attachments/{name}/md5", get_md5, ("GET",), "md5"),
    Route(
        "/{level}/{id}/attachments/{name}/compressed-size",
        get_stored_size,
        ("GET",),
        "stored-size",
    ),
    Route(
        "/{level}/{id}/attachments/{name}/compressed-md5",
        get_stored_md5,
        ("GET",),
        "stored-md5",
    ),
    Route(
        "/{level}/{id}/attachments/{name}/is-compressed",
        get_is_compressed,
        ("GET",),
        "is-compressed",
    ),
    Route("/{level}/{id}/attachments/{name}/compress", compress, ("POST",), "compress"),
    Route(
        "/{level}/{id}/attachments/{name}/uncompress",
        uncompress,
        ("POST",),
        "uncompress",
    ),
    Route(
        "/{level}/{id}/attachments/{name}/verify-md5",
        verify_md5,
        ("POST",),
        "verify-md5",
    ),
)
"""Every route; `{level}` and its like are explained at `Route`."""
