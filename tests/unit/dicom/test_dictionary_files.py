"""Tests of dictionaries in files."""

from obelisk.dicom.dictionary import NewEntry
from obelisk.dicom.dictionary_files import read_dictionary

_TEXT = """\
# a comment
(0010,0010)\tPN\tPatientName\t1\tDICOM
(4321,"My Company",12)\tUT\tMyPrivateXMLTag\t1\tPrivateTag
(60xx,0010)\tUS\tOverlayRows\t1\tDICOM
(0028,0106)\txs\tSmallestImagePixelValue\t1\tDICOM
(0009,"",10)   LO   Nameless 1 PrivateTag
"""


def test_what_a_file_describes():
    """Comments, repeating groups and VRs that depend on others are left out."""
    assert list(read_dictionary(_TEXT.splitlines())) == [
        NewEntry(0x00100010, "PN", "PatientName"),
        NewEntry(0x43210012, "UT", "MyPrivateXMLTag", "My Company"),
        NewEntry(0x00090010, "LO", "Nameless"),
    ]
