"""Every option that works, one frozen dataclass per section of the configuration.

An option is a field: its name in a configuration file, its default and its limits
stand in `option`, its meaning in the docstring under it. The reference page, the
commented default file and the checks at start-up are all made from these.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from obelisk.config.annotations import AnnotationSection
from obelisk.config.archives import ArchiveSection
from obelisk.config.choices import (
    DefaultEncoding,
    OverwriteMode,
    StorageMode,
)
from obelisk.config.dictionaries import DictionarySection
from obelisk.config.find import FindSection
from obelisk.config.job_section import JobSection
from obelisk.config.monitoring import MonitoringSection
from obelisk.config.options import option
from obelisk.config.peers import PeerSection
from obelisk.config.scripts import ScriptSection
from obelisk.config.service import ServiceSection
from obelisk.config.transcoding import TranscodingSection


@dataclass(frozen=True, slots=True, kw_only=True)
class Modality:
    """A known DICOM application entity."""

    ae_title: str
    """Its application entity title."""

    host: str
    """Its host name or IP address."""

    port: int
    """The TCP port on which it listens, 1 to 65,534."""

    allow_echo: bool = True
    """Whether it may send C-ECHO when `DicomAlwaysAllowEcho` is false."""

    allow_store: bool = True
    """Whether it may send C-STORE when `DicomAlwaysAllowStore` is false."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSection:
    """The server as a whole."""

    name: str = option("Name", "MyOrthanc")
    """The name of this server, as `GET /system` shows it."""

    temporary_directory: Path | None = option("TemporaryDirectory", None)
    """The folder for large temporary files, which must exist; that of the operating
    system unless given."""

    malloc_arena_max: int = option("MallocArenaMax", 5, minimum=0, unit="arenas")
    """The number of memory pools that the C library's allocator may open for the
    threads of the server; 0 leaves it to the C library."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSection:
    """Where the DICOM files and the index live, and how they are written."""

    storage_directory: Path = option("StorageDirectory", Path("OrthancStorage"))
    """The folder of the DICOM files; it is created when absent. A relative path
    starts at the folder of the configuration file."""

    index_directory: Path | None = option("IndexDirectory", None)
    """The folder of the SQLite index; that of `StorageDirectory` unless given."""

    storage_compression: bool = option("StorageCompression", default=False)
    """Whether files are compressed before they are written. Files that were written
    under the other setting stay readable."""

    store_dicom: bool = option("StoreDicom", default=True)
    """Whether files are kept at all. Without, there is the index alone, and whatever
    needs the file of an instance is answered by 404."""

    overwrite_instances: OverwriteMode = option(
        "OverwriteInstances", OverwriteMode.NEVER
    )
    """What happens to an instance that is stored already: it stays (`Never`, or
    `false`), it is replaced (`Always`, or `true`), or it is replaced if its bytes
    differ (`IfChanged`, which needs `StoreMD5ForAttachments`)."""

    store_md5: bool = option("StoreMD5ForAttachments", default=True)
    """Whether the MD5 of each file is kept in the index, to find damage."""

    sync_storage_area: bool = option("SyncStorageArea", default=True)
    """Whether each file is on the disk (`fsync`) before its sender gets the answer.
    Without it a power cut can lose instances that were acknowledged."""

    sync_index: bool = option("SyncIndex", default=False)
    """Whether each transaction of the index is on the disk, too, before its sender gets
    the answer. Without it a power cut can take back what the index learned in the last
    moments; the death of the server alone never does."""

    size_max: int = option("MaximumStorageSize", 0, minimum=0, unit="MB")
    """How large all files together may become, compressed as they are; 0 means no
    limit. What archives of jobs keep of deleted instances comes on top of that; see
    `MediaArchiveSize`."""

    patient_count_max: int = option("MaximumPatientCount", 0, minimum=0)
    """How many patients may be stored; 0 means no limit."""

    mode: StorageMode = option("MaximumStorageMode", StorageMode.RECYCLE)
    """What happens beyond `MaximumStorageSize` or `MaximumPatientCount`: the patients
    that did not grow for the longest time are deleted, unless they are protected
    (`Recycle`), or what is new is refused (`Reject`)."""

    stable_age: int = option("StableAge", 60, minimum=0, unit="seconds")
    """After how long without a new instance a patient, a study or a series counts as
    stable."""

    default_encoding: DefaultEncoding = option(
        "DefaultEncoding", DefaultEncoding.LATIN1
    )
    """The character set of files that name none."""

    @property
    def effective_index_directory(self) -> Path:
        """The folder of the index, whether given or not."""
        return self.index_directory or self.storage_directory


#: Users and passwords of Docker images and of test suites, which everybody may know.
WELL_KNOWN_USERS = frozenset({("orthanc", "orthanc"), ("alice", "orthanctest")})


@dataclass(frozen=True, slots=True, kw_only=True)
class HTTPSection:
    """The HTTP server, which gives the REST API."""

    enabled: bool = option("HttpServerEnabled", default=True)
    """Whether the HTTP server runs."""

    port: int = option("HttpPort", 8042, minimum=1, maximum=65535)
    """The TCP port on which it listens."""

    bind_addresses: tuple[str, ...] = option("HttpBindAddresses", ())
    """The IP addresses on which it listens, of version 4 or 6; all addresses of version
    4 when the list is empty."""

    thread_count: int = option("HttpThreadsCount", 50, minimum=1, unit="threads")
    """How many requests are served at the same time."""

    worker_count: int = option(
        "HttpWorkers", 0, minimum=0, maximum=64, unit="processes"
    )
    """How many processes answer requests, so that more than one processor works; 0
    means as many as there are processors, or as the limits of its control groups (those
    of a container, say) allow it to use, but at most 4. Together they serve
    `HttpThreadsCount` requests at the same time. With HTTPS there is always one.
    Orthanc has no such option."""

    remote_access_allowed: bool = option("RemoteAccessAllowed", default=False)
    """Whether other machines may send requests; if not, only this one may."""

    authentication_enabled: bool | None = option("AuthenticationEnabled", None)
    """Whether a request needs the name and password of one of `RegisteredUsers`; the
    value of `RemoteAccessAllowed` unless given."""

    registered_users: Mapping[str, str] = option("RegisteredUsers", {}, secret=True)
    """The users and their passwords, for HTTP Basic authentication. With
    authentication and remote access, the option must be given."""

    ssl_enabled: bool = option("SslEnabled", default=False)
    """Whether the server speaks HTTPS instead of HTTP."""

    ssl_certificate: Path = option("SslCertificate", Path("certificate.pem"))
    """The PEM file that holds the certificate of the server and its private key."""

    ssl_minimum_protocol_version: int = option(
        "SslMinimumProtocolVersion", 4, minimum=0, maximum=5
    )
    """The oldest protocol that HTTPS clients may use: 4 is TLS 1.2, 5 is TLS 1.3.
    Values below 4 mean 4, since older protocols are broken and not offered."""

    describe_errors: bool = option("HttpDescribeErrors", default=True)
    """Whether the answer to a request that failed has a JSON body that says why."""

    compression_enabled: bool = option("HttpCompressionEnabled", default=False)
    """Whether JSON and text go out compressed to clients that accept that."""

    method_override_enabled: bool = option("HttpMethodOverrideEnabled", default=True)
    """Whether the argument `_method` of a GET, and the header
    `X-HTTP-Method-Override` of any request, turn it into a PUT or DELETE. Where
    browsers that are logged in visit other sites too, a link can delete by that:
    switch it off."""

    file_system_writable: bool = option(
        "RestApiWriteToFileSystemEnabled", default=False
    )
    """Whether clients may have the file of an instance written to any path of this
    machine, by `POST /instances/{id}/export`."""

    keep_alive: bool = option("KeepAlive", default=True)
    """Whether a connection serves more than one request."""

    keep_alive_timeout: int = option("KeepAliveTimeout", 30, minimum=1, unit="seconds")
    """How long a connection stays open between two requests. Orthanc's default is 1;
    a longer time spares clients that pause a new connection."""

    request_timeout: int = option("HttpRequestTimeout", 30, minimum=1, unit="seconds")
    """How long a client may take to send the header of a request, and how long it may
    send nothing in the middle of a body, before it is cut off."""

    body_size_max: int = option("MaximumRequestBodySizeMB", 8192, minimum=0, unit="MB")
    """The largest body that a request may have; 0 means no limit. What must be in
    memory as a whole, such as JSON, may have 256 MB at most, also once it is unpacked;
    what `/tools/create-dicom` takes in may have more."""

    file_size_in_archive_max: int = option(
        "MaximumFileSizeInArchiveMB", 4096, minimum=0, unit="MB"
    )
    """The largest size that one file of a ZIP or gzip body may unpack to; 0 means no
    limit. All files of a ZIP may unpack to 100 times its size besides."""

    @property
    def authentication_required(self) -> bool:
        """Whether requests need credentials, whether given or derived."""
        if self.authentication_enabled is None:
            return self.remote_access_allowed
        return self.authentication_enabled

    @property
    def is_secure(self) -> bool:
        """Whether strangers are kept out, as far as the options tell."""
        if self.has_well_known_user:
            return False
        return self.authentication_required or not self.remote_access_allowed

    @property
    def has_well_known_user(self) -> bool:
        """Whether one of the users has a password that is in public use."""
        return not WELL_KNOWN_USERS.isdisjoint(self.registered_users.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class DICOMSection:
    """The DICOM server, which receives C-ECHO and C-STORE."""

    enabled: bool = option("DicomServerEnabled", default=True)
    """Whether the DICOM server runs."""

    ae_title: str = option("DicomAet", "ORTHANC", length_max=16)
    """The application entity title of this server, 1 to 16 characters."""

    port: int = option("DicomPort", 4242, minimum=1, maximum=65534)
    """The TCP port on which it listens."""

    thread_count: int = option("DicomThreadsCount", 4, minimum=1, unit="threads")
    """How many DICOM operations are carried out at the same time. It does not limit
    the number of associations."""

    check_called_ae_title: bool = option("DicomCheckCalledAet", default=False)
    """Whether callers must call this server by its `DicomAet`."""

    strict_ae_title_comparison: bool = option("StrictAetComparison", default=False)
    """Whether upper and lower case differ in application entity titles."""

    check_modality_host: bool = option("DicomCheckModalityHost", default=False)
    """Whether a caller that is listed in `DicomModalities` must call from the host
    that is listed there."""

    always_allow_echo: bool = option("DicomAlwaysAllowEcho", default=True)
    """Whether anybody may send C-ECHO, listed in `DicomModalities` or not."""

    always_allow_store: bool = option("DicomAlwaysAllowStore", default=True)
    """Whether anybody may send C-STORE, listed in `DicomModalities` or not."""

    modalities: Mapping[str, Modality] = option("DicomModalities", {})
    """The known application entities by their name in the REST API, each as
    `["AET", "host", port]` or as an object with `AET`, `Host`, `Port`, `AllowEcho`
    and `AllowStore`."""

    scp_timeout: int = option("DicomScpTimeout", 30, minimum=0, unit="seconds")
    """After how long without a message an association is closed; 0 means never."""

    pdu_length_max: int = option(
        "MaximumPduLength", 16384, minimum=4096, maximum=131072, unit="bytes"
    )
    """The longest protocol data unit that callers are asked to send."""

    accepted_transfer_syntaxes: tuple[str, ...] = option(
        "AcceptedTransferSyntaxes", ("1.2.840.10008.1.*",)
    )
    """The transfer syntaxes in which instances are received, as UIDs in which `*`
    stands for any text and `?` for any character."""

    deflated_accepted: bool | None = option("DeflatedTransferSyntaxAccepted", None)
    """Accepts (or, when false, refuses) deflated instances, whatever
    `AcceptedTransferSyntaxes` says."""

    jpeg_accepted: bool | None = option("JpegTransferSyntaxAccepted", None)
    """As `DeflatedTransferSyntaxAccepted`, for JPEG, lossy and lossless."""

    jpeg_2000_accepted: bool | None = option("Jpeg2000TransferSyntaxAccepted", None)
    """As `DeflatedTransferSyntaxAccepted`, for JPEG 2000."""

    jpeg_lossless_accepted: bool | None = option(
        "JpegLosslessTransferSyntaxAccepted", None
    )
    """As `DeflatedTransferSyntaxAccepted`, for JPEG-LS."""

    jpip_accepted: bool | None = option("JpipTransferSyntaxAccepted", None)
    """As `DeflatedTransferSyntaxAccepted`, for JPIP."""

    mpeg_2_accepted: bool | None = option("Mpeg2TransferSyntaxAccepted", None)
    """As `DeflatedTransferSyntaxAccepted`, for MPEG-2 video."""

    rle_accepted: bool | None = option("RleTransferSyntaxAccepted", None)
    """As `DeflatedTransferSyntaxAccepted`, for RLE."""

    mpeg_4_accepted: bool | None = option("Mpeg4TransferSyntaxAccepted", None)
    """As `DeflatedTransferSyntaxAccepted`, for MPEG-4 video."""

    h265_accepted: bool | None = option("H265TransferSyntaxAccepted", None)
    """As `DeflatedTransferSyntaxAccepted`, for H.265 video."""

    unknown_sop_class_accepted: bool = option("UnknownSopClassAccepted", default=False)
    """Whether instances of SOP classes that are not in the standard are received."""

    accepted_sop_classes: tuple[str, ...] = option("AcceptedSopClasses", ())
    """The storage SOP classes that are received, as UIDs with the wildcards `*` and
    `?`; all that are known when the list is empty."""

    rejected_sop_classes: tuple[str, ...] = option(
        "RejectedSopClasses", (), alias="RejectSopClasses"
    )
    """The storage SOP classes that are refused, as UIDs with the wildcards `*` and
    `?`; it wins over `AcceptedSopClasses`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole configuration of a server."""

    system: SystemSection = SystemSection()
    """The server as a whole."""

    storage: StorageSection = StorageSection()
    """Files and index."""

    find: FindSection = field(default_factory=FindSection)
    """Searches."""

    annotations: AnnotationSection = field(default_factory=AnnotationSection)
    """What users attach."""

    dictionaries: DictionarySection = field(default_factory=DictionarySection)
    """Names of attributes."""

    archives: ArchiveSection = field(default_factory=ArchiveSection)
    """ZIP archives."""

    transcoding: TranscodingSection = field(default_factory=TranscodingSection)
    """Other transfer syntaxes."""

    jobs: JobSection = field(default_factory=JobSection)
    """Jobs."""

    http: HTTPSection = HTTPSection()
    """The HTTP server."""

    dicom: DICOMSection = DICOMSection()
    """The DICOM server."""

    peers: PeerSection = field(default_factory=PeerSection)
    """Other servers."""

    service: ServiceSection = field(default_factory=ServiceSection)
    """What is offered."""

    scripts: ScriptSection = field(default_factory=ScriptSection)
    """Scripts."""

    monitoring: MonitoringSection = field(default_factory=MonitoringSection)
    """What the server tells of itself."""
