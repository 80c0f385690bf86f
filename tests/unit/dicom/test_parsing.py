"""Tests of what is read from files; most are in the golden and property tiers."""

import mmap
import struct
import tracemalloc
import zlib

import pytest

from factories import encode_element, encode_meta, numbers
from obelisk.dicom.dictionary import NewEntry, register
from obelisk.dicom.levels import Level
from obelisk.dicom.parsing import (
    Limits,
    MissingUIDError,
    parse_instance,
    read_dataset,
    read_file_meta,
)
from obelisk.dicom.reading import sequences
from obelisk.dicom.tag_json import TagForm, header_json, tags_json
from obelisk.errors import InvalidDICOMError, StorageError

EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
RLE = "1.2.840.10008.1.2.5"


def element(tag, vr, value, length=None):
    """Encode a data element, explicit and little endian."""
    value += b" " * (len(value) % 2)
    length = len(value) if length is None else length
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr)
    if vr in (b"SQ", b"OB", b"OW", b"UN", b"UT"):
        return head + struct.pack("<HI", 0, length) + value
    return head + struct.pack("<H", length) + value


def item(content):
    """Encode an item."""
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(content)) + content


BODY = (
    element(0x00080016, b"UI", b"1.2.840.10008.5.1.4.1.1.7\0")
    + element(0x00080018, b"UI", b"1.4\0")
    + element(0x00100010, b"PN", b"Doe^J\xe9")
    + element(0x00100020, b"LO", b"id")
    + element(0x0020000D, b"UI", b"1.2\0")
    + element(0x0020000E, b"UI", b"1.3\0")
)
PIXELS = element(0x7FE00010, b"OW", b"\1\2")


def file(body=BODY, syntax=EXPLICIT):
    """Put a preamble and a File Meta Information before a dataset."""
    meta = element(0x00020010, b"UI", syntax.encode())
    return b"\0" * 128 + b"DICM" + meta + body


def deflate(content):
    """Compress without header."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(content) + compressor.flush()


def test_parses():
    """The main attributes, the identifiers and the pixel data are found."""
    content = file(BODY + PIXELS)
    parsed = parse_instance(content)
    assert parsed.transfer_syntax_uid == EXPLICIT
    assert parsed.sop_class_uid == "1.2.840.10008.5.1.4.1.1.7"
    assert parsed.patient_id == "id"
    assert parsed.attributes[0x00100010] == "Doe^Jé"
    assert parsed.pixel_data_offset == content.index(PIXELS)
    assert parsed.pixel_data_vr == "OW"
    assert len(parsed.ids.at(Level.STUDY)) == 44


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_buffers(kind):
    """Any buffer is read."""
    assert parse_instance(kind(file())).patient_id == "id"


def test_mapped_file(tmp_path):
    """A mapped file is read."""
    path = tmp_path / "file"
    path.write_bytes(file())
    with (
        path.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as buffer,
    ):
        assert parse_instance(buffer).patient_id == "id"
        assert tags_json(read_dataset(buffer), TagForm.SHORT)["0010,0020"] == "id"


def test_no_header():
    """A bare dataset is read; its pixel data has no recorded offset."""
    parsed = parse_instance(BODY + PIXELS)
    assert parsed.transfer_syntax_uid == EXPLICIT
    assert parsed.pixel_data_offset is None


def test_deflated():
    """A deflated dataset is read."""
    parsed = parse_instance(file(deflate(BODY + PIXELS), DEFLATED))
    assert parsed.patient_id == "id"
    assert parsed.pixel_data_offset is None


def test_inflated_size_is_limited():
    """A deflated dataset that explodes is refused."""
    content = file(
        deflate(BODY + element(0x7FE00010, b"OW", bytes(5_000_000))), DEFLATED
    )
    with pytest.raises(InvalidDICOMError, match="too large"):
        parse_instance(content, limits=Limits(inflated_size=1_000_000))


def test_inflated_data_is_not_held_in_memory():
    """A large deflated dataset takes little memory, and is read all the same."""
    size = 60_000_000
    pixels = element(0x7FE00010, b"OW", bytes(size))
    behind = element(0xFFFCFFFC, b"OB", b"end!")
    content = file(deflate(BODY + pixels + behind), DEFLATED)
    tracemalloc.start()
    try:
        dataset = read_dataset(content, whole=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    padding = dataset.lookup(0xFFFCFFFC)

    assert peak < 16_000_000
    assert padding is not None
    assert padding.value == b"end!"
    assert parse_instance(content).patient_id == "id"


def test_no_room_for_inflated_data(monkeypatch, tmp_path):
    """Where a large dataset cannot be inflated to, the file is not called malformed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    pixels = element(0x7FE00010, b"OW", bytes(5_000_000))
    with pytest.raises(StorageError, match="temporary file"):
        parse_instance(file(deflate(BODY + pixels), DEFLATED))


