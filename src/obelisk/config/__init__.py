"""The configuration: Orthanc's files and options, read into typed sections."""

from obelisk.config.loading import load_config
from obelisk.config.rendering import default_file, effective, reference_tables
from obelisk.config.sections import (
    Config,
    DefaultEncoding,
    DICOMSection,
    FindSection,
    HTTPSection,
    Modality,
    OverwriteMode,
    StorageAccess,
    StorageSection,
    SystemSection,
)

__all__ = [
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
    "default_file",
    "effective",
    "load_config",
    "reference_tables",
]
