"""The reader against pydicom, and against bytes that no one should send."""

import io
import random
import struct
from pathlib import Path

import pydicom.data
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import InvalidDicomError
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from obelisk.dicom import noted_values, tag_json
from obelisk.dicom.parsing import parse_instance, read_dataset
from obelisk.dicom.reading import scanner
from obelisk.dicom.tag_json import TagForm, tags_json
from obelisk.errors import InvalidDICOMError

FOLDER = Path(pydicom.data.__file__).parent
FILES = sorted(
    path
    for path in FOLDER.rglob("*")
    if path.is_file() and path.suffix not in (".py", ".pyc")
)
#: Files that pydicom reads and we do not, as Orthanc.
REFUSED = {
    "MR_truncated.dcm": "the pixel data is truncated",
    "SC_rgb_jpeg.dcm": "its encoding is not that of its transfer syntax",
    "no_meta.dcm": "a preamble without its prefix",
    "rtplan_truncated.dcm": "an item is truncated",
}

#: Of larger files, that much is read again and again, changed in that much of it.
SIZE_MAX = 200_000
HEADER_SIZE = 8_000

texts = st.text(
    st.characters(
        codec="latin-1", exclude_categories=("Cc",), exclude_characters="\\="
    ),
    max_size=60,
)
syntaxes = st.sampled_from(
    [
        ImplicitVRLittleEndian,
        ExplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ]
)
leaves = st.fixed_dictionaries(
    {},
    optional={
        "PatientName": texts,
        "ImageComments": texts,
        "Rows": st.integers(0, 65535),
        "ReferencePixelX0": st.integers(-(2**31), 2**31 - 1),
        "ExposedArea": st.lists(st.integers(0, 65535), min_size=2, max_size=5),
        "TableSpeed": st.floats(allow_nan=False, width=64),
        "FrameIncrementPointer": st.integers(0, 2**32 - 1),
    },
)
trees = st.recursive(
    leaves,
    lambda inner: st.builds(
        lambda leaf, items: {**leaf, "ContentSequence": items},
        leaves,
        st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)


def build(tree):
    """Make a pydicom dataset of a tree of plain values."""
    dataset = Dataset()
    for keyword, value in tree.items():
        if isinstance(value, list) and keyword == "ContentSequence":
            setattr(dataset, keyword, Sequence([build(item) for item in value]))
        else:
            setattr(dataset, keyword, value)
    return dataset


def write(tree, syntax):
    """Write a dataset with the UIDs that identify it."""
    dataset = build(tree)
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    dataset.SOPInstanceUID = "1.2.3"
    dataset.StudyInstanceUID = "1.2.4"
    dataset.SeriesInstanceUID = "1.2.5"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def show(value):
    """Print a value the way that our JSON has it."""
    if isinstance(value, list):
        return "\\".join(map(show, value))
    if isinstance(value, float):
        return f"{value:.17g}"
    return str(value).rstrip(" ")


def simplify(tree):
    """Say what the simplified JSON of a tree is."""
    simple = {}
    for keyword, value in tree.items():
        if keyword == "ContentSequence":
            simple[keyword] = [simplify(item) for item in value]
        elif keyword == "FrameIncrementPointer":
            simple[keyword] = f"{value >> 16:04x},{value & 0xFFFF:04x}"
        else:
            simple[keyword] = show(value)
    return simple


@given(tree=trees, syntax=syntaxes)
def test_round_trip(tree, syntax):
    """What pydicom writes, in any encoding, is read back."""
    content = write(tree, syntax)
    simple = tags_json(read_dataset(content), TagForm.SIMPLE)
    for keyword, value in simplify(tree).items():
        assert simple[keyword] == value
    assert parse_instance(content).transfer_syntax_uid == syntax


@given(tree=trees, syntax=syntaxes, data=st.data())
def test_truncated(tree, syntax, data):
    """A file that ends anywhere is read, or refused for a reason."""
    content = write(tree, syntax)
    read_all(content[: data.draw(st.integers(0, len(content)))])


@given(content=st.binary(max_size=400), prefix=st.booleans())
def test_random_bytes(content, prefix):
    """Random bytes are refused for a reason."""
    read_all(b"\0" * 128 + b"DICM" + content if prefix else content)


@given(
    tree=trees,
    syntax=syntaxes,
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=12)),
        min_size=1,
        max_size=6,
    ),
)
def test_mutated(tree, syntax, changes):
    """A file with bytes overwritten is read, or refused for a reason."""
    content = bytearray(write(tree, syntax))
    for where, piece in changes:
        start = int(where * len(content))
        content[start : start + len(piece)] = piece
    read_all(bytes(content))


