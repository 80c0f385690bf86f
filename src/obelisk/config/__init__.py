"""The configuration: Orthanc's files and options, read into typed sections."""

from obelisk.config.find import FindSection, StorageAccess
from obelisk.config.loading import load_config
from obelisk.config.rendering import default_file, effective, reference_tables
from obelisk.config.sections import (
    AnnotationSection,
    Config,
    DefaultEncoding,
    DICOMSection,
    HTTPSection,
    Modality,
    OverwriteMode,
    StorageSection,
    SystemSection,
    UserContent,
)

__all__ = [
    "AnnotationSection",
    "Config",
    "DICOMSection",
    "DefaultEncoding",
    "FindSection",
    "HTTPSection",
    "Modality",
    "OverwriteMode",
    "StorageAccess",
    "StorageSection",
    "SystemSection",
    "UserContent",
    "default_file",
    "effective",
    "load_config",
    "reference_tables",
]
