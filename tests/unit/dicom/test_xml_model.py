from xml.etree import ElementTree as ET

from factories import craft, encode_sequence, text
from obelisk.dicom.reading.dataset import read_dataset
from obelisk.dicom.xml_model import iter_xml_model


def written(*elements):
    """Return the XML of the attributes of a crafted file beyond the usual ones."""
    content = craft("xml model", elements, without=range(0x00080000, 0x00300000))
    document = b"".join(iter_xml_model(read_dataset(content))).decode()
    _, _, attributes = document.partition('xml:space="preserve">')
    return attributes.removesuffix("</NativeDicomModel>\n")


def test_a_document():
    """It is XML with the namespace of the model."""
    content = craft("xml model")

    document = b"".join(iter_xml_model(read_dataset(content)))

    root = ET.fromstring(document)
    namespace = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
    assert root.tag == f"{namespace}NativeDicomModel"
    assert {node.tag for node in root} == {f"{namespace}DicomAttribute"}


def test_values_have_numbers():
    """Empty values have them too; an attribute without values has none."""
    assert written(text(0x00420001, "LO", "a\\\\c")) == (
        '<DicomAttribute tag="00420001" vr="LO">'
        '<Value number="1">a</Value><Value number="2"></Value>'
        '<Value number="3">c</Value></DicomAttribute>'
    )
    assert written((0x00400275, "SQ", b"")) == (
        '<DicomAttribute tag="00400275" vr="SQ"'
        ' keyword="RequestAttributesSequence"></DicomAttribute>'
    )


def test_retired_attributes_have_the_keyword_of_the_standard():
    """That they are retired is no part of it."""
    assert 'keyword="CurveData"' in written((0x50003000, "OB", b"\1\2"))


def test_private_attributes_name_their_creator():
    """The creator is escaped, and there is no keyword."""
    found = written(text(0x00410010, "LO", 'A"<'), text(0x00411001, "SH", "x"))

    assert found.endswith(
        '<DicomAttribute tag="00411001" vr="SH" privateCreator=\'A"&lt;\'>'
        '<Value number="1">x</Value></DicomAttribute>'
    )


def test_names_have_components():
    """Groups and components are elements; an empty name is left out."""
    found = written(text(0x00404037, "PN", "A^B^C^D^E=F\\\\=G"))

    assert found == (
        '<DicomAttribute tag="00404037" vr="PN" keyword="HumanPerformerName">'
        '<PersonName number="1"><Alphabetic><FamilyName>A</FamilyName>'
        "<GivenName>B</GivenName><MiddleName>C</MiddleName>"
        "<NamePrefix>D</NamePrefix><NameSuffix>E</NameSuffix></Alphabetic>"
        "<Ideographic><FamilyName>F</FamilyName></Ideographic></PersonName>"
        '<PersonName number="3"><Alphabetic><FamilyName></FamilyName></Alphabetic>'
        "<Ideographic><FamilyName>G</FamilyName></Ideographic></PersonName>"
        "</DicomAttribute>"
    )


def test_text_is_what_xml_allows():
    """Markup is escaped, line ends stay, and characters that XML lacks are left out."""
    found = written(text(0x00420001, "LT", "<a>&\r\n\x01\x1b[b\x0c"))

    assert '<Value number="1">&lt;a&gt;&amp;&#13;\n[b</Value>' in found


def test_numbers_are_exact():
    """They have as many digits as tell them apart."""
    found = written(
        (0x00411001, "FL", bytes.fromhex("cdcccc3d 00000040 0000807f")),
        (0x00411002, "FD", bytes.fromhex("9a9999999999b93f")),
    )

    for value in ("0.100000001", "2", "inf", "0.1"):
        assert f">{value}</Value>" in found


def test_items_have_numbers():
    """An item holds attributes, or nothing."""
    sequence = encode_sequence(0x00400275, [[], [(0x00420001, "OB", b"\1\2")]])

    assert written((0x00400275, sequence)) == (
        '<DicomAttribute tag="00400275" vr="SQ" keyword="RequestAttributesSequence">'
        '<Item number="1"></Item><Item number="2">'
        '<DicomAttribute tag="00420001" vr="OB"><InlineBinary>AQI=</InlineBinary>'
        "</DicomAttribute></Item></DicomAttribute>"
    )
