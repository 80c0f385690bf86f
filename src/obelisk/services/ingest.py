"""The only way in: bytes → storage area → index → answer."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from obelisk.config import OverwriteMode
from obelisk.dicom.identifiers import ResourceIds
from obelisk.dicom.levels import LEVELS, Level
from obelisk.dicom.main_tags import STANDARD, MainTags
from obelisk.dicom.parsing import ParsedInstance, parse_instance
from obelisk.errors import InvalidDICOMError
from obelisk.index.base import Index
from obelisk.index.records import (
    Attachment,
    Compression,
    NewInstance,
    StoreOutcome,
    StoreStatus,
)
from obelisk.index.writing import WriteTransaction
from obelisk.metrics.registry import OFF, Laps, Metrics
from obelisk.services.compression import compress
from obelisk.services.digest import Digest
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.numbering import expected_instance_count, index_in_series
from obelisk.services.quota import UNLIMITED, Quota
from obelisk.services.removal import Removal
from obelisk.services.stages import StageSpans
from obelisk.services.timestamps import utc_text
from obelisk.storage.base import Buffer, PendingContent, Storage
from obelisk.telemetry.tracing import child

_IN_MEMORY_BYTES_MAX = 4_194_304
#: A chunk that is worth a write of its own.
_LARGE_CHUNK_BYTES = 131_072


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an instance came from.

    `request_origin` is ``RestApi``, ``Lua`` or ``DicomProtocol``; the rest is what is
    known of the sender, AE titles without padding.
    """

    request_origin: str
    remote_ip: str | None = None
    http_username: str | None = None
    remote_aet: str | None = None
    called_aet: str | None = None


@dataclass(frozen=True, slots=True)
class StoreResult:
    """What became of an instance, and its ids."""

    status: StoreStatus
    ids: ResourceIds

    @property
    def is_new(self) -> bool:
        """Whether it was stored now."""
        return self.status is StoreStatus.SUCCESS


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """How instances are kept; the names of the options stand in brackets.

    Attributes
    ----------
    overwrite_mode
        What happens to an instance that is received once more (OverwriteInstances).
    is_compressed
        Whether files are compressed with zlib (StorageCompression).
    is_kept
        Whether files are stored at all (StoreDicom).
    is_md5_computed
        Whether MD5 sums are kept (StoreMD5ForAttachments).
    stable_age_seconds
        When a resource that does not grow any more counts as stable (StableAge).
    default_encoding
        Assumed where Specific Character Set is absent (DefaultEncoding).
    main_tags
        The attributes that are indexed (ExtraMainDicomTags).
    quota
        How much may be stored.
    """

    overwrite_mode: OverwriteMode = OverwriteMode.NEVER
    is_compressed: bool = False
    is_kept: bool = True
    is_md5_computed: bool = True
    stable_age_seconds: float = 60
    default_encoding: AssumedEncoding = field(default_factory=AssumedEncoding)
    main_tags: MainTags = STANDARD
    quota: Quota = UNLIMITED

    @property
    def is_plain(self) -> bool:
        """Whether files are stored as they come."""
        return self.is_kept and not self.is_compressed


