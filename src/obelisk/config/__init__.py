"""The configuration: Orthanc's files and options, read into typed sections."""

from obelisk.config.annotations import AnnotationSection, UserContent
from obelisk.config.archives import ArchiveSection, ZipCompression
from obelisk.config.choices import (
    DefaultEncoding,
    OverwriteMode,
    StorageAccess,
    StorageMode,
)
from obelisk.config.dictionaries import DictionaryEntry, DictionarySection
from obelisk.config.find import FindSection
from obelisk.config.job_section import JobSection
from obelisk.config.loading import load_config
from obelisk.config.peers import Peer, PeerSection
from obelisk.config.rendering import default_file, effective, reference_tables
from obelisk.config.scripts import ScriptSection
from obelisk.config.sections import (
    Config,
    DICOMSection,
    HTTPSection,
    Modality,
    StorageSection,
    SystemSection,
)

__all__ = [
    "AnnotationSection",
    "ArchiveSection",
    "Config",
    "DICOMSection",
    "DefaultEncoding",
    "DictionaryEntry",
    "DictionarySection",
    "FindSection",
    "HTTPSection",
    "JobSection",
    "Modality",
    "OverwriteMode",
    "Peer",
    "PeerSection",
    "ScriptSection",
    "StorageAccess",
    "StorageMode",
    "StorageSection",
    "SystemSection",
    "UserContent",
    "ZipCompression",
    "default_file",
    "effective",
    "load_config",
    "reference_tables",
]
