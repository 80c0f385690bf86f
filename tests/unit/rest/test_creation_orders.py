"""Tests of how requests say what is to be made."""

import base64

import pytest

from obelisk.dicom.creation import InvalidDataURIError
from obelisk.errors import InvalidInputError
from obelisk.rest.creation_orders import (
    MissingPayloadError,
    NotDataURIError,
    NotTextError,
    read_order,
)

_URI = "data:application/pdf;base64," + base64.b64encode(b"%PDF").decode()


def _bytes(file):
    return b"".join(map(bytes, file.content.read()))


def test_an_instance():
    """Tags, one content, and options."""
    order = read_order(
        {
            "Tags": {"PatientID": "x"},
            "Content": _URI,
            "Parent": "p",
            "PrivateCreator": "c",
            "Force": True,
            "InterpretBinaryTags": False,
            "Encapsulate": True,
            "TransferSyntax": "1.2",
        }
    )
    (content,) = order.contents
    (file,) = content.files

    assert order.tags == {"PatientID": "x"}
    assert (order.parent, order.is_series, order.is_bare) == ("p", False, False)
    assert order.options.private_creator == "c"
    assert order.options.is_forced
    assert not order.options.is_binary_interpreted
    assert (file.media_type, _bytes(file)) == ("application/pdf", b"%PDF")
    assert content.is_encapsulated
    assert content.transfer_syntax_uid == "1.2"


def test_the_default_private_creator():
    """It stands in where a request names none."""
    assert read_order({"Tags": {}}, "Me").options.private_creator == "Me"
    assert read_order(
        {"Tags": {}, "PrivateCreator": "You"}, "Me"
    ).options.private_creator == ("You")


def test_a_series():
    """A member is a content, or a content with tags."""
    member = {"Content": _URI, "Tags": {"ImageComments": "a"}}
    order = read_order({"Tags": {}, "Content": [_URI, member]})

    assert order.is_series
    assert [one.tags for one in order.contents] == [{}, {"ImageComments": "a"}]


def test_frames():
    """The members are the frames of one instance."""
    order = read_order({"Tags": {}, "Content": [_URI, _URI], "MultiFrame": True})

    assert not order.is_series
    (content,) = order.contents
    assert len(content.files) == 2


@pytest.mark.parametrize("content", [None, []])
def test_no_content(content):
    """An instance may have tags only."""
    order = read_order({"Tags": {}, "Content": content})

    assert order.contents == []
    assert not order.is_series


def test_tags_without_options():
    """Without Tags, everything is a tag; Pixel Data is the content."""
    order = read_order({"PatientName": "A", "PixelData": _URI})

    assert order.is_bare
    assert order.tags == {"PatientName": "A"}
    assert len(order.contents) == 1


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"Tags": []}, InvalidInputError),
        ({"Tags": {}, "Force": "x"}, InvalidInputError),
        ({"Tags": {}, "Content": 5}, NotDataURIError),
        ({"Tags": {}, "Content": {"Content": _URI}}, NotDataURIError),
        ({"Tags": {}, "Content": [None]}, NotDataURIError),
        ({"Tags": {}, "Content": "hello"}, InvalidDataURIError),
        ({"Tags": {}, "Content": "data:image/png;base64,@@"}, InvalidDataURIError),
        ({"Tags": {}, "Content": [{"Tags": {}}]}, MissingPayloadError),
        ({"Tags": {}, "Content": [{"Tags": 5, "Content": _URI}]}, InvalidInputError),
        ({"Replace": {}}, NotTextError),
    ],
)
def test_bad_orders(values, error):
    """What is malformed is told by its class."""
    with pytest.raises(error):
        read_order(values)