def test_element_count_is_limited():
    """A file with absurdly many elements is refused."""
    content = file(BODY + element(0x00204000, b"LT", b"") * 1_000)
    with pytest.raises(InvalidDICOMError, match="too many"):
        parse_instance(content, limits=Limits(element_count=500))


@pytest.mark.parametrize("tag", [b"\x20\0\x0d\0", b"\x20\0\x0e\0", b"\x08\0\x18\0"])
def test_missing_uid(tag):
    """A file without one of its UIDs is refused in a way of its own."""
    with pytest.raises(MissingUIDError):
        parse_instance(file(BODY.replace(tag, b"\x21\0\x01\0")))


def test_overlong_value():
    """Values of more than 256 bytes are no attributes, and no identifiers."""
    comments = element(0x00204000, b"LT", b"x" * 258)
    assert 0x00204000 not in parse_instance(file(BODY + comments)).attributes
    with pytest.raises(InvalidDICOMError, match="PatientID"):
        parse_instance(file(element(0x00100020, b"LO", b"x" * 258) + BODY))


def test_main_sequence():
    """The main sequence is a list of simplified items."""
    sequence = item(element(0x00400007, b"LO", b"CT")) + item(b"")
    parsed = parse_instance(file(BODY + element(0x00400275, b"SQ", sequence)))
    assert parsed.attributes[0x00400275] == [
        {"ScheduledProcedureStepDescription": "CT"},
        {},
    ]


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        (element(0x00400275, b"SQ", b"ab", 2), "ends within a sequence"),
        (element(0x00400275, b"SQ", element(0x00400007, b"LO", b"CT")), "an item"),
        (element(0x00204000, b"LT", b"ab", 4), "exceeds"),
        (element(0x00204000, b"\0\0", b""), "VR"),
        (element(0x00282000, b"OB", item(b""), 0xFFFFFFFF), "undefined"),
        (element(0x00400275, b"SQ", item(b""), 0xFFFFFFFF), "delimiter is missing"),
        (struct.pack("<HHI", 0xFFFE, 0xE0DD, 0), "counterpart"),
        (element(0x7FE00010, b"OB", item(b"ab"), 0xFFFFFFFF), "within a sequence"),
    ],
)
def test_malformed(tail, reason):
    """What is malformed is refused, with the reason and the offset."""
    with pytest.raises(InvalidDICOMError, match=reason) as caught:
        parse_instance(file(BODY + tail))
    assert caught.value.offset >= len(file())


def test_compressed_pixels_are_encapsulated():
    """Pixel data that should be encapsulated and is not is refused."""
    with pytest.raises(InvalidDICOMError, match="encapsulated"):
        parse_instance(file(BODY + PIXELS, RLE))


def test_ignore_length():
    """Text of any length is given for the tags that the caller names."""
    dataset = read_dataset(file(BODY + element(0x00204000, b"UT", b"x" * 70_000)))
    short = tags_json(dataset, TagForm.SHORT)
    assert short["0020,4000"] is None
    assert tags_json(dataset)["0020,4000"]["Type"] == "TooLong"
    ignoring = tags_json(dataset, TagForm.SHORT, ignore_length={0x00204000})
    assert ignoring["0020,4000"] == "x" * 70_000


def test_after_pixel_data():
    """What follows pixel data is read only if asked for."""
    content = file(BODY + PIXELS + element(0x7FE10010, b"LO", b"ACME"))
    assert "7fe1,0010" not in tags_json(read_dataset(content))
    assert "7fe1,0010" in tags_json(read_dataset(content, whole=True))


def test_header_json():
    """The File Meta Information has the three forms, too."""
    file_meta = read_file_meta(file())
    assert header_json(file_meta, TagForm.SIMPLE) == {"TransferSyntaxUID": EXPLICIT}
    assert header_json(file_meta, TagForm.SHORT) == {"0002,0010": EXPLICIT}
    assert header_json(file_meta)["0002,0010"]["Type"] == "String"


