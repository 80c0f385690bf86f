"""The options that say what the server offers to its clients, and what it is."""

from dataclasses import dataclass

from obelisk.config.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSection:
    """What is offered to clients."""

    read_only: bool = option("ReadOnly", default=False)
    """Whether nothing is written to the index and to the storage area. Requests and
    C-STORE that would change something are refused; what they changed before, and
    the index, must exist."""

    patient_level_enabled: bool = option("PatientLevelEnabled", default=True)
    """Whether there are resources below `/patients`. Patients are kept anyway, and are
    shown as parents of their studies."""

    log_exported_resources: bool = option("LogExportedResources", default=False)
    """Whether each patient, study, series and instance that is sent to a modality or a
    peer is listed at `GET /exports`."""

    uid_root: str | None = option("DicomUidRoot", None, length_max=44)
    """What new UIDs start with, as in `GET /tools/generate-uid`: numbers with dots
    between them that belong to your organisation. Without it, UIDs are made from
    UUIDs and start with `2.25`. Orthanc has no such option."""

    database_server_identifier: str | None = option("DatabaseServerIdentifier", None)
    """What tells this server from others that share its database, as `GET /system`
    shows it; made from the name of the machine, `DicomAet` and the ports unless
    given."""
