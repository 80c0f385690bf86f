"""The rows of the index, as frozen records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import NamedTuple

from obelisk.dicom.identifiers import ResourceIds
from obelisk.dicom.levels import Level


class ContentType(IntEnum):
    """What an attachment holds; the numbers are Orthanc's, users have others."""

    DICOM = 1


class Compression(IntEnum):
    """How the stored bytes of an attachment came from its content."""

    NONE = 0
    ZLIB_WITH_SIZE = 1
    NOT_STORED = 2
    """There are none: the index knows of a file that was not kept."""


class ChangeType(Enum):
    """A kind of event in the change log."""

    NEW_INSTANCE = "NewInstance"
    NEW_SERIES = "NewSeries"
    NEW_STUDY = "NewStudy"
    NEW_PATIENT = "NewPatient"
    COMPLETED_SERIES = "CompletedSeries"
    STABLE_SERIES = "StableSeries"
    STABLE_STUDY = "StableStudy"
    STABLE_PATIENT = "StablePatient"
    UPDATED_METADATA = "UpdatedMetadata"
    UPDATED_ATTACHMENT = "UpdatedAttachment"

    #: Each member is there once; the hash of `Enum` costs a call in Python.
    __hash__ = object.__hash__


NEW = {
    Level.PATIENT: ChangeType.NEW_PATIENT,
    Level.STUDY: ChangeType.NEW_STUDY,
    Level.SERIES: ChangeType.NEW_SERIES,
    Level.INSTANCE: ChangeType.NEW_INSTANCE,
}

STABLE = {
    Level.PATIENT: ChangeType.STABLE_PATIENT,
    Level.STUDY: ChangeType.STABLE_STUDY,
    Level.SERIES: ChangeType.STABLE_SERIES,
}


class StoreStatus(Enum):
    """What became of a received instance; the values are Orthanc's."""

    SUCCESS = "Success"
    ALREADY_STORED = "AlreadyStored"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of the storage area, and what it holds.

    Sizes are in bytes and MD5 sums in hexadecimal (empty if not computed);
    `crc32` is that of the content, before any compression. `revision` counts how
    often it was changed.
    """

    key: str
    compression: Compression
    size: int
    md5: str
    crc32: int
    stored_size: int
    stored_md5: str
    content_type: int = ContentType.DICOM
    revision: int = 0


@dataclass(frozen=True, slots=True)
class NewInstance:
    """All that ingest learned about one instance.

    `attributes` holds, for each level, keywords and values; `metadata` likewise
    for the levels that the instance creates.
    """

    ids: ResourceIds
    attributes: Mapping[Level, Mapping[str, object]]
    metadata: Mapping[Level, Mapping[str, str]]
    index_in_series: int | None
    expected_instance_count: int | None
    attachment: Attachment
    received: str
    stable_at: float


@dataclass(frozen=True, slots=True)
class StoreOutcome:
    """The answer of the index to a new instance.

    `removed_keys` are the files of an instance that was overwritten.
    """

    status: StoreStatus
    removed_keys: list[str] = field(default_factory=list)


class RowParts(NamedTuple):
    """Which parts of resources are read, of those that take their time.

    The others are empty; `status` is what `SeriesStatus` needs.
    """

    children: bool = True
    labels: bool = True
    status: bool = True


WHOLE = RowParts()
BARE = RowParts(children=False, labels=False, status=False)


class ResourceRow(NamedTuple):
    """One resource, with its neighbours; JSON columns are left encoded.

    What does not apply to the level of the resource is `None`, numbers are 0.
    """

    pk: int
    id: str
    attributes: str
    metadata: str
    parent_id: str | None
    child_ids: str
    last_update: str
    stable_at: float | None
    labels: str
    patient_attributes: str | None = None
    is_protected: int = 0
    expected_instance_count: int | None = None
    index_in_series: int | None = None
    file_key: str | None = None
    file_size: int | None = None


@dataclass(frozen=True, slots=True)
class SeriesIndexes:
    """The positions that the instances of one series say they have."""

    instance_count: int
    indexed_count: int
    distinct_count: int
    lowest: int | None
    highest: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is below a resource, or in the whole archive; sizes in bytes.

    The sizes beginning with `other` are the parts of the whole that are no DICOM
    files; they are not counted for the whole archive.
    """

    patient_count: int
    study_count: int
    series_count: int
    instance_count: int
    disk_size: int
    uncompressed_size: int
    other_disk_size: int = 0
    other_uncompressed_size: int = 0


class Change(NamedTuple):
    """One event of the change log."""

    seq: int
    type: ChangeType
    level: Level
    id: str
    date: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a deletion did.

    `remaining` is the nearest ancestor that still exists, and `keys` are the files
    that no attachment names any more.
    """

    remaining: tuple[Level, str] | None
    keys: list[str]


class UserMetadatum(NamedTuple):
    """A value that a user gave to a resource; text, or bytes that are no UTF-8."""

    number: int
    value: str | bytes
    revision: int

    @property
    def content(self) -> bytes:
        """The value as bytes."""
        value = self.value
        return value.encode() if isinstance(value, str) else value
