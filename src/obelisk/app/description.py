"""What the server tells of itself at ``GET /system``."""

import hashlib
import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from obelisk import __version__
from obelisk.config import Config, OverwriteMode
from obelisk.dicom.main_tags import MainTags
from obelisk.index.migrations import migrations

_ORTHANC_VERSION = "1.13.0"
_ORTHANC_API_VERSION = 31
#: What is installed beside the server, always.
_LIBRARIES = (
    *("httptools", "imagecodecs", "isal", "lupa", "numpy", "orjson", "pillow"),
    "werkzeug",
)


def describe(config: Config, main_tags: MainTags) -> dict[str, Any]:
    """Return all keys of Orthanc's answer with the values that are true here.

    Clients branch on ``Version`` and ``ApiVersion``, which are those of the Orthanc
    whose interface this is; our own version stands under ``Obelisk``.
    """
    storage, http, dicom = config.storage, config.http, config.dicom
    service = config.service
    overwrite_mode = storage.overwrite_instances
    if service.read_only:
        overwrite_mode = OverwriteMode.NEVER
    return {
        "ApiVersion": _ORTHANC_API_VERSION,
        "Capabilities": {
            "HasExtendedChanges": True,
            "HasExtendedFind": True,
            "HasKeyValueStores": False,
            "HasQueues": False,
            "HasReserveQueueValue": False,
        },
        "CheckRevisions": config.annotations.check_revisions,
        "DatabaseBackendPlugin": None,
        "DatabaseServerIdentifier": identifier_of(config),
        "DatabaseVersion": migrations()[-1][0],
        "DicomAet": dicom.ae_title,
        "DicomDefaultRetrieveMethod": "C-MOVE",
        "DicomPort": dicom.port,
        "HasLabels": True,
        "HttpPort": http.port,
        "IngestTranscoding": "",
        "IsHttpServerSecure": http.is_secure,
        "MainDicomTags": {
            level.value: signature for level, signature in main_tags.signatures.items()
        },
        "MaximumPatientCount": storage.patient_count_max,
        "MaximumStorageMode": storage.mode.value,
        "MaximumStorageSize": storage.size_max,
        "Name": config.system.name,
        "Obelisk": {"Version": __version__},
        "OverwriteInstances": overwrite_mode is not OverwriteMode.NEVER,
        "OverwriteInstancesMode": overwrite_mode.value,
        "PatientLevelEnabled": service.patient_level_enabled,
        "Performance": {
            "DicomThreadsCount": dicom.thread_count,
            "HttpThreadsCount": http.thread_count,
        },
        "PluginsEnabled": False,
        "ReadOnly": service.read_only,
        "StorageAreaPlugin": None,
        "StorageCompression": storage.storage_compression and not service.read_only,
        "StoreMD5ForAttachments": storage.store_md5,
        "ThirdPartyPatches": [],
        "ThirdPartyVersions": {name: metadata.version(name) for name in _LIBRARIES},
        "UserMetadata": _user_metadata(config.annotations.user_metadata),
        "Version": _ORTHANC_VERSION,
    }


def identifier_of(config: Config) -> str:
    """Return what tells this server from others; the same after each start."""
    given = config.service.database_server_identifier
    if given:
        return given
    parts = (
        platform.node(),
        config.dicom.ae_title,
        str(config.dicom.port),
        str(config.http.port),
    )
    digest = hashlib.sha1("|".join(parts).encode(), usedforsecurity=False).hexdigest()
    return "-".join(digest[start : start + 8] for start in range(0, 40, 8))


def _user_metadata(numbers: Mapping[str, int]) -> dict[str, int]:
    """Return what may be written for the numbers: names, and the numbers themselves."""
    return {str(number): number for number in numbers.values()} | dict(numbers)