@pytest.mark.parametrize(
    ("added", "names"),
    [
        (0, []),
        (12, ["GenericGroupLength"]),
        (30, ["GenericGroupLength", "SpecificCharacterSet"]),
        (-28, []),
        (100_000, []),
    ],
)
def test_the_header_has_the_length_that_it_announces(added, names):
    """Whatever its groups are, but not beyond the end of the file, nor less."""
    content = encode_meta(sop_instance_uid="1.2.3", group_length=added)
    content += encode_element(numbers(0x00080000, "UL", 18))
    content += encode_element((0x00080005, "CS", b"ISO_IR 100"))
    content += encode_element((0x00100020, "LO", b"ID"))
    header = header_json(read_file_meta(content), TagForm.SIMPLE)
    dataset = tags_json(read_dataset(content), TagForm.SIMPLE)
    others = ["GenericGroupLength", "SpecificCharacterSet", "PatientID"]

    assert [name for name in header if name in others] == names
    assert list(dataset) == others[len(names) :]
    assert header["TransferSyntaxUID"] == EXPLICIT


def test_private_creator():
    """The full form tells who reserved a private tag."""
    body = element(0x00090010, b"LO", b"ACME") + element(0x00091001, b"LO", b"x")
    tags = tags_json(read_dataset(file(BODY + body)))
    assert tags["0009,1001"]["PrivateCreator"] == "ACME"
    assert "PrivateCreator" not in tags["0010,0010"]


def test_private_creator_without_a_name():
    """A block that is reserved for nobody has no creator to tell."""
    body = element(0x00090010, b"LO", b"") + element(0x00091001, b"LO", b"x")
    tags = tags_json(read_dataset(file(BODY + body)))
    assert "PrivateCreator" not in tags["0009,1001"]


def _implicit(tag, value):
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value


@pytest.mark.usefixtures("own_tables")
@pytest.mark.parametrize(
    ("creator", "is_broken", "expected"),
    [
        (b"ACME", False, {"Sequence": [{"Inner": [{"Modality": "CT"}]}]}),
        (b"ACME", True, {"Sequence": None}),
        (b"Else", False, {"Unknown Tag & Data": None}),
    ],
)
def test_private_sequence_in_implicit_vr(creator, is_broken, expected):
    """The dictionary of its creator tells that it is one, at any depth."""
    register(
        [
            NewEntry(0x43211020, "SQ", "Sequence", "ACME"),
            NewEntry(0x43211021, "SQ", "Inner", "ACME"),
        ]
    )
    block = _implicit(0x43210010, creator)
    inner = _implicit(0xFFFEE000, _implicit(0x00080060, b"CT"))
    outer = _implicit(0xFFFEE000, block + _implicit(0x43211021, inner))
    value = outer[:-1] + b"\0\0\0" if is_broken else outer
    body = _implicit(0x00100020, b"id") + block + _implicit(0x43211020, value)
    content = encode_meta("1.2.840.10008.1.2", sop_instance_uid="1.2.3") + body
    tags = tags_json(read_dataset(content), TagForm.SIMPLE)

    for item in (tags, *(tags.get("Sequence") or [])):
        item.pop("PrivateCreator")
    assert tags == {"PatientID": "id"} | expected


def test_the_first_of_doubled_elements_counts():
    """In an item too, for text and for sequences alike."""
    first = element(0x00080100, b"SH", b"A") + element(0x00080104, b"LO", b"first")
    second = element(0x00080100, b"SH", b"B") + element(0x00080104, b"LO", b"second")
    codes = (
        element(0x0040A043, b"SQ", item(first + second)),
        element(0x0040A043, b"SQ", item(second)),
    )
    content = file(BODY + element(0x0040A730, b"SQ", item(b"".join(codes))))

    tags = tags_json(read_dataset(content), TagForm.SIMPLE)

    (found,) = tags["ContentSequence"]
    code = {"CodeValue": "A", "CodeMeaning": "first"}
    assert found == {"ConceptNameCodeSequence": [code]}


def outcome(content, limits):
    """Say whether a file is read, or why it is refused."""
    try:
        return parse_instance(content, limits=limits).ids
    except InvalidDICOMError as error:
        return error.reason


@pytest.mark.parametrize("length", [None, 8, 400])
def test_sequence_that_came_before_counts_as_much(monkeypatch, length):
    """What is remembered of small sequences changes no limit, and hides no fault."""
    code = element(0x00080100, b"SH", b"1") + element(0x00080104, b"LO", b"one")
    codes = element(0x0040A043, b"SQ", item(code), length)
    concept = item(element(0x0040A040, b"CS", b"CODE") + codes)
    content = file(
        BODY
        + element(0x00081032, b"SQ", item(code))
        + element(0x0040A730, b"SQ", concept * 3)
    )
    limits = [Limits(element_count=count) for count in range(80)]
    limits += [Limits(depth=depth) for depth in range(1, 4)]

    first, again = ([outcome(content, one) for one in limits] for _ in range(2))
    monkeypatch.setattr(sequences, "_known", lambda *_: 0)

    assert first == again == [outcome(content, one) for one in limits]
    assert len({str(one) for one in first}) > 1
