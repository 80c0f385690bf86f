"""The whole route table on one page."""

from obelisk.rest.api import get_description, get_icon, get_page
from obelisk.rest.archiving import (
    create_archive,
    create_extended_media,
    create_media,
    get_archive,
    get_created_archive,
    get_created_extended_media,
    get_created_media,
    get_media,
    post_archive,
    post_media,
)
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
from obelisk.rest.bulk import bulk_content, bulk_delete
from obelisk.rest.changes import clear_changes, list_changes
from obelisk.rest.content import export, get_content, get_pdf, get_stl
from obelisk.rest.creation import create
from obelisk.rest.exports import clear_exports, list_exports
from obelisk.rest.find import count_resources, find, lookup
from obelisk.rest.health import get_live, get_ready
from obelisk.rest.instances import get_file, get_header, get_simplified_tags, get_tags
from obelisk.rest.job_events import watch_job
from obelisk.rest.jobs import (
    cancel_job,
    count_jobs,
    delete_job,
    delete_output,
    get_job,
    get_output,
    list_jobs,
    pause_job,
    resubmit_job,
    resume_job,
    set_priority,
)
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
from obelisk.rest.monitoring import get_metrics, get_orthanc_metrics
from obelisk.rest.peers import (
    delete_peer,
    get_peer_configuration,
    get_peer_system,
    list_peer_operations,
    list_peers,
    put_peer,
    store_straight_to_peer,
    store_to_peer,
)
from obelisk.rest.reconstruction import (
    invalidate_tags,
    reconstruct,
    reconstruct_all,
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
from obelisk.rest.scripts import execute_script
from obelisk.rest.system import (
    get_extensions,
    get_plugin,
    get_statistics,
    get_system,
    list_plugins,
    redirect_to_icon,
    redirect_to_page,
)
from obelisk.rest.tools import (
    generate_uid,
    get_category_log_level,
    get_conformance,
    get_default_encoding,
    get_local_now,
    get_log_level,
    get_metrics_enabled,
    get_now,
    get_unknown_sop_class_accepted,
    list_sop_classes,
    list_transfer_syntaxes,
    reset,
    set_category_log_level,
    set_default_encoding,
    set_log_level,
    set_metrics_enabled,
    set_transfer_syntaxes,
    set_unknown_sop_class_accepted,
    shut_down,
)
from obelisk.rest.uploads import store
from obelisk.rest.verification import verify
from obelisk.rest.views import (
    get_instances_tags,
    get_module,
    get_ordered_slices,
    get_patient_module,
    get_shared_tags,
)
from obelisk.telemetry import CATEGORIES

ROUTES = (
    # The server
    Route("/api", get_page, ("GET",), "api"),
    Route("/api/icon.svg", get_icon, ("GET",), "icon"),
    Route("/api/openapi.json", get_description, ("GET",), "openapi"),
    Route("/system", get_system, ("GET",), "system"),
    Route("/statistics", get_statistics, ("GET",), "statistics"),
    Route("/", redirect_to_page, ("GET",), "root"),
    Route("/app", redirect_to_page, ("GET",), "app"),
    Route("/app/explorer.html", redirect_to_page, ("GET",), "explorer"),
    Route("/favicon.ico", redirect_to_icon, ("GET",), "favicon"),
    Route("/plugins", list_plugins, ("GET",), "plugins"),
    Route("/plugins/{id}", get_plugin, ("GET",), "plugin"),
    Route("/plugins/explorer.js", get_extensions, ("GET",), "extensions"),
    Route("/exports", list_exports, ("GET",), "exports"),
    Route("/exports", clear_exports, ("DELETE",), "clear-exports"),
    Route("/changes", list_changes, ("GET",), "changes"),
    Route("/changes", clear_changes, ("DELETE",), "clear-changes"),
    # What the server can tell and change while it runs
    Route("/tools/generate-uid", generate_uid, ("GET",), "generate-uid"),
    Route("/tools/now", get_now, ("GET",), "now"),
    Route("/tools/now-local", get_local_now, ("GET",), "now-local"),
    Route("/tools/dicom-conformance", get_conformance, ("GET",), "conformance"),
    Route("/tools/default-encoding", get_default_encoding, ("GET",), "encoding"),
    Route("/tools/default-encoding", set_default_encoding, ("PUT",), "set-encoding"),
    Route("/tools/accepted-sop-classes", list_sop_classes, ("GET",), "sop-classes"),
    Route(
        "/tools/accepted-transfer-syntaxes",
        list_transfer_syntaxes,
        ("GET",),
        "transfer-syntaxes",
    ),
    Route(
        "/tools/accepted-transfer-syntaxes",
        set_transfer_syntaxes,
        ("PUT",),
        "set-transfer-syntaxes",
    ),
    Route(
        "/tools/unknown-sop-class-accepted",
        get_unknown_sop_class_accepted,
        ("GET",),
        "unknown-sop-class",
    ),
    Route(
        "/tools/unknown-sop-class-accepted",
        set_unknown_sop_class_accepted,
        ("PUT",),
        "set-unknown-sop-class",
    ),
    Route("/tools/log-level", get_log_level, ("GET",), "log-level"),
    Route("/tools/log-level", set_log_level, ("PUT",), "set-log-level"),
    *(
        Route(f"/tools/log-level-{name}", handler, (method,), f"{verb}log-level-{name}")
        for name in CATEGORIES
        for verb, method, handler in (
            ("", "GET", get_category_log_level),
            ("set-", "PUT", set_category_log_level),
        )
    ),
    Route("/tools/execute-script", execute_script, ("POST",), "execute-script"),
    Route("/tools/reset", reset, ("POST",), "reset"),
    Route("/tools/shutdown", shut_down, ("POST",), "shutdown"),
    # Health and metrics
    Route("/health/live", get_live, ("GET",), "live"),
    Route("/health/ready", get_ready, ("GET",), "ready"),
    Route("/metrics", get_metrics, ("GET",), "metrics"),
    Route("/tools/metrics-prometheus", get_orthanc_metrics, ("GET",), "prometheus"),
    Route("/tools/metrics", get_metrics_enabled, ("GET",), "metrics-enabled"),
    Route("/tools/metrics", set_metrics_enabled, ("PUT",), "enable-metrics"),
    # Jobs
    Route("/jobs", list_jobs, ("GET",), "jobs"),
    Route("/jobs/counts", count_jobs, ("GET",), "job-counts"),
    Route("/jobs/{id}", get_job, ("GET",), "job"),
    Route("/jobs/{id}", delete_job, ("DELETE",), "delete-job"),
    Route("/jobs/{id}/cancel", cancel_job, ("POST",), "cancel-job"),
    Route("/jobs/{id}/pause", pause_job, ("POST",), "pause-job"),
    Route("/jobs/{id}/resume", resume_job, ("POST",), "resume-job"),
    Route("/jobs/{id}/resubmit", resubmit_job, ("POST",), "resubmit-job"),
    Route("/jobs/{id}/priority", set_priority, ("PUT",), "prioritise-job"),
    Route("/jobs/{id}/events", watch_job, ("GET",), "watch-job"),
    Route("/jobs/{id}/{name}", get_output, ("GET",), "job-output"),
    Route("/jobs/{id}/{name}", delete_output, ("DELETE",), "delete-job-output"),
    Route("/{level}/{id}/verify", verify, ("POST",), "verify"),
    # Searches
    Route("/tools/find", find, ("POST",), "find"),
    Route("/tools/count-resources", count_resources, ("POST",), "count"),
    Route("/tools/lookup", lookup, ("POST",), "lookup"),
    # New instances
    Route("/tools/create-dicom", create, ("POST",), "create"),
    # Many resources at once
    Route("/tools/bulk-content", bulk_content, ("POST",), "bulk-content"),
    Route("/tools/bulk-delete", bulk_delete, ("POST",), "bulk-delete"),
    Route("/tools/reconstruct", reconstruct_all, ("POST",), "reconstruct-all"),
    Route("/tools/invalidate-tags", invalidate_tags, ("POST",), "invalidate-tags"),
    # Patients, studies, series, instances
    Route("/{level}", list_resources, ("GET",), "list"),
    Route("/{level}/{id}", get_resource, ("GET",), "resource"),
    Route("/{level}/{id}", delete_resource, ("DELETE",), "delete"),
    Route("/{level}/{id}/reconstruct", reconstruct, ("POST",), "reconstruct"),
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
    # Other servers
    Route("/peers", list_peers, ("GET",), "peers"),
    Route("/peers/{id}", list_peer_operations, ("GET",), "peer"),
    Route("/peers/{id}", put_peer, ("PUT",), "put-peer"),
    Route("/peers/{id}", delete_peer, ("DELETE",), "delete-peer"),
    Route("/peers/{id}/configuration", get_peer_configuration, ("GET",), "peer-facts"),
    Route("/peers/{id}/system", get_peer_system, ("GET",), "peer-system"),
    Route("/peers/{id}/store", store_to_peer, ("POST",), "store-to-peer"),
    Route(
        "/peers/{id}/store-straight",
        store_straight_to_peer,
        ("POST",),
        "store-straight-to-peer",
    ),
    # Archives and media
    Route("/{group}/{id}/archive", get_archive, ("GET",), "archive"),
    Route("/{group}/{id}/archive", post_archive, ("POST",), "make-archive"),
    Route("/{group}/{id}/media", get_media, ("GET",), "media"),
    Route("/{group}/{id}/media", post_media, ("POST",), "make-media"),
    Route("/tools/create-archive", get_created_archive, ("GET",), "created-archive"),
    Route("/tools/create-archive", create_archive, ("POST",), "create-archive"),
    Route("/tools/create-media", get_created_media, ("GET",), "created-media"),
    Route("/tools/create-media", create_media, ("POST",), "create-media"),
    Route(
        "/tools/create-media-extended",
        get_created_extended_media,
        ("GET",),
        "created-extended-media",
    ),
    Route(
        "/tools/create-media-extended",
        create_extended_media,
        ("POST",),
        "create-extended-media",
    ),
    # Instances only
    Route("/instances", store, ("POST",), "store"),
    Route("/instances/{id}/file", get_file, ("GET",), "file"),
    Route("/instances/{id}/tags", get_tags, ("GET",), "tags"),
    Route("/instances/{id}/simplified-tags", get_simplified_tags, ("GET",), "simple"),
    Route("/instances/{id}/header", get_header, ("GET",), "header"),
    Route("/instances/{id}/content/{path}", get_content, ("GET",), "content"),
    Route("/instances/{id}/pdf", get_pdf, ("GET",), "pdf"),
    Route("/instances/{id}/stl", get_stl, ("GET",), "stl"),
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
