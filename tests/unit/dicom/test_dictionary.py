"""Tests of the dictionaries."""

import subprocess
import sys
from pathlib import Path

import pytest

from obelisk.dicom.dictionary import (
    UNKNOWN_NAME,
    KnownTag,
    NewEntry,
    forget_private,
    format_tag,
    is_sequence,
    lookup_known,
    lookup_tag,
    name_of,
    register,
    vr_of,
)


@pytest.mark.parametrize(
    ("tag", "vr", "name"),
    [
        (0x00100010, "PN", "PatientName"),
        (0x00281101, "xs", "RedPaletteColorLookupTableDescriptor"),
        (0x00101000, "LO", "OtherPatientIDs"),
        (0x00280402, "US", "RETIRED_NumberOfTransformSteps"),
        (0x60020010, "US", "OverlayRows"),
        (0x501E3000, "ox", "RETIRED_CurveData"),
        (0x00203102, "CS", "RETIRED_SourceImageIDs"),
        (0x00203101, "UN", UNKNOWN_NAME),
        (0x00080000, "UL", "GenericGroupLength"),
        (0x00090000, "UL", "PrivateGroupLength"),
        (0x00090010, "LO", "PrivateCreator"),
        (0x00010010, "LO", "IllegalPrivateCreator"),
        (0x00091001, "UN", UNKNOWN_NAME),
        (0x12345678, "UN", UNKNOWN_NAME),
    ],
)
def test_vr_and_name(tag, vr, name):
    """Standard, retired, repeating and generic tags have the names of Orthanc."""
    assert (vr_of(tag), name_of(tag)) == (vr, name)


def test_private():
    """A private tag is named by who reserved its block, wherever the block is."""
    assert name_of(0x00291110, "SIEMENS CSA HEADER") == "CSAImageHeaderInfo"
    assert vr_of(0x00291210, "SIEMENS CSA HEADER") == "OB"
    assert name_of(0x00291110, "ACME") == UNKNOWN_NAME
    assert name_of(0x60031001, "PAPYRUS 3.0") == "LinkedOverlays"


def test_lookup_tag():
    """A tag is found by its name or number."""
    for text in ("0010,0020", "0010-0020", "00100020"):
        assert lookup_tag(text) == 0x00100020
    assert lookup_tag("PatientID") == 0x00100020
    assert lookup_tag("NoSuchName") is None


def test_format_and_sequence():
    """Tags are written in lower case; sequences are known."""
    assert format_tag(0x0040A730) == "0040,a730"
    assert is_sequence(0x0040A730)
    assert not is_sequence(0x00100010)


def test_the_dictionary_of_the_standard_is_fresh():
    """`make standard` would change nothing: it is what the installed pydicom has."""
    path = Path(__file__).parents[3] / "tools" / "standard.py"
    # In a process of its own: other tests add entries to pydicom's dictionary.
    code = (
        f"import runpy, sys; tool = runpy.run_path({str(path)!r});"
        "sys.exit(tool['FILE'].read_text() != tool['standard']())"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_server_does_not_import_pydicom():
    """It would start a second later."""
    code = "import sys, obelisk.cli; sys.exit('pydicom' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.usefixtures("own_tables")
def test_register_private():
    """A private attribute has its name in any block of its creator, and no other."""
    entry = NewEntry(0x43211012, "UT", "MyPrivateXMLTag", "My Company")

    assert register([entry]) == []
    assert register([entry]) == []
    assert name_of(0x43211012, "My Company") == "MyPrivateXMLTag"
    assert vr_of(0x43211112, "My Company") == "UT"
    assert name_of(0x43211012, "Other") == UNKNOWN_NAME
    assert lookup_known("MyPrivateXMLTag") == KnownTag(0x43211012, "My Company")
    assert lookup_tag("MyPrivateXMLTag") == 0x43211012


@pytest.mark.usefixtures("own_tables")
def test_register_short_element():
    """An element of two digits is found in the first block by its name."""
    register([NewEntry(0x43230012, "LO", "Short", "X")])

    assert lookup_tag("Short") == 0x43231012
    assert name_of(0x43231012, "X") == "Short"


@pytest.mark.usefixtures("own_tables")
def test_register_without_creator():
    """A private attribute without creator has its name whoever reserved its block."""
    register([NewEntry(0x43251012, "LO", "Anybody")])

    assert name_of(0x43251012) == name_of(0x43251012, "Q") == "Anybody"


@pytest.mark.usefixtures("own_tables")
def test_register_standard():
    """A tag that no dictionary has is added; one that is there stays."""
    new = NewEntry(0x00129998, "LO", "EvenTag")
    other = NewEntry(0x00100010, "LO", "Somebody")

    assert register([new, other]) == [other]
    assert lookup_tag("EvenTag") == 0x00129998
    assert name_of(0x00100010) == "PatientName"


@pytest.mark.usefixtures("own_tables")
def test_register_collision():
    """Two names for one private attribute of one creator contradict each other."""
    first = NewEntry(0x43211012, "UT", "One", "X")
    second = NewEntry(0x43210012, "UT", "Two", "X")

    assert register([first, second]) == [second]


@pytest.mark.usefixtures("own_tables")
def test_forget_private():
    """Without the private dictionary, manufacturers' tags have no names."""
    forget_private()

    assert name_of(0x00291110, "SIEMENS CSA HEADER") == UNKNOWN_NAME
    assert name_of(0x00100010) == "PatientName"
