"""The options of Orthanc that have no effect here, so that they are not unknown."""

from typing import Any

UNSET = object()
"""Stands for the default of an option that Orthanc leaves out."""

_TRUE = """
DicomTlsRemoteCertificateRequired
IngestTranscodingOfCompressed IngestTranscodingOfUncompressed
OrthancExplorerEnabled
SynchronousCMove TcpNoDelay TranscodeDicomProtocol WebDavEnabled
WebDavUploadAllowed
"""

_FALSE = """
CaseSensitivePN DicomAlwaysAllowFind DicomAlwaysAllowFindWorklist
DicomAlwaysAllowGet DicomAlwaysAllowMove DicomEchoChecksFind DicomModalitiesInDatabase
DicomTlsEnabled HttpVerbose
SslVerifyPeers WebDavDeleteAllowed
"""

_WITHOUT_DEFAULT = """
DicomTlsCertificate DicomTlsCiphersAccepted
DicomTlsPrivateKey DicomTlsTrustedCertificates IngestTranscoding
LimitJobs LoaderThreads Locale Pkcs11 SequentialDicomReaderThreadsCount
SslCiphersAccepted ZipLoaderThreads
"""

_WARNINGS = (
    "W001_TagsBeingReadFromStorage",
    "W002_InconsistentDicomTagsInDb",
    "W003_DecoderFailure",
    "W004_NoMainDicomTagsSignature",
    "W005_RequestingTagFromLowerResourceLevel",
    "W006_RequestingTagFromMetaHeader",
    "W007_MissingRequestedTagsNotReadFromDisk",
)

UNSUPPORTED: dict[str, Any] = {
    **dict.fromkeys(_TRUE.split(), True),
    **dict.fromkeys(_FALSE.split(), False),
    **dict.fromkeys(_WITHOUT_DEFAULT.split(), UNSET),
    "BuiltinDecoderTranscoderOrder": "After",
    "DeidentifyLogsDicomVersion": "2023b",
    "DicomAssociationCloseDelay": 5,
    "DicomDefaultRetrieveMethod": "C-MOVE",
    "DicomParserCacheSize": 256,
    "DicomParserMemoryCapacity": 256,
    "DicomParserThreadsCount": 2,
    "DicomScuPreferredTransferSyntax": "1.2.840.10008.1.2.1",
    "DicomScuTimeout": 10,
    "DicomTlsMinimumProtocolVersion": 0,
    "JobsEngineThreadsCount": {"ResourceModification": 1},
    "LuaHeartBeatPeriod": 0,
    "LuaScripts": [],
    "MaximumConcurrentDcmtkTranscoders": 0,
    "MaximumStorageCacheSize": 128,
    "Plugins": [],
    "QueryRetrieveSize": 100,
    "SequentialDicomReaderWindowCapacity": 128,
    "SequentialDicomReaderWindowSize": 4,
    "SslTrustedClientCertificates": "trustedClientCertificates.pem",
    "StorageCommitmentReportsSize": 100,
    "StorageLoaderThreadsCount": 4,
    "StorageMemoryCapacity": 512,
    "TranscoderCacheSize": 256,
    "TranscoderMemoryCapacity": 256,
    "TranscoderThreadsCount": 4,
    "Warnings": dict.fromkeys(_WARNINGS, True),
}
"""The default in Orthanc 1.13 of each option of its core that has no effect here."""

PROTECTIVE = frozenset({"DicomTlsEnabled", "SslVerifyPeers"})
"""Those of them that protect something: a server without them must not start."""

_PLUGINS = """
AdvancedStorage Authorization AwsS3Storage AzureBlobStorage ConnectivityChecks
DelayedDeletion DicomWeb Education Gdcm GoogleCloudStorage Housekeeper Indexer
MultitenantDicom MySQL Odbc OHIF OrthancExplorer2 PixelsMasker PostgreSQL
PythonScript PythonVerbose ServeFolders StoneWebViewer Transfers VolView WebViewer
WholeSlideImaging Worklists
"""

PLUGIN_SECTIONS = frozenset(_PLUGINS.split())
"""The sections of well-known plugins of Orthanc."""

_MODALITY = """
AllowEventReport AllowFind AllowFindWorklist AllowGet AllowMove AllowNAction
AllowStorageCommitment AllowTranscoding LocalAet Manufacturer RetrieveMethod Timeout
UseDicomTls
"""

MODALITY_OPTIONS = frozenset(_MODALITY.split())
"""What Orthanc can say about a modality and has no effect here."""
