"""Tests of the identifiers."""

import hashlib

from obelisk.dicom.identifiers import resource_ids
from obelisk.dicom.levels import Level


def sha1(text):
    """Hash a text the way that Orthanc groups it."""
    digits = hashlib.sha1(text.encode()).hexdigest()
    return "-".join(digits[start : start + 8] for start in range(0, 40, 8))


def test_is_the_hash_of_the_joined_values():
    """Each identifier hashes the values down to its level, joined by bars."""
    ids = resource_ids("Pat é", "1.2", "1.3", "1.4")
    assert ids.patient == sha1("Pat é")
    assert ids.study == sha1("Pat é|1.2")
    assert ids.series == sha1("Pat é|1.2|1.3")
    assert ids.instance == sha1("Pat é|1.2|1.3|1.4")


def test_at_level():
    """An identifier is found by its level."""
    ids = resource_ids("", "1", "2", "3")
    assert [ids.at(level) for level in Level] == [
        ids.patient,
        ids.study,
        ids.series,
        ids.instance,
    ]
