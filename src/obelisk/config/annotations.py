"""The options about metadata and attachments."""

from collections.abc import Mapping
from dataclasses import dataclass

from obelisk.config.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class UserContent:
    """A content type for attachments of users."""

    number: int
    """Its number, 1,024 to 65,535."""

    media_type: str = "application/octet-stream"
    """What such attachments are, for HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationSection:
    """What users attach to patients, studies, series and instances."""

    user_metadata: Mapping[str, int] = option("UserMetadata", {})
    """Names for metadata of users, and the number from 1,024 to 65,535 that each of
    them stands for. Other numbers of that range can be used without a name."""

    user_content_types: Mapping[str, UserContent] = option("UserContentType", {})
    """Names for the content types of attachments of users, and the number from 1,024
    to 65,535 that each of them stands for; `[number, "image/png"]` also gives the
    media type that HTTP clients are told."""

    check_revisions: bool = option("CheckRevisions", default=False)
    """Whether a request that changes metadata or an attachment must say in `If-Match`
    which revision it changes; it is refused when somebody else was faster. Needs
    `StoreMD5ForAttachments`."""
