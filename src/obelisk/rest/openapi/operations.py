"""What each handler of the route table takes and gives, on one page."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from obelisk.rest import (
    api,
    archiving,
    attachments,
    bulk,
    changes,
    content,
    creation,
    exports,
    find,
    health,
    instances,
    job_events,
    jobs,
    labels,
    metadata,
    monitoring,
    peers,
    reconstruction,
    resources,
    scripts,
    system,
    tools,
    uploads,
    verification,
    views,
)
from obelisk.rest.openapi.operation import (
    ANYTHING,
    BINARY,
    BOOLEAN,
    DICOM,
    INTEGER,
    JSON,
    OBJECT,
    PRESENT,
    STRING,
    TEXT,
    TEXTS,
    Argument,
    Operation,
    gives,
    json_of,
    listed,
    ref,
    takes,
)
from obelisk.rest.routing import Handler, Route

_NOTHING: Mapping[str, Mapping[str, str]] = {}
_TEXT = {TEXT: STRING}
_EMPTY = json_of(OBJECT)
_BINARY = {BINARY: STRING}

_EXPAND = Argument(
    "expand", "Whether resources are given, not only their ids.", BOOLEAN
)
_FULL = Argument("full", "Write attributes with number, name and type.", PRESENT)
_SHORT = Argument("short", "Write attributes by their number, not `full`.", PRESENT)
_SIMPLIFY = Argument("simplify", "Write attributes by their keyword; wins.", PRESENT)
_REQUESTED = Argument(
    "requested-tags", "More attributes to give, separated by semicolons."
)
_REQUESTED_OLD = Argument("requestedTags", "The former name of `requested-tags`.")
_FORMS = (_FULL, _SHORT, _SIMPLIFY, _REQUESTED, _REQUESTED_OLD)
_SINCE = Argument("since", "How many to skip; needs `limit`.", INTEGER)
_LIMIT = Argument(
    "limit", "How many to give at most, 0 for all; needs `since`.", INTEGER
)
_CONTENT = Argument(
    "response-content", "The parts of the resources to give, separated by semicolons."
)
_IGNORE = Argument(
    "ignore-length", "Attributes to give however long they are, separated by commas."
)
_SHORT_TAGS = Argument("short", "Write attributes by their number.", PRESENT)
_TAGS = (_SIMPLIFY, _SHORT_TAGS, _IGNORE)
_WHOLE = Argument("whole", "Give what stands behind Pixel Data too.", PRESENT)
_FILE_NAME = Argument("filename", "The name of the file for the client.")

_JOBS = (
    Argument("state", "The states of the wanted jobs, separated by semicolons."),
    Argument("type", "The types of the wanted jobs, separated by semicolons."),
    Argument("order", "`id`, `submission`, `completion` or `priority`, or `-id` …"),
    Argument("since", "How many to skip.", INTEGER),
    Argument("limit", "How many to give at most, 0 for all.", INTEGER),
)
_ONLY = Argument("only", "`failed` to do again no more than what failed.")
_TRANSCODING = (
    Argument("transcode", "The transfer syntax to give it in."),
    Argument("lossy-quality", "The quality of lossy compression, from 1 to 100."),
)
_LAST_EVENT = Argument("Last-Event-ID", "The number of the last event that was seen.")
_JOB_HEADERS = (
    Argument("Prefer", "`respond-async`, or `wait=` and seconds (RFC 7240)."),
    Argument("Idempotency-Key", "A name under which the request makes one job only."),
)

_CONTENT_ENCODING = Argument("Content-Encoding", "`gzip`, if the body is.")
_METRICS = {TEXT: STRING, "application/openmetrics-text": STRING}
_ACCEPT = Argument("Accept", "`application/openmetrics-text`, if that is wanted.")
_IF_MATCH = Argument("If-Match", "The revision that is changed, as its ETag.")
_RECONSTRUCTION = takes(json_of(ref("Reconstruction")), _TEXT, headers=_JOB_HEADERS)
_IF_NONE_MATCH = Argument("If-None-Match", "The ETag of what the client has.")
_FACT = gives(_TEXT, headers=(_IF_NONE_MATCH,))


def _parts(
    answer: Mapping[str, Mapping[str, str]], *query: Argument, accept: str = ""
) -> Operation:
    headers = (_IF_NONE_MATCH, *([Argument("Accept", accept)] if accept else ()))
    return gives(answer, *query, headers=headers, is_partial=True)


_FILE_FORMS = {
    DICOM: STRING,
    "application/dicom+json": ref("DICOMJSONModel"),
    "application/dicom+xml": STRING,
}
_ZIP = {"application/zip": STRING}
_COMPRESSION = Argument("compression", "`store`, or `deflate` for smaller archives.")
_ZIP_ARGUMENTS = (
    _FILE_NAME,
    _COMPRESSION,
    *_TRANSCODING,
)
_EXTENDED = Argument("extended", "Describe the series in the DICOMDIR.", PRESENT)
_RESOURCES = Argument("resources", "Ids, separated by commas; needed.")


def _zip_of(body: Mapping[str, Any]) -> Operation:
    query = (_COMPRESSION,)
    headers = (_IF_NONE_MATCH,)
    return Operation(
        query=query, headers=headers, body=body, answer=_ZIP, is_partial=True
    )


_ZIP_OF_LISTED = _zip_of(json_of({"anyOf": [listed(STRING), OBJECT]}))

OPERATIONS: Mapping[Handler, Operation] = MappingProxyType(
    {
        # The server
        api.get_page: gives({"text/html": STRING}),
        api.get_description: gives(json_of(OBJECT)),
        api.get_icon: gives({"image/svg+xml": STRING}),
        system.get_system: gives(json_of(ref("System"))),
        system.get_statistics: gives(json_of(ref("Sizes"))),
        changes.list_changes: gives(
            json_of(ref("Changes")),
            Argument("since", "The number behind which to start.", INTEGER),
            Argument("to", "The number up to which to go.", INTEGER),
            Argument("limit", "How many to give at most, 100 by default.", INTEGER),
            Argument("type", "The wanted kinds, separated by semicolons."),
            Argument("last", "Give the last change only.", PRESENT),
        ),
        changes.clear_changes: gives(_TEXT),
        system.redirect_to_page: gives(_NOTHING),
        system.redirect_to_icon: gives(_NOTHING),
        system.list_plugins: gives(json_of(ref("Ids"))),
        system.get_plugin: gives(json_of(OBJECT)),
        system.get_extensions: gives({"application/javascript": STRING}),
        exports.list_exports: gives(
            json_of(ref("Exports")),
            Argument("since", "The number behind which to start.", INTEGER),
            Argument("limit", "How many to give at most, 100 by default.", INTEGER),
            Argument("last", "Give the last export only.", PRESENT),
        ),
        exports.clear_exports: gives(_TEXT),
        # New instances
        creation.create: takes(
            {**json_of(ref("Creation")), "multipart/form-data": OBJECT},
            _EMPTY,
            headers=_JOB_HEADERS,
        ),
        # Many resources at once
        bulk.bulk_content: takes(json_of(ref("Bulk")), json_of(listed(OBJECT))),
        bulk.bulk_delete: takes(json_of(ref("Bulk")), _TEXT, headers=_JOB_HEADERS),
        reconstruction.reconstruct: _RECONSTRUCTION,
        reconstruction.reconstruct_all: _RECONSTRUCTION,
        reconstruction.invalidate_tags: gives(_TEXT),
        # What the server can tell and change while it runs
        tools.generate_uid: gives(
            _TEXT, Argument("level", "patient, study, series or instance.")
        ),
        tools.get_now: gives(_TEXT),
        tools.get_local_now: gives(_TEXT),
        tools.get_conformance: gives(_TEXT),
        tools.get_default_encoding: gives(_TEXT),
        tools.set_default_encoding: takes(_TEXT, _TEXT),
        tools.list_sop_classes: gives(json_of(ref("Ids"))),
        tools.list_transfer_syntaxes: gives(json_of(ref("Ids"))),
        tools.set_transfer_syntaxes: takes(
            {JSON: {"anyOf": [STRING, listed(STRING)]}, **_TEXT}, json_of(ref("Ids"))
        ),
        tools.get_unknown_sop_class_accepted: gives(_TEXT),
        tools.set_unknown_sop_class_accepted: takes(_TEXT, _TEXT),
        tools.get_log_level: gives(_TEXT),
        tools.set_log_level: takes(_TEXT, _TEXT),
        tools.get_category_log_level: gives(_TEXT),
        tools.set_category_log_level: takes(_TEXT, _TEXT),
        health.get_live: gives(_EMPTY),
        health.get_ready: gives(_EMPTY),
        tools.get_metrics_enabled: gives(_TEXT),
        tools.set_metrics_enabled: takes(_TEXT, _TEXT),
        monitoring.get_orthanc_metrics: gives(_TEXT),
        monitoring.get_metrics: gives(_METRICS, headers=(_ACCEPT,)),
        scripts.execute_script: takes(_TEXT, _TEXT),
        tools.reset: gives(_EMPTY),
        tools.shut_down: gives(_EMPTY),
        # Searches
        find.find: takes(
            json_of(ref("Find")), json_of({"type": "array", "items": ANYTHING})
        ),
        find.count_resources: takes(
            json_of(ref("Count")),
            json_of({"type": "object", "properties": {"Count": INTEGER}}),
        ),
        find.lookup: takes(_TEXT, json_of(listed(ref("Place")))),
        # Patients, studies, series, instances
        resources.list_resources: gives(
            json_of({"anyOf": [ref("Ids"), listed(ref("{level}"))]}),
            *(_EXPAND, _SINCE, _LIMIT, _CONTENT, *_FORMS),
        ),
        resources.get_resource: gives(json_of(ref("{level}")), *_FORMS),
        resources.delete_resource: gives(json_of(ref("Remaining"))),
        resources.resource_statistics: gives(json_of(ref("Sizes"))),
        resources.list_descendants: gives(
            json_of({"anyOf": [ref("Ids"), listed(ref("{relative}"))]}),
            *(_EXPAND, *_FORMS),
        ),
        resources.get_ancestor: gives(json_of(ref("{relative}")), *_FORMS),
        # What the files below a resource say
        views.get_module: gives(json_of(ref("Tags")), *_TAGS),
        views.get_patient_module: gives(json_of(ref("Tags")), *_TAGS),
        views.get_shared_tags: gives(json_of(ref("Tags")), *_TAGS),
        views.get_instances_tags: gives(
            json_of({"type": "object", "additionalProperties": ref("Tags")}), *_TAGS
        ),
        views.get_ordered_slices: gives(json_of(ref("OrderedSlices"))),
        # Instances only
        uploads.store: takes(
            {
                DICOM: STRING,
                "application/zip": STRING,
                "multipart/form-data": OBJECT,
            },
            json_of({"anyOf": [ref("Stored"), listed(ref("Stored"))]}),
            headers=(_CONTENT_ENCODING,),
        ),
        instances.get_file: _parts(
            _FILE_FORMS,
            *(_FILE_NAME, *_TRANSCODING),
            accept="`application/dicom+json` or `application/dicom+xml`, if wanted.",
        ),
        instances.get_tags: gives(json_of(ref("Tags")), *_TAGS, _WHOLE),
        instances.get_simplified_tags: gives(json_of(ref("Tags")), _IGNORE, _WHOLE),
        instances.get_header: gives(json_of(ref("Tags")), *_TAGS[:2]),
        content.get_content: _parts({JSON: listed(STRING), **_BINARY}),
        content.get_pdf: _parts({"application/pdf": STRING}),
        content.get_stl: _parts({"model/stl": STRING}),
        content.export: takes(_TEXT, _EMPTY),
        # Other servers
        peers.list_peers: gives(
            json_of({"anyOf": [ref("Ids"), {"type": "object"}]}), _EXPAND
        ),
        peers.list_peer_operations: gives(json_of(ref("Ids"))),
        peers.put_peer: takes(json_of({"anyOf": [listed(STRING), ref("Peer")]}), _TEXT),
        peers.delete_peer: gives(_TEXT),
        peers.get_peer_configuration: gives(_EMPTY),
        peers.get_peer_system: gives(_EMPTY),
        peers.store_to_peer: takes(
            {JSON: {"anyOf": [listed(STRING), ref("PeerStore")]}, **_TEXT},
            _EMPTY,
            headers=_JOB_HEADERS,
        ),
        peers.store_straight_to_peer: takes(
            {DICOM: STRING}, json_of(ref("Stored")), headers=(_CONTENT_ENCODING,)
        ),
        # Archives and media
        archiving.get_archive: _parts(_ZIP, *_ZIP_ARGUMENTS),
        archiving.post_archive: _zip_of(_EMPTY),
        archiving.get_media: _parts(_ZIP, *_ZIP_ARGUMENTS, _EXTENDED),
        archiving.post_media: _zip_of(_EMPTY),
        archiving.get_created_archive: _parts(_ZIP, *_ZIP_ARGUMENTS, _RESOURCES),
        archiving.create_archive: _ZIP_OF_LISTED,
        archiving.get_created_media: _parts(
            _ZIP, *_ZIP_ARGUMENTS, _EXTENDED, _RESOURCES
        ),
        archiving.create_media: _ZIP_OF_LISTED,
        archiving.get_created_extended_media: _parts(
            _ZIP, *_ZIP_ARGUMENTS, _EXTENDED, _RESOURCES
        ),
        archiving.create_extended_media: _ZIP_OF_LISTED,
        # What users attach to resources
        jobs.list_jobs: gives(json_of({"type": "array"}), _EXPAND, *_JOBS),
        jobs.count_jobs: gives(_EMPTY),
        jobs.get_job: gives(_EMPTY),
        jobs.delete_job: gives(_TEXT),
        jobs.cancel_job: gives(_EMPTY),
        jobs.pause_job: gives(_EMPTY),
        jobs.resume_job: gives(_EMPTY),
        jobs.resubmit_job: gives(_EMPTY, _ONLY),
        jobs.set_priority: takes(_TEXT, _TEXT),
        jobs.get_output: gives(_BINARY),
        jobs.delete_output: gives(_TEXT),
        job_events.watch_job: gives(
            {"text/event-stream": STRING}, headers=(_LAST_EVENT,)
        ),
        verification.verify: takes(json_of(ref("Job")), _EMPTY, headers=_JOB_HEADERS),
        labels.list_all_labels: gives(json_of(ref("Ids"))),
        labels.get_protection: gives(_TEXT),
        labels.set_protection: takes(_TEXT, _TEXT),
        labels.list_labels: gives(json_of(ref("Ids"))),
        labels.get_label: gives(_TEXT),
        labels.add_label: gives(_TEXT),
        labels.remove_label: gives(_TEXT),
        metadata.list_metadata: gives(
            json_of({"anyOf": [{"type": "array"}, TEXTS]}),
            Argument("expand", "Give the values too.", BOOLEAN),
            Argument("numeric", "Give numbers instead of names.", PRESENT),
        ),
        metadata.get_metadata: _FACT,
        metadata.set_metadata: takes(_TEXT, _TEXT, headers=(_IF_MATCH,)),
        metadata.delete_metadata: gives(_TEXT, headers=(_IF_MATCH,)),
        attachments.list_attachments: gives(
            json_of({"anyOf": [ref("Ids"), OBJECT]}),
            Argument("full", "Give the numbers of the content types too.", PRESENT),
        ),
        attachments.list_operations: gives(
            json_of(ref("Ids")), headers=(_IF_NONE_MATCH,)
        ),
        attachments.put_attachment: takes(_BINARY, _EMPTY, headers=(_IF_MATCH,)),
        attachments.delete_attachment: gives(_TEXT, headers=(_IF_MATCH,)),
        attachments.get_data: _parts(_BINARY, _FILE_NAME),
        attachments.get_stored_data: _parts(_BINARY, _FILE_NAME),
        attachments.get_info: gives(
            json_of(ref("Attachment")), headers=(_IF_NONE_MATCH,)
        ),
        attachments.get_size: _FACT,
        attachments.get_md5: _FACT,
        attachments.get_stored_size: _FACT,
        attachments.get_stored_md5: _FACT,
        attachments.get_is_compressed: _FACT,
        attachments.compress: gives(_EMPTY),
        attachments.uncompress: gives(_EMPTY),
        attachments.verify_md5: gives(_EMPTY),
    }
)
"""By handler; a test compares the arguments with those that the handler reads."""

_UNKNOWN = gives({})


def operation_of(route: Route) -> Operation:
    """Return what a route takes and gives; nothing is known of other handlers."""
    return OPERATIONS.get(route.handler, _UNKNOWN)
