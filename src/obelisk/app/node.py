"""Everything that one process runs: index, storage area, services, front doors."""

import logging
import os
import signal
from dataclasses import replace

from obelisk.app.admittance import access_of, router_of
from obelisk.app.description import describe
from obelisk.app.dicom_settings import dicom_settings
from obelisk.app.dictionaries import load_dictionaries
from obelisk.app.health import health_of
from obelisk.app.jobs import JobOffice
from obelisk.app.main_tags import main_tags_of
from obelisk.app.monitoring import Watch
from obelisk.app.peers import open_transfers
from obelisk.app.scripting import interpreter_of
from obelisk.app.service_settings import (
    archive_defaults,
    attachment_settings,
    find_settings,
    ingest_settings,
    media_types,
    quota,
    upload_limits,
)
from obelisk.app.sharing import WHOLE, Share
from obelisk.app.tracing import FLUSH_SECONDS
from obelisk.app.transcoding import transcoding_of
from obelisk.config import AnnotationSection, Config, StorageSection
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.imaging.reader import ImageReader
from obelisk.index.reserve import Reserve
from obelisk.index.sqlite import SQLiteIndex
from obelisk.jobs.base import JobServices
from obelisk.metrics.merging import Report, report
from obelisk.metrics.registry import Metrics
from obelisk.rest.application import Application
from obelisk.rest.caching import BytesCache, KeptAnswers
from obelisk.rest.messages import ANSWERS_CACHE_BYTES, TAGS_CACHE_BYTES, Services
from obelisk.rest.openapi.document import describe_api
from obelisk.rest.routes import ROUTES
from obelisk.rest.scripts import ScriptCalls
from obelisk.scp.negotiation import Negotiation
from obelisk.scp.server import DICOMServer
from obelisk.scp.settings import DICOMServerSettings
from obelisk.services.archiving.archiving import Archiving
from obelisk.services.attachments import Attachments
from obelisk.services.bulk import Bulk
from obelisk.services.changes import Changes
from obelisk.services.content import Contents
from obelisk.services.content_names import (
    CONTENT_NUMBERS,
    METADATA_NUMBERS,
    ContentNames,
)
from obelisk.services.creation import Creation
from obelisk.services.creation_orders import KeptOrders
from obelisk.services.embedding import Embedding
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.exports import Exports
from obelisk.services.finding import Finding
from obelisk.services.health import Health
from obelisk.services.ingest import Ingest
from obelisk.services.labels import Labels, Protection
from obelisk.services.lifecycle import Lifecycle
from obelisk.services.live_settings import LiveSettings
from obelisk.services.metadata import Metadata
from obelisk.services.quota import enforce
from obelisk.services.reconstruction import Reconstruction, ReconstructionSettings
from obelisk.services.refusal import Refusal
from obelisk.services.removal import Removal
from obelisk.services.requested_tags import RequestedTags
from obelisk.services.resources import Resources
from obelisk.services.samples import Samples
from obelisk.services.stability import Stability
from obelisk.services.verification import Verification
from obelisk.services.views import Views
from obelisk.storage.filesystem import FilesystemStorage
from obelisk.telemetry.tracing import TRACER

_log = logging.getLogger(__name__)

#: The name of the SQLite database in the index directory.
INDEX_NAME = "obelisk.sqlite3"


