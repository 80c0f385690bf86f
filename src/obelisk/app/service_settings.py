"""What the options mean for the services and for the handlers of requests."""

from obelisk.config import (
    AnnotationSection,
    ArchiveSection,
    Config,
    HTTPSection,
    StorageAccess,
    StorageMode,
    StorageSection,
    ZipCompression,
)
from obelisk.dicom.main_tags import MainTags
from obelisk.rest.messages import ArchiveDefaults, UploadLimits
from obelisk.services.attachments import AttachmentSettings
from obelisk.services.content_names import CONTENT_NUMBERS
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.finding import FindSettings
from obelisk.services.ingest import IngestSettings
from obelisk.services.quota import Quota

_MEGABYTE = 1_048_576


def upload_limits(http: HTTPSection) -> UploadLimits:
    """Return how much a client may send at once."""
    return UploadLimits(
        body=http.body_size_max * _MEGABYTE,
        unpacked=http.file_size_in_archive_max * _MEGABYTE,
    )


def ingest_settings(
    storage: StorageSection, encoding: AssumedEncoding, main_tags: MainTags
) -> IngestSettings:
    """Return how instances are taken in."""
    return IngestSettings(
        overwrite_mode=storage.overwrite_instances,
        is_compressed=storage.storage_compression,
        is_kept=storage.store_dicom,
        is_md5_computed=storage.store_md5,
        stable_age_seconds=storage.stable_age,
        default_encoding=encoding,
        main_tags=main_tags,
        quota=quota(storage),
    )


def attachment_settings(
    storage: StorageSection, annotations: AnnotationSection
) -> AttachmentSettings:
    """Return how attachments are kept."""
    return AttachmentSettings(
        is_compressed=storage.storage_compression,
        is_md5_computed=storage.store_md5,
        is_revision_required=annotations.check_revisions,
        quota=quota(storage),
    )


def quota(storage: StorageSection) -> Quota:
    """Return how much may be stored."""
    return Quota(
        disk_size_max=storage.size_max * _MEGABYTE,
        patient_count_max=storage.patient_count_max,
        is_recycling=storage.mode is StorageMode.RECYCLE,
    )


def media_types(annotations: AnnotationSection) -> dict[int, str]:
    """Return the media types of attachments, by their numbers."""
    users = annotations.user_content_types.values()
    known = {one.number: one.media_type for one in users}
    return {CONTENT_NUMBERS["dicom"]: "application/dicom"} | known


def archive_defaults(archives: ArchiveSection) -> ArchiveDefaults:
    """Return how archives are made unless their request says otherwise."""
    return ArchiveDefaults(
        is_utf8=archives.utf8,
        is_deflated=archives.compression is ZipCompression.DEFLATE,
        is_streamed=archives.is_streamed,
    )


def find_settings(config: Config, main_tags: MainTags) -> FindSettings:
    """Return how searches are made."""
    find = config.find
    return FindSettings(
        result_count_max=find.result_count_max,
        instance_count_max=find.instance_count_max,
        is_storage_read=find.storage_access is not StorageAccess.NEVER,
        main_tags=main_tags,
    )
