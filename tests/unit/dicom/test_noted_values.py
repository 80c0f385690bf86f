"""Tests of values that are decoded as they are asked for."""

import pytest

from factories import make_instance
from obelisk.dicom import noted_values
from obelisk.dicom.parsing import parse_instance

_SOP_CLASS_UID = 0x00080016
_PATIENT_NAME = 0x00100010
_PATIENT_ID = 0x00100020
_COMMENTS = 0x00204000
_ABSENT = 0x00181030


@pytest.fixture
def attributes():
    """The main attributes of a file, of which one is too long."""
    content = make_instance(PatientName="Doe^Jane", ImageComments="x" * 1000)
    return parse_instance(content).attributes


def test_values_are_those_of_a_mapping(attributes):
    """What is present is found in every way, and what is absent in none."""
    assert attributes[_PATIENT_NAME] == attributes.get(_PATIENT_NAME) == "Doe^Jane"
    assert dict(attributes)[_PATIENT_NAME] == "Doe^Jane"
    assert len(attributes) == len(list(attributes))
    assert _ABSENT not in attributes
    assert attributes.get(_ABSENT, "none") == "none"
    with pytest.raises(KeyError):
        attributes[_ABSENT]


def test_overlong_value_is_noted_but_left_out(attributes):
    """Whoever needs a value can tell that it is there, though it is of no use."""
    assert attributes.is_noted(_COMMENTS)
    assert _COMMENTS not in attributes
    assert not attributes.is_noted(_ABSENT)


def test_other_attributes_are_no_main_ones(attributes):
    """SOP Class UID is known, but not among the main attributes."""
    assert attributes.lookup(_SOP_CLASS_UID)
    assert _SOP_CLASS_UID not in attributes
    assert attributes.get(_SOP_CLASS_UID) is None
    assert _SOP_CLASS_UID not in list(attributes)


def test_each_value_is_decoded_once_and_on_demand(monkeypatch):
    """Reading a file decodes what identifies it; more is decoded when asked for."""
    decoded = []

    def plain_text(vr, value, codec):
        decoded.append(bytes(value))
        return str(value, codec)

    monkeypatch.setattr(noted_values, "plain_text", plain_text)
    attributes = parse_instance(make_instance(PatientName="Doe^Jane")).attributes

    assert b"Doe^Jane" not in decoded
    for _ in range(2):
        assert attributes[_PATIENT_NAME] == "Doe^Jane"
    assert decoded.count(b"Doe^Jane") == 1