class Ingest:
    """Takes instances in; safe to use from several threads."""

    def __init__(
        self,
        index: Index,
        storage: Storage,
        settings: IngestSettings,
        clock: Callable[[], float] = time.time,
        metrics: Metrics = OFF,
    ) -> None:
        self._metrics = metrics
        self._index = index
        self._storage = storage
        self._settings = settings
        self._clock = clock
        self._removal = Removal(index, storage)

    def store(self, chunks: Iterable[Buffer], origin: Origin) -> StoreResult:
        """Store one DICOM file, and return once it is durable.

        Parameters
        ----------
        chunks
            The bytes of the file; each chunk need only stay valid until the next one
            is asked for. What the iterable raises goes through; nothing stays behind.
        origin
            Where the file came from.

        Raises
        ------
        InvalidDICOMError
            If the bytes are not a readable DICOM file (PS3.10 Section 7).
        StorageFullError
            If there is no room for it.
        UnavailableError
            If the storage area or the index fails; a retry may help.
        """
        with child("ingest") as span:
            metrics = self._metrics
            laps = StageSpans(metrics, span) if span.is_recorded else metrics.laps()
            result = self._received(chunks, origin, laps)
            if metrics.is_enabled:
                laps.total(metrics.ingest.total)
                stored = metrics.ingest.stored
                stored.of(origin.request_origin, result.status.value).add()
            span.set({"obelisk.outcome": result.status.value})
        return result

    def _received(
        self, chunks: Iterable[Buffer], origin: Origin, laps: Laps
    ) -> StoreResult:
        """Receive a file, and store it.

        The sums are made of each chunk when it comes, so that they cost no time where
        the network is slow; a large chunk is on its way to the disk meanwhile.
        """
        digest = Digest(is_md5_computed=self._settings.is_md5_computed)
        is_compressed = self._settings.is_compressed
        parts: list[bytes] = []
        stream = iter(chunks)
        for chunk in stream:
            is_large = len(chunk) >= _LARGE_CHUNK_BYTES and not is_compressed
            if is_large or digest.size + len(chunk) > _IN_MEMORY_BYTES_MAX:
                rest = chain((chunk,), stream)
                return self._store_large(parts, digest, rest, origin, laps)
            parts.append(bytes(chunk))
            digest.update(chunk)
        content = parts[0] if len(parts) == 1 else b"".join(parts)
        if not content:
            raise InvalidDICOMError("Received an empty DICOM file")
        if self._settings.is_plain and self._storage.is_alone():
            return self._store_ahead(content, digest, origin, laps)
        laps.lap(self._metrics.ingest.receive)
        parsed = self._parse(content, laps)
        return self._store(parsed, content, digest, origin, laps)

    def _store_ahead(
        self, content: bytes, digest: Digest, origin: Origin, laps: Laps
    ) -> StoreResult:
        """Store a file as it is; it is on its way to the disk while it is parsed."""
        pending = self._storage.create()
        try:
            pending.write(content)
            pending.begin_finish()
            laps.lap(self._metrics.ingest.receive)
            parsed = self._parse(content, laps)
            return self._record(parsed, pending, (digest, digest), origin, laps)
        finally:
            pending.discard()

    def _store_large(
        self,
        parts: list[bytes],
        digest: Digest,
        rest: Iterator[Buffer],
        origin: Origin,
        laps: Laps,
    ) -> StoreResult:
        """Store a file that is not held in memory; `digest` knows the first parts."""
        pending = self._storage.create()
        try:
            while parts:
                pending.write(parts.pop(0))
            for chunk in rest:
                pending.write(chunk)
                digest.update(chunk)
            if self._settings.is_plain:
                pending.begin_finish()
            laps.lap(self._metrics.ingest.receive)
            with pending.view() as content:
                parsed = self._parse(content, laps)
                if self._settings.is_compressed and self._settings.is_kept:
                    return self._store(parsed, content, digest, origin, laps)
                return self._record(parsed, pending, (digest, digest), origin, laps)
        finally:
            pending.discard()

    def _parse(self, content: Buffer, laps: Laps) -> ParsedInstance:
        settings = self._settings
        parsed = parse_instance(
            content,
            default_encoding=settings.default_encoding.name,
            main_tags=settings.main_tags,
        )
        laps.lap(self._metrics.ingest.parse)
        return parsed

    def _store(
        self,
        parsed: ParsedInstance,
        content: Buffer,
        digest: Digest,
        origin: Origin,
        laps: Laps,
    ) -> StoreResult:
        """Write a content, compressed if need be, and record it."""
        settings = self._settings
        pending = self._storage.create()
        try:
            if not settings.is_compressed or not settings.is_kept:
                if settings.is_kept:
                    pending.write(content)
                return self._record(parsed, pending, (digest, digest), origin, laps)
            stored = Digest(is_md5_computed=settings.is_md5_computed)
            for chunk in compress(content):
                stored.update(chunk)
                pending.write(chunk)
            return self._record(parsed, pending, (digest, stored), origin, laps)
        finally:
            pending.discard()

    def _record(
        self,
        parsed: ParsedInstance,
        pending: PendingContent,
        digests: tuple[Digest, Digest],
        origin: Origin,
        laps: Laps,
    ) -> StoreResult:
        """Make a content durable, if it is kept, and known; the index decides."""
        digest, stored = digests
        is_kept = self._settings.is_kept
        if is_kept:
            pending.finish()
        laps.lap(self._metrics.ingest.store)
        compression = Compression.NONE if is_kept else Compression.NOT_STORED
        if digest is not stored:
            compression = Compression.ZLIB_WITH_SIZE
        attachment = Attachment(
            pending.key,
            compression,
            digest.size,
            digest.md5,
            digest.crc32,
            stored.size,
            stored.md5,
        )
        new = self._new_instance(parsed, attachment, origin)
        outcome = self._write(new)
        if is_kept and outcome.status is StoreStatus.SUCCESS:
            pending.confirm()
        laps.lap(self._metrics.ingest.index)
        self._removal.remove(outcome.removed_keys)
        return StoreResult(outcome.status, new.ids)

    def _write(self, new: NewInstance) -> StoreOutcome:
        mode, quota = self._settings.overwrite_mode, self._settings.quota

        def store(writer: WriteTransaction) -> StoreOutcome:
            outcome = writer.store_instance(new, mode)
            if outcome.status is StoreStatus.SUCCESS:
                patient = Level.PATIENT, new.ids.patient
                outcome.removed_keys.extend(quota.make_room(writer, *patient))
            return outcome

        return self._index.write(store)

    def _new_instance(
        self, parsed: ParsedInstance, attachment: Attachment, origin: Origin
    ) -> NewInstance:
        now = self._clock()
        received = utc_text(int(now))
        main = parsed.attributes
        return NewInstance(
            ids=parsed.ids,
            attributes=_AttributesByLevel(parsed, self._settings.main_tags),
            metadata=_metadata(parsed, origin, received, self._settings.main_tags),
            index_in_series=index_in_series(main),
            expected_instance_count=expected_instance_count(main),
            attachment=attachment,
            received=received,
            stable_at=now + self._settings.stable_age_seconds,
        )


