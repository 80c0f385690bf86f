"""Tests of the fields of JSON bodies."""

import orjson
import pytest

from obelisk.errors import InvalidArgumentError, InvalidInputError
from obelisk.rest.json_bodies import Fields, fields_of, parse_json

FIELDS = Fields(
    {
        "flag": True,
        "number": 7,
        "negative": -1,
        "real": 1.5,
        "text": "x",
        "texts": ["x", "y"],
        "mixed": ["x", 1],
        "null": None,
        "members": {"a": "b"},
        "objects": [{"flag": False}],
    }
)


def test_fields_have_their_types():
    """Each kind of field is returned as it is."""
    assert FIELDS.flag("flag", default=False) is True
    assert FIELDS.truth("number") is True
    assert FIELDS.number("number") == 7
    assert FIELDS.text("text") == "x"
    assert FIELDS.texts("texts") == ["x", "y"]
    assert FIELDS.text_by_name("members") == {"a": "b"}
    assert FIELDS.objects("objects")[0].flag("flag", default=True) is False


@pytest.mark.parametrize("name", ["absent", "null"])
def test_absent_field_has_its_default(name):
    """Null is as if a field were absent."""
    assert name not in FIELDS
    assert FIELDS.flag(name, default=True) is True
    assert FIELDS.truth(name) is False
    assert FIELDS.number(name, 3) == 3
    assert FIELDS.text(name, "y") == "y"
    assert FIELDS.texts(name) == []
    assert FIELDS.text_by_name(name) == {}
    assert FIELDS.objects(name) == []


@pytest.mark.parametrize(
    ("method", "name"),
    [
        (Fields.truth, "text"),
        (Fields.number, "text"),
        (Fields.number, "real"),
        (Fields.number, "flag"),
        (Fields.text, "number"),
        (Fields.text, "absent"),
        (Fields.texts, "text"),
        (Fields.texts, "mixed"),
        (Fields.text_by_name, "texts"),
        (Fields.objects, "texts"),
        (Fields.objects, "members"),
    ],
)
def test_field_of_another_type_is_refused(method, name):
    """The caller is told which field."""
    with pytest.raises(InvalidInputError, match=name):
        method(FIELDS, name)


def test_negative_number_is_out_of_range():
    """Counts are not negative."""
    with pytest.raises(InvalidArgumentError):
        FIELDS.number("negative")


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "a//b", "number": 1}',
        b'\xef\xbb\xbf{"text": "a//b", "number": 1}',
        b'// first\n{"text": "a//b", /* then */ "number": 1} // last',
        b'{"text": "a//b", "number": 1,}\n',
    ],
)
def test_bodies_are_read_as_by_orthanc(body):
    """A byte order mark, comments and a last comma are no faults."""
    fields = fields_of(body)

    assert (fields.text("text"), fields.number("number")) == ("a//b", 1)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{'text': 1}", b'{"text": 1} x', b'{"text": "\xff"}', b"[1]", b"\xff"],
)
def test_bodies_that_are_no_object_are_refused(body):
    """One answer says so for all of them."""
    with pytest.raises(InvalidInputError, match="a JSON object"):
        fields_of(body)


def test_comments_in_very_large_bodies_are_refused():
    """Nobody writes those by hand, and looking for comments takes its time."""
    with pytest.raises(orjson.JSONDecodeError):
        parse_json(b"// \n" * 100_000 + b"{}")