class Node:
    """A running server, but for its HTTP listener.

    Parameters
    ----------
    config
        The configuration.
    share
        The part that this process has in the work.

    Raises
    ------
    UnavailableError
        If the storage area or the index cannot be opened.
    ConfigError
        If an option names a tag that does not exist, or dictionaries contradict.
    """

    def __init__(self, config: Config, share: Share = WHOLE) -> None:
        load_dictionaries(config.dictionaries)
        #: Says why the node is to be closed, if a client asked for it.
        self.lifecycle = Lifecycle(_send_stop)
        self._is_writable = not config.service.read_only
        self._main_tags = main_tags_of(config)
        self._metrics = Metrics(is_enabled=config.monitoring.metrics_enabled)
        self._open_archive(config.storage, share)
        self._encoding = AssumedEncoding(config.storage.default_encoding.value)
        settings = ingest_settings(config.storage, self._encoding, self._main_tags)
        ingest = Ingest(self._index, self._storage, settings, metrics=self._metrics)
        self._stability = Stability(self._index)
        self._images = ImageReader(metrics=self._metrics)
        self._uids = UIDGenerator(config.service.uid_root or "")
        dicom = dicom_settings(config.dicom)
        self._negotiation = Negotiation(dicom)
        self._jobs = self._open_jobs(config, ingest)
        self._tags_cache = BytesCache(TAGS_CACHE_BYTES)
        #: What clients change, and other processes have to know.
        self.live_settings = self._live_settings()
        #: What this process tells of itself.
        self.watch = Watch(config, self._index, self._tags_cache)
        self.monitoring = self.watch.monitoring(self._metrics)
        self._dicom: DICOMServer | None = None
        if config.dicom.enabled:
            self._dicom = self._dicom_server(dicom, ingest)
        self.admission = share.admission(config.http)
        #: Says whether it can do its work.
        self.health = self._health(config)
        #: The routes that are offered.
        self.router = router_of(config)
        self._interpreter = interpreter_of(config, share)
        #: The WSGI application.
        self.application = self._application(config, ingest)

    def _application(self, config: Config, ingest: Ingest) -> Application:
        http = config.http
        services = self._services(config, ingest)
        made = Application(
            replace(services, interpreter=self._interpreter),
            access_of(config),
            is_error_described=http.describe_errors,
            is_compressing=http.compression_enabled,
            is_method_overridable=http.method_override_enabled,
            router=self.router,
            metrics=self._metrics,
        )
        if self._interpreter is not None:
            self._interpreter.ask = ScriptCalls(made)
        return made

    def _live_settings(self) -> LiveSettings:
        return LiveSettings(self._encoding, self._metrics, self._tags_cache.clear)

    def _open_archive(self, storage: StorageSection, share: Share) -> None:
        """Open storage area and index, and finish what a dead process left."""
        folder = storage.effective_index_directory
        if self._is_writable and share.is_main:
            folder.mkdir(parents=True, exist_ok=True)
            if Reserve.beside(folder / INDEX_NAME).make_room():
                _log.warning("The disk is full; the reserve of the index makes room")
        self._storage = FilesystemStorage(
            storage.storage_directory,
            is_synced=storage.sync_storage_area,
            is_writable=self._is_writable,
            may_create=share.is_main,
            metrics=self._metrics,
        )
        self._index = SQLiteIndex(
            folder / INDEX_NAME,
            is_synchronous=storage.sync_index,
            is_writable=self._is_writable,
            main_tags=self._main_tags,
            metrics=self._metrics,
            is_shared=share.is_shared,
            may_create=share.is_main,
        )
        self._resources = Resources(self._index, self._storage)
        if self._is_writable:
            removal = Removal(self._index, self._storage)
            # Not only at first: a worker that died may have left something.
            removal.recover(is_first=share.is_main)
            if share.is_main:
                self._resources.finish_deletions()
                self._index.reserve.fill()
            enforce(quota(storage), self._index, removal)

    def _health(self, config: Config) -> Health:
        places = (self._index, self._storage)
        return health_of(config, *places, self._jobs, self._dicom, self.admission)

    def _dicom_server(self, dicom: DICOMServerSettings, ingest: Ingest) -> DICOMServer:
        receiver = ingest if self._is_writable else Refusal(self._index, self._encoding)
        server = DICOMServer(dicom, receiver, self._negotiation, self._metrics)
        self.watch.count_associations = lambda: server.association_count
        return server

    def _services(self, config: Config, ingest: Ingest) -> Services:
        """Return what the handlers of requests work with."""
        return Services(
            ingest=ingest,
            creation=self._creation,
            resources=self._resources,
            finding=self._finding(config),
            requested_tags=self._requested_tags(config),
            metadata=self._metadata(config.annotations),
            attachments=self._attachments,
            reconstruction=self._reconstruction,
            bulk=Bulk(self._index, self._resources),
            labels=Labels(self._index),
            protection=Protection(self._index),
            views=Views(self._resources, self._encoding),
            contents=Contents(self._resources, self._encoding),
            archiving=self._archiving,
            transcoding=self._transcoding,
            changes=Changes(self._index),
            exports=self._exports(config),
            jobs=self._jobs.queue,
            streams=self._jobs.streams,
            transfers=self._transfers,
            admission=self.admission,
            limits=upload_limits(config.http),
            default_encoding=self._encoding,
            live_settings=self.live_settings,
            default_private_creator=config.dictionaries.default_private_creator,
            acceptance=self._negotiation,
            uids=self._uids,
            lifecycle=self.lifecycle,
            monitoring=self.monitoring,
            health=self.health,
            answers=KeptAnswers(self._index.version, ANSWERS_CACHE_BYTES),
            tags_cache=self._tags_cache,
            system=describe(config, self._main_tags),
            media_types=media_types(config.annotations),
            openapi=describe_api(ROUTES),
            is_file_system_writable=config.http.file_system_writable,
            archive_defaults=archive_defaults(config.archives),
        )

    def _finding(self, config: Config) -> Finding:
        find = find_settings(config, self._main_tags)
        return Finding(self._index, self._resources, self._samples(), find)

    def _open_creation(self, ingest: Ingest) -> Creation:
        return Creation(
            self._index,
            self._resources,
            self._samples(),
            ingest,
            Embedding(self._images, self._uids),
            KeptOrders(self._storage),
            self._encoding,
            self._uids,
        )

    def _samples(self) -> Samples:
        return Samples(self._index, self._resources, self._encoding)

    def _exports(self, config: Config) -> Exports:
        is_enabled = config.service.log_exported_resources
        return Exports(self._index, is_enabled=is_enabled)

    def _metadata(self, annotations: AnnotationSection) -> Metadata:
        return Metadata(
            self._index,
            ContentNames("metadata", METADATA_NUMBERS, annotations.user_metadata),
            is_revision_required=annotations.check_revisions,
        )

    def _open_attachments(self, config: Config) -> Attachments:
        annotations = config.annotations
        users = {
            name: one.number for name, one in annotations.user_content_types.items()
        }
        settings = attachment_settings(config.storage, annotations)
        names = ContentNames("content type", CONTENT_NUMBERS, users)
        return Attachments(self._index, self._storage, names, settings)

    def _requested_tags(self, config: Config) -> RequestedTags:
        find = find_settings(config, self._main_tags)
        return RequestedTags(
            self._index,
            self._resources,
            self._encoding,
            is_storage_read=find.is_storage_read,
            main_tags=self._main_tags,
        )

    def _open_reconstruction(self, config: Config) -> Reconstruction:
        settings = ReconstructionSettings(
            default_encoding=self._encoding,
            main_tags=self._main_tags,
            is_compressed=config.storage.storage_compression,
        )
        made = Reconstruction(self._index, self._resources, self._attachments, settings)
        made.warn_if_outdated()
        return made

    def _open_jobs(self, config: Config, ingest: Ingest) -> JobOffice:
        self._attachments = self._open_attachments(config)
        self._reconstruction = self._open_reconstruction(config)
        where = (self._index, self._storage, self._encoding)
        self._transcoding = transcoding_of(config, self._images, self._uids)
        kept_count_max = config.archives.kept_count_max
        self._archiving = Archiving(*where, self._transcoding, kept_count_max)
        self._creation = self._open_creation(ingest)
        places = (self._index, self._resources)
        self._transfers = open_transfers(config.peers, *places, self._transcoding)
        services = JobServices(
            index=self._index,
            removal=Removal(self._index, self._storage),
            verification=Verification(*where),
            reconstruction=self._reconstruction,
            archiving=self._archiving,
            creation=self._creation,
            transfers=self._transfers,
        )
        return JobOffice(config, self._index, self._storage, services, self._metrics)

    def report(self) -> Report:
        """Return what this process noted, for another one that tells it."""
        return report(self._metrics, self.watch.find_facts())

    def start(self) -> None:
        """Start the DICOM server and the timers.

        Raises
        ------
        UnavailableError
            If the DICOM port is taken.
        """
        if self._dicom is not None:
            self._dicom.start()
        if self._is_writable:
            self._stability.start()
            self._jobs.start()

    def refuse(self, timeout_seconds: float) -> None:
        """Take no new DICOM work or jobs, and wait until what is in progress has ended.

        What takes longer than `timeout_seconds` is cut off.
        """
        if self._interpreter is not None:
            self._interpreter.stop()
        if self._is_writable:
            self._jobs.stop(timeout_seconds)
        if self._dicom is not None:
            self._dicom.stop(timeout_seconds)

    def close(self) -> None:
        """Close everything; what is still being received is dropped."""
        self._stability.stop()
        self._images.close()
        self._transfers.close()
        self._index.close()
        self._storage.close()
        TRACER.close(FLUSH_SECONDS)


def _send_stop() -> None:
    """Send this process the signal that its main thread waits for."""
    os.kill(os.getpid(), signal.SIGTERM)
