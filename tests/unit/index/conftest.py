"""Fixtures: an index in a temporary folder, and instances to put in it."""

import pytest

from obelisk.dicom.identifiers import resource_ids
from obelisk.dicom.levels import LEVELS, Level
from obelisk.index.records import Attachment, Compression, NewInstance
from obelisk.index.sqlite import SQLiteIndex


def new_instance(patient="P", study="1", series="2", sop="3", **changes):
    """Return an instance as ingest describes it."""
    values = {
        "ids": resource_ids(patient, study, series, sop),
        "attributes": {
            Level.PATIENT: {"PatientID": patient, "PatientName": "Doe^Jane"},
            Level.STUDY: {"StudyInstanceUID": study, "StudyDate": "20240102"},
            Level.SERIES: {"SeriesInstanceUID": series, "Modality": "CT"},
            Level.INSTANCE: {"SOPInstanceUID": sop},
        },
        "metadata": {level: {} for level in LEVELS},
        "index_in_series": None,
        "expected_instance_count": None,
        "attachment": Attachment(
            f"key-{patient}-{study}-{series}-{sop}",
            Compression.NONE,
            100,
            "md5",
            7,
            100,
            "md5",
        ),
        "received": "20240102T030405",
        "stable_at": 1000.0,
    }
    return NewInstance(**(values | changes))


@pytest.fixture
def index(tmp_path):
    """An empty index."""
    index = SQLiteIndex(tmp_path / "index.db")
    yield index
    index.close()


@pytest.fixture
def make():
    """The function that describes instances."""
    return new_instance
