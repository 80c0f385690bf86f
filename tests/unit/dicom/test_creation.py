"""Tests of attributes that requests give."""

import base64

import pytest

from obelisk.dicom.creation import (
    DataURI,
    Draft,
    GivenValue,
    InvalidCharacterSetError,
    InvalidDataURIError,
    MissingCreatorError,
    TagOptions,
    UnknownTagError,
    UnsuitableValueError,
    WrongTypeError,
    parse_data_uri,
    read_tags,
)
from obelisk.dicom.writing import Value

_BYTES = "data:application/octet-stream;base64,AQIDBA=="
_THREE_BYTES = "data:application/octet-stream;base64,AAEC"
_CREATOR = "SIEMENS CSA HEADER"


def _read(tags, **options):
    return dict(read_tags(tags, TagOptions(**options)))


def test_names_and_numbers():
    """A tag is given by its name, or by its number in three ways."""
    tags = {"PatientID": "a", "0010,0010": "b", "0008-0050": "c", "00081030": None}

    assert _read(tags) == {
        0x00100020: GivenValue("LO", "a"),
        0x00100010: GivenValue("PN", "b"),
        0x00080050: GivenValue("SH", "c"),
        0x00081030: GivenValue("LO", ""),
    }


def test_sequences():
    """Items are nested."""
    found = _read({"ReferencedStudySequence": [{"Rows": "5"}, {}]})

    assert found == {
        0x00081110: GivenValue("SQ", [{0x00280010: GivenValue("US", "5")}, {}])
    }


def test_what_is_left_out():
    """The File Meta Information and lengths of groups are none of the request's."""
    assert _read({"TransferSyntaxUID": "1.2", "0008,0000": "5"}) == {}


def test_binary_values():
    """Data URIs stand for bytes, unless that is not wanted."""
    tag = {"PatientComments": _BYTES}

    assert _read(tag)[0x00104000].content == b"\1\2\3\4"
    assert _read(tag, is_binary_interpreted=False)[0x00104000].content == _BYTES
    assert _read({"RedPaletteColorLookupTableData": _BYTES})[0x00281201] == (
        GivenValue("OW", b"\1\2\3\4")
    )
    nested = _read({"IconImageSequence": [{"PixelData": _BYTES}]})
    assert nested[0x00880200].content[0][0x7FE00010].content == b"\1\2\3\4"


@pytest.mark.parametrize(
    ("tags", "error"),
    [
        ({"Foo": "x"}, UnknownTagError),
        ({"Rows": 5}, WrongTypeError),
        ({"PatientName": True}, WrongTypeError),
        ({"ImageType": ["A", "B"]}, WrongTypeError),
        ({"ReferencedStudySequence": ["x"]}, WrongTypeError),
        ({"ReferencedStudySequence": {}}, WrongTypeError),
        ({"ReferencedStudySequence": "x"}, UnsuitableValueError),
        ({"PatientBirthDate": "hello"}, UnsuitableValueError),
        ({"0029,1010": "x"}, MissingCreatorError),
    ],
)
def test_bad_tags(tags, error):
    """What is wrong is told by its class."""
    with pytest.raises(error):
        _read(tags)


def test_sequences_that_are_too_deep():
    """Nesting has a limit, which is not that of Python."""
    item = {}
    for _ in range(100):
        item = {"ReferencedStudySequence": [item]}

    with pytest.raises(WrongTypeError):
        _read(item)


def test_a_forbidden_value_is_named_to_the_client_only():
    """The message has tag, VR and value; what logs print has no value."""
    with pytest.raises(UnsuitableValueError) as caught:
        _read({"PatientBirthDate": "hello"})

    assert all(
        word in caught.value.message
        for word in ("0010,0030", "PatientBirthDate", "DA", '"hello"')
    )
    assert "hello" not in str(caught.value)


def test_force():
    """Values that their VRs forbid are taken when they are forced."""
    found = _read({"PatientBirthDate": "hello", "0029,1010": "x"}, is_forced=True)

    assert found[0x00100030].content == "hello"
    assert found[0x00291010] == GivenValue("UN", "x")


@pytest.mark.parametrize(
    ("is_interpreted", "content"), [(True, b"\0\1\2\0"), (False, _THREE_BYTES)]
)
def test_bytes_of_nobody(is_interpreted, content):
    """Bytes of a private tag without creator are taken: they need no VR."""
    found = _read({"8899-8899": _THREE_BYTES}, is_binary_interpreted=is_interpreted)

    assert found == {0x88998899: GivenValue("UN", content)}