class _AttributesByLevel(dict[Level, dict[str, object]]):
    """The main attributes of an instance as the index keeps them.

    Those of a level are decoded when they are asked for: the index needs what lies
    above the instance for the first one of a series only.
    """

    def __init__(self, parsed: ParsedInstance, main_tags: MainTags) -> None:
        super().__init__()
        self._lookup = parsed.attributes.lookup
        self._keys = main_tags.keys

    def __missing__(self, level: Level) -> dict[str, object]:
        found = ((key, self._lookup(tag)) for tag, key in self._keys[level])
        known = {key: value for key, value in found if value is not None}
        self[level] = known
        return known


def attributes_by_level(
    parsed: ParsedInstance, main_tags: MainTags
) -> dict[Level, dict[str, object]]:
    """Return the main attributes of an instance, of all levels."""
    attributes = _AttributesByLevel(parsed, main_tags)
    return {level: attributes[level] for level in LEVELS}


def file_metadata(parsed: ParsedInstance) -> dict[str, str]:
    """Return the metadata of an instance that follow from its file."""
    is_unusual = parsed.has_unusual_pixel_data_vr
    found: dict[str, object] = {
        "TransferSyntax": parsed.transfer_syntax_uid,
        "SopClassUid": parsed.sop_class_uid or None,
        "PixelDataOffset": parsed.pixel_data_offset,
        "PixelDataVR": parsed.pixel_data_vr if is_unusual else None,
    }
    return {name: str(value) for name, value in found.items() if value is not None}


def _metadata(
    parsed: ParsedInstance, origin: Origin, received: str, main_tags: MainTags
) -> dict[Level, dict[str, str]]:
    """Return what is worth knowing of an instance beside its attributes."""
    found: dict[str, str | None] = {
        "ReceptionDate": received,
        "Origin": origin.request_origin,
        "RemoteIP": origin.remote_ip,
        "RemoteAET": origin.remote_aet or "",
        "CalledAET": origin.called_aet,
        "HttpUsername": origin.http_username,
    }
    metadata = {level: dict(main_tags.kept_metadata[level]) for level in LEVELS}
    metadata[Level.INSTANCE] |= {
        name: value for name, value in found.items() if value is not None
    }
    metadata[Level.INSTANCE] |= file_metadata(parsed)
    metadata[Level.SERIES]["RemoteAET"] = origin.remote_aet or ""
    return metadata
