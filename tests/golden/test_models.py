"""Datasets as JSON and XML of DICOMweb beside Orthanc's, without a server."""

import re
from typing import Any

import pytest

from golden.record_models import load, model_files, read_json, read_xml
from obelisk.dicom.json_model import iter_json_model
from obelisk.dicom.reading.dataset import read_dataset
from obelisk.dicom.xml_model import iter_xml_model
from parity.differences import iter_differences, mend

RECORDED = load()
FILES = model_files()

#: What Orthanc takes for zero.
_TINY = 1e-20
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")

#: What differs in JSON, by file and place, and why.
DIFFERENT = {
    r"special_numbers/(00180050|00200012)/Value: 0 / 1 items": (
        "what is no number is null, so that the others keep their places"
    ),
    r".*/badVR\.dcm/00280008/Value: 0 / 1 items": "idem",
    r"special_numbers/00200011/Value/0: .*": "Orthanc's number overflows",
    r"special_numbers/00189073/Value/0: inf / None": "JSON has no number for that",
    r"binary_numbers/0072008[23]/Value/0: 0\.0 / .*": "Orthanc writes 0",
    r"unusual_vrs/00404002/.*": "what has an unknown VR is unknown",
    r".*/rtdose_rle\.dcm/(00280009|300C0002): only right": (
        "numbers that have no VR are binary; Orthanc leaves them out"
    ),
    r".*/00080005/Value(/0)?: .*": "an empty first value is one",
    r".*/chrH32\.dcm/00100010/.*": "Orthanc drops parts of escape sequences",
    r".*/examples_ybr_color\.dcm/00191050/Value(/0)?: .*": (
        "a backslash is no delimiter in text of one value"
    ),
}


def model_of(content: bytes) -> bytes:
    """Return the JSON model of a file."""
    return b"".join(iter_json_model(read_dataset(content, whole=True)))


def xml_of(content: bytes) -> bytes:
    """Return the XML model of a file."""
    return b"".join(iter_xml_model(read_dataset(content, whole=True)))


def rounded(node: Any) -> Any:
    """Return JSON values with numbers as exact as Orthanc's."""
    if isinstance(node, list):
        return [rounded(item) for item in node]
    if isinstance(node, dict):
        return {key: rounded(value) for key, value in node.items()}
    if isinstance(node, bool) or not isinstance(node, int | float):
        return node
    number = float(f"{node:.9g}")
    return 0.0 if abs(number) < _TINY else number


@pytest.mark.parametrize("name", RECORDED)
def test_json_is_that_of_orthanc(name: str) -> None:
    """Each attribute has the same VR and the same values."""
    left, right = rounded(RECORDED[name][0]), rounded(read_json(model_of(FILES[name])))

    differences = [
        f"{name}{line}" for line in iter_differences(mend(left, right), right)
    ]
    unexplained = [
        line
        for line in differences
        if not any(re.fullmatch(pattern, line) for pattern in DIFFERENT)
    ]
    assert not unexplained


def test_all_differences_of_json_are_there() -> None:
    """None of the reasons is out of date."""
    lines = [
        f"{name}{line}"
        for name, (json_model, _) in RECORDED.items()
        for line in iter_differences(
            rounded(json_model), rounded(read_json(model_of(FILES[name])))
        )
    ]

    for pattern in DIFFERENT:
        assert any(re.fullmatch(pattern, line) for line in lines), pattern


#: XML that is well-formed, of files of which Orthanc leaves nothing out.
_WHOLE = [
    name
    for name, (_, xml_model) in RECORDED.items()
    if xml_model is not None and not name.endswith("rtdose_rle.dcm")
]


@pytest.mark.parametrize("name", _WHOLE)
def test_xml_has_the_attributes_of_orthanc(name: str) -> None:
    """Tags, VRs and keywords are the same, at all depths."""
    left, right = RECORDED[name][1], read_xml(xml_of(FILES[name]))

    def outline(node: list[Any]) -> Any:
        kind, attributes, _, children = node
        known = {key: attributes.get(key) for key in ("number", "tag", "keyword")}
        if known["keyword"]:
            known["keyword"] = known["keyword"].removeprefix("RETIRED_")
        kept = [one for one in children if one[0] in {"DicomAttribute", "Item"}]
        return [kind, known, list(map(outline, kept))]

    assert outline(right) == outline(left)


def values_of(tree: list[Any]) -> list[str]:
    """Return the text of all values and components of names, in order."""
    kind, _, text, children = tree
    inner = [
        child
        for number, child in enumerate(children)
        if not (child[0] == "Value" and number and children[number - 1][0] == "Item")
    ]
    own = [] if children or kind in {"DicomAttribute", "Item"} else [text]
    return own + [one for child in inner for one in values_of(child)]


#: Files whose values differ in JSON too, or in characters that XML does not keep.
_OTHER_VALUES = {
    name
    for name, (json_model, xml_model) in RECORDED.items()
    if xml_model is None
    or any(
        True
        for _ in iter_differences(
            rounded(json_model), rounded(read_json(model_of(FILES[name])))
        )
    )
}


@pytest.mark.parametrize(
    "name", [name for name in RECORDED if name not in _OTHER_VALUES]
)
def test_xml_has_the_values_of_orthanc(name: str) -> None:
    """Text is the same but for line ends; Orthanc's numbers have single precision."""
    left = values_of(RECORDED[name][1])
    right = values_of(read_xml(xml_of(FILES[name])))

    def plain(text: str) -> str:
        text = re.sub("\r\n|\r", "\n", text)
        return f"{float(text):.6g}" if _NUMBER.fullmatch(text) else text

    assert list(map(plain, right)) == list(map(plain, left))