def test_private_creator():
    """The creator reserves the block, and decides on the VR."""
    found = _read({"0029,1108": "X"}, private_creator=_CREATOR)

    assert found == {
        0x00290011: GivenValue("LO", _CREATOR),
        0x00291108: GivenValue("CS", "X"),
    }


def test_a_creator_that_is_given():
    """A request that reserves the block itself needs no other creator."""
    tags = {"0029,1008": "X", "0029,0010": _CREATOR}

    found = _read(tags, private_creator="Other")
    assert found[0x00290010].content == _CREATOR
    assert found[0x00291008].vr == "CS"


def test_a_creator_in_the_json_model():
    """It counts as one that is given as text."""
    tags = {
        "00290010": {"vr": "LO", "Value": [_CREATOR]},
        "00291008": {"vr": "CS", "Value": ["X"]},
    }

    assert _read(tags, private_creator="Other")[0x00290010].content == _CREATOR


def test_the_json_model():
    """Attributes may be given as DICOMweb has them."""
    found = _read(
        {
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": "A", "Phonetic": "B"}]},
            "00280010": {"vr": "US", "Value": [5]},
            "00081110": {"vr": "SQ", "Value": [{"00081150": {"vr": "UI"}}]},
            "00281201": {"vr": "OW", "InlineBinary": "AQI="},
        }
    )

    assert found == {
        0x00100010: GivenValue("PN", "A==B"),
        0x00280010: GivenValue("US", "5"),
        0x00081110: GivenValue("SQ", [{0x00081150: GivenValue("UI", "")}]),
        0x00281201: GivenValue("OW", b"\1\2"),
    }


@pytest.mark.parametrize(
    "attribute",
    [
        {"vr": "LO", "Value": "x"},
        {"vr": "LO", "Value": [[]]},
        {"vr": "OB", "InlineBinary": "?"},
        {"vr": "OB", "BulkDataURI": "http://a"},
    ],
)
def test_a_malformed_model(attribute):
    """What is elsewhere, or no list, is refused."""
    with pytest.raises(WrongTypeError):
        _read({"00100020": attribute})


def test_data_uris():
    """The media type is told without parameters; white space does not matter."""
    encoded = base64.b64encode(b"hello").decode()
    text = f"data:Image/PNG;charset=utf-8;base64,{encoded[:4]}\n{encoded[4:]}"

    assert parse_data_uri(text) == DataURI("image/png", b"hello")


@pytest.mark.parametrize(
    "text", ["hello", "data:image/png,abc", "data:a/b;base64,@@@@", "data:a;base64,é"]
)
def test_bad_data_uris(text):
    """Another encoding, or none, is refused."""
    with pytest.raises(InvalidDataURIError):
        parse_data_uri(text)


def _draft(text, terms="ISO_IR 100", **options):
    draft = Draft(terms, **options)
    draft.put(0x00100010, text)
    return draft


def test_character_set():
    """UTF-8 stands in where the character set does not suffice."""
    assert _draft("Ä").encode() == {
        0x00080005: Value("CS", b"ISO_IR 100"),
        0x00100010: Value("PN", b"\xc4 "),
    }
    assert _draft("山").encode()[0x00080005].content == b"ISO_IR 192"
    assert 0x00080005 not in _draft("A", "ISO_IR 6").encode()


@pytest.mark.parametrize("terms", ["nope", "ISO_IR 100"])
def test_a_character_set_that_was_asked_for(terms):
    """It is not replaced by another one."""
    draft = _draft("山", terms, is_character_set_fixed=True)

    with pytest.raises(InvalidCharacterSetError):
        draft.encode()


def test_texts_of_items_count():
    """A character in an item asks for a character set that has it."""
    draft = Draft("ISO_IR 100")
    draft.put(0x00081110, [{0x00081030: GivenValue("LO", "山")}])

    assert draft.encode()[0x00080005].content == b"ISO_IR 192"


def test_a_copy_is_independent():
    """Instances of a series start from the same attributes."""
    draft = _draft("A")
    copy = draft.copy()
    copy.put(0x00100020, "x")

    assert draft.text(0x00100020) == ""
    assert copy.text(0x00100020) == "x"
    assert copy.text(0x00100010) == "A"
