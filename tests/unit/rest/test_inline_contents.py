"""Tests of long contents that are taken out of JSON bodies."""

import base64
import json

import pytest

from obelisk.dicom.creation import DataURI
from obelisk.errors import InvalidInputError
from obelisk.rest.inline_contents import put_contents, take_contents

_LONG = [bytes([number]) * 1_000_001 for number in range(3)]


def _uri(content):
    return "data:image/PNG;base64," + base64.b64encode(content).decode()


def _read(values, **options):
    body = bytearray(json.dumps(values, **options).encode())
    contents = take_contents(body)
    found = json.loads(body)
    put_contents(found, contents)
    return found, len(contents)


@pytest.mark.parametrize("options", [{}, {"indent": 3}, {"separators": (",", ":")}])
@pytest.mark.parametrize(
    ("given", "expected", "count"),
    [
        (_uri(_LONG[0]), DataURI("image/png", _LONG[0]), 1),
        (
            [_uri(one) for one in _LONG],
            [DataURI("image/png", one) for one in _LONG],
            3,
        ),
        (
            [{"Content": _uri(_LONG[1]), "Tags": {"PatientID": "x"}}, _uri(b"short")],
            [
                {
                    "Content": DataURI("image/png", _LONG[1]),
                    "Tags": {"PatientID": "x"},
                },
                _uri(b"short"),
            ],
            1,
        ),
        (_uri(b"short"), _uri(b"short"), 0),
        ([_uri(b"short"), "x"], [_uri(b"short"), "x"], 0),
        (5, 5, 0),
    ],
)
def test_contents_come_back(given, expected, count, options):
    """The long ones as their bytes, all others as they are."""
    values = {"Tags": {"PatientID": "a"}, "Content": given, "Force": True}
    found, taken = _read(values, **options)

    assert found == values | {"Content": expected}
    assert taken == count


@pytest.mark.parametrize(
    "values",
    [
        {"Tags": {"PatientComments": _uri(_LONG[0])}},
        {"Tags": {"PatientComments": '"Content": "' + _uri(_LONG[0])}},
        {"Content": _uri(_LONG[0]) + "!"},
        {"Content": "data:image/png;base64," + "!" * 2_000_000},
    ],
)
def test_what_stays(values):
    """Other attributes, text that looks alike, and what is no base64."""
    assert _read(values) == (values, 0)


def test_an_end_that_is_missing():
    """The body stays as it is."""
    body = bytearray(b'{"Content": "' + _uri(_LONG[0]).encode())
    before = bytes(body)

    assert take_contents(body) == []
    assert body == before


@pytest.mark.parametrize(
    "values",
    [
        {"UserData": {"Content": _uri(_LONG[0])}},
        {"UserData": {"Content": _uri(_LONG[0])}, "Content": "x"},
        {"UserData": {"Content": _uri(_LONG[0])}, "Content": [{"Tags": {}}]},
    ],
)
def test_a_wrong_place(values):
    """What was taken must be a content."""
    with pytest.raises(InvalidInputError):
        _read(values)
