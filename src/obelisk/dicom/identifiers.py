"""The identifiers under which Orthanc, and hence this server, knows resources."""

import hashlib
from dataclasses import dataclass

from obelisk.dicom.levels import Level


@dataclass(frozen=True, slots=True)
class ResourceIds:
    """The identifiers of an instance and of its three ancestors.

    Each one is a SHA-1 as five groups of eight hexadecimal digits.
    """

    patient: str
    study: str
    series: str
    instance: str

    def at(self, level: Level) -> str:
        """Get the identifier at one level."""
        match level:
            case Level.PATIENT:
                return self.patient
            case Level.STUDY:
                return self.study
            case Level.SERIES:
                return self.series
            case Level.INSTANCE:
                return self.instance


def resource_ids(
    patient_id: str, study_uid: str, series_uid: str, sop_uid: str
) -> ResourceIds:
    """Derive the identifiers of an instance and of its ancestors.

    Parameters
    ----------
    patient_id
        Patient ID (0010,0020) as text, "" if absent.
    study_uid
        Study Instance UID (0020,000D).
    series_uid
        Series Instance UID (0020,000E).
    sop_uid
        SOP Instance UID (0008,0018).
    """
    digest = hashlib.sha1(
        patient_id.encode("utf-8", "surrogateescape"), usedforsecurity=False
    )
    patient = digest.hexdigest()
    digest.update(f"|{study_uid}".encode("utf-8", "surrogateescape"))
    study = digest.hexdigest()
    digest.update(f"|{series_uid}".encode("utf-8", "surrogateescape"))
    series = digest.hexdigest()
    digest.update(f"|{sop_uid}".encode("utf-8", "surrogateescape"))
    return ResourceIds(
        _grouped(patient),
        _grouped(study),
        _grouped(series),
        _grouped(digest.hexdigest()),
    )


def _grouped(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:16]}-{digits[16:24]}-{digits[24:32]}-{digits[32:]}"