def parse(content):
    """Read the main attributes of a file, and decode all of them."""
    parsed = parse_instance(content)
    return parsed, dict(parsed.attributes)


def observe(content):
    """Say what becomes of a file: what is read from it, or why it is refused."""
    seen = []
    for step in (
        parse,
        lambda content: tags_json(read_dataset(content)),
        lambda content: tags_json(read_dataset(content, whole=True), TagForm.SHORT),
    ):
        try:
            seen.append(step(content))
        except InvalidDICOMError as error:
            seen.append(str(error))
    return seen


def observe_in_general(content):
    """Do so without the fast ways for what is frequent and without fault."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanner, "pass_sequence", lambda *_: None)
        for module in (noted_values, tag_json):
            patch.setattr(module, "ENCODED_TEXT_VRS", frozenset())
        patch.setattr(tag_json, "ENCODED_NUMBER_VRS", {})
        return observe(content)


@given(
    tree=trees,
    syntax=syntaxes,
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=12)),
        max_size=3,
    ),
)
def test_fast_ways_lead_to_the_same(tree, syntax, changes):
    """What is read in a fast way, or refused, is so in the general way, too."""
    content = bytearray(write(tree, syntax))
    for where, piece in changes:
        start = int(where * len(content))
        content[start : start + len(piece)] = piece

    assert observe(bytes(content)) == observe_in_general(bytes(content))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_fast_ways_lead_to_the_same_for_files(path):
    """So do they for pydicom's files, whole and with one byte changed."""
    content = bytearray(path.read_bytes())
    if len(content) > SIZE_MAX:
        del content[SIZE_MAX:]
    randomness = random.Random(path.name)

    for _ in range(20):
        assert observe(bytes(content)) == observe_in_general(bytes(content))
        if content:
            where = randomness.randrange(min(len(content), HEADER_SIZE))
            content[where] = randomness.randrange(256)


def read_all(content):
    """Do all that the server does; only InvalidDICOMError may come of it."""
    for step in (parse, lambda content: tags_json(read_dataset(content))):
        try:
            step(content)
        except InvalidDICOMError as error:
            assert error.reason  # noqa: PT017 - no error is fine, too


@given(depth=st.integers(65, 10_000), is_explicit=st.booleans())
def test_nesting(depth, is_explicit):
    """Sequences nested thousands of times are refused, at any depth."""
    sequence = b"\x40\0\x30\xa7" + (b"SQ\0\0" if is_explicit else b"") + b"\xff" * 4
    item = b"\xfe\xff\0\xe0" + b"\xff" * 4
    syntax = ExplicitVRLittleEndian if is_explicit else ImplicitVRLittleEndian
    content = write({}, syntax) + (sequence + item) * depth
    with pytest.raises(InvalidDICOMError, match="nested too deeply"):
        parse_instance(content)
    with pytest.raises(InvalidDICOMError, match="nested too deeply"):
        read_dataset(content)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_equals_pydicom(path):
    """The raw values of pydicom's test files are those that pydicom finds."""
    content = path.read_bytes()
    if path.name in REFUSED:
        with pytest.raises(InvalidDICOMError):
            parse_instance(content)
        return
    try:
        theirs = dcmread(path, stop_before_pixels=True)
    except (InvalidDicomError, EOFError, struct.error):
        return
    ours = read_dataset(content)
    for tag in theirs.keys():  # noqa: SIM118 - iteration would decode the values
        raw = theirs.get_item(tag)
        element = ours.lookup(int(tag))
        if raw.VR == "SQ" or element.items is not None:
            continue
        if raw.value is None or not isinstance(raw.value, bytes):
            continue
        assert element.value == raw.value
