"""Datasets in the DICOM JSON Model and the Native DICOM Model against pydicom."""

import json
import math
import re
import struct
from base64 import b64decode
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from factories import BIG_ENDIAN, EXPLICIT, IMPLICIT, encode_dataset
from obelisk.dicom.json_model import iter_json_model
from obelisk.dicom.reading.dataset import read_dataset
from obelisk.dicom.xml_model import iter_xml_model

_NAMESPACE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"

_words = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\\=^ "),
    min_size=1,
    max_size=12,
)
_texts = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40
).map(lambda text: text.rstrip(" "))
_names = st.lists(_words, min_size=1, max_size=5).map("^".join)


def _lists(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, max_size=4)


def _integers(bits: int, *, signed: bool) -> st.SearchStrategy[list[int]]:
    low = -(2 ** (bits - 1)) if signed else 0
    return _lists(st.integers(low, low + 2**bits - 1))


def _packed(code: str) -> st.SearchStrategy[bytes]:
    size = struct.calcsize(code)
    return st.integers(0, 6).flatmap(
        lambda count: st.binary(min_size=count * size, max_size=count * size)
    )


#: By tag: the VR and values.
_ATTRIBUTES: dict[int, tuple[str, st.SearchStrategy[Any]]] = {
    0x0072005F: ("AS", st.sampled_from(["", "012Y", "003M"])),
    0x00720060: ("AT", _lists(st.integers(0, 2**32 - 1))),
    0x00720066: ("LO", _lists(_words)),
    0x00720068: ("LT", _texts),
    0x0072006A: ("PN", _lists(_names)),
    0x0072006E: ("ST", _texts),
    0x00720070: ("UT", _texts),
    0x0072006F: ("UC", _lists(_words)),
    0x00720064: ("IS", _lists(st.integers(-(2**31), 2**31 - 1))),
    0x00720065: ("OB", _packed("H")),
    0x00720067: ("OF", _packed("f")),
    0x00720069: ("OW", _packed("H")),
    0x0072006D: ("UN", _packed("H")),
    0x00720073: ("OD", _packed("d")),
    0x00720075: ("OL", _packed("I")),
    0x00720081: ("OV", _packed("Q")),
    0x00720074: ("FD", _lists(st.floats(allow_nan=False, allow_infinity=False))),
    0x00720076: (
        "FL",
        _lists(st.floats(width=32, allow_nan=False, allow_infinity=False)),
    ),
    0x00720078: ("UL", _integers(32, signed=False)),
    0x0072007A: ("US", _integers(16, signed=False)),
    0x0072007C: ("SL", _integers(32, signed=True)),
    0x0072007E: ("SS", _integers(16, signed=True)),
    0x00720082: ("SV", _integers(64, signed=True)),
    0x00720083: ("UV", _integers(64, signed=False)),
    0x0072007F: ("UI", _lists(st.sampled_from(["1.2.3", "2.25.9"]))),
}

_some = st.fixed_dictionaries(
    {}, optional={tag: values for tag, (_, values) in _ATTRIBUTES.items()}
)


def _dataset(values: dict[int, Any]) -> Dataset:
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    for tag, value in values.items():
        dataset.add_new(tag, _ATTRIBUTES[tag][0], value)
    return dataset


def _known(vr: str, attribute: dict[str, Any], order: str) -> dict[str, Any]:
    """Return an attribute as pydicom gives it, in the way of the standard."""
    known = {key: value for key, value in attribute.items() if key != "Value" or value}
    known["vr"] = vr
    if known.get("InlineBinary") == "":
        del known["InlineBinary"]
    if "InlineBinary" in known:
        raw = b64decode(known["InlineBinary"])
        code = {"OW": "H", "OF": "I", "OL": "I", "OD": "Q", "OV": "Q"}.get(vr, "B")
        count = len(raw) // struct.calcsize(code)
        numbers = struct.unpack(f"{order}{count}{code}", raw)
        known["InlineBinary"] = struct.pack(f"<{count}{code}", *numbers)
    return known


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
@given(outer=_some, inner=st.lists(_some, max_size=2))
def test_json_is_that_of_pydicom(
    syntax: str, outer: dict[int, Any], inner: list[dict[int, Any]]
) -> None:
    """All values of all VRs are there, in sequences too."""
    dataset = _dataset(outer)
    dataset.ProcedureCodeSequence = Sequence([_dataset(values) for values in inner])
    order = ">" if syntax == BIG_ENDIAN else "<"
    expected = dataset.to_json_dict(bulk_data_threshold=1 << 30)
    content = encode_dataset(dataset, syntax)

    model = json.loads(b"".join(iter_json_model(read_dataset(content))))

    def compare(model: dict[str, Any], expected: dict[str, Any]) -> None:
        assert model.keys() == expected.keys()
        for key, attribute in model.items():
            if attribute["vr"] == "SQ":
                items = zip(
                    attribute.get("Value", []), expected[key]["Value"], strict=True
                )
                for item, other in items:
                    compare(item, other)
                continue
            if "InlineBinary" in attribute:
                attribute["InlineBinary"] = b64decode(attribute["InlineBinary"])
            assert attribute == _known(attribute["vr"], expected[key], order)

    compare(model, expected)


@given(values=_some)
def test_xml_has_the_values_of_json(values: dict[int, Any]) -> None:
    """Both forms say the same, but for characters that XML does not have."""
    dataset = read_dataset(encode_dataset(_dataset(values)))
    model = json.loads(b"".join(iter_json_model(dataset)))
    document = ET.fromstring(b"".join(iter_xml_model(dataset)))

    assert [node.get("tag") for node in document] == list(model)
    for node in document:
        attribute = model[str(node.get("tag"))]
        assert node.get("vr") == attribute["vr"]
        inline = node.findtext(f"{_NAMESPACE}InlineBinary")
        assert inline == attribute.get("InlineBinary")
        texts = [value.text or "" for value in node.iter(f"{_NAMESPACE}Value")]
        expected = attribute.get("Value", []) if attribute["vr"] != "PN" else []
        for text, value in zip(texts, expected, strict=True):
            if isinstance(value, int | float):
                assert math.isclose(float(text), value, rel_tol=1e-8, abs_tol=1e-45)
            else:
                assert text == _plain(value or "")


def _plain(text: str) -> str:
    """Return text without characters that XML does not have."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)
