"""The comparison itself: what it forgives, and what it does not."""

from hashlib import sha256
from pathlib import Path

import pytest

from exchange import Call, describe
from parity.calls import get
from parity.differences import (
    ACCEPTED,
    ELSEWHERE,
    Elsewhere,
    explain,
    iter_differences,
    mend,
    normalise,
)


def test_equal_values_have_no_difference() -> None:
    """Values that are equal yield nothing."""
    value = {"a": [1, {"b": None}]}

    assert list(iter_differences(value, {"a": [1, {"b": None}]})) == []


@pytest.mark.parametrize(
    ("left", "right", "difference"),
    [
        ({"a": 1}, {}, "/a: only left"),
        ({}, {"a": 1}, "/a: only right"),
        ({"a": [1, 2]}, {"a": [1]}, "/a: 2 / 1 items"),
        ({"a": [1]}, {"a": [2]}, "/a/0: 1 / 2"),
        ({"a": "1"}, {"a": 1}, "/a: '1' / 1"),
        ({"a": True}, {"a": 1}, "/a: True / 1"),
        (None, {}, "/: None / {}"),
    ],
)
def test_difference_is_named(left: object, right: object, difference: str) -> None:
    """The first difference is named by its place and both values."""
    assert next(iter_differences(left, right)) == difference


def test_random_names_are_forgiven() -> None:
    """Members that two servers cannot share are compared by presence only."""
    call = get("/instances/1", "/instances/{id}")
    left = {"body": {"FileUuid": "1", "ID": "x"}}
    right = {"body": {"FileUuid": "2", "ID": "x"}}

    assert normalise(call, left) == normalise(call, right)
    assert normalise(call, left) != normalise(call, {"body": {"ID": "x"}})


def test_dates_are_forgiven_in_changes_only() -> None:
    """A member named Date elsewhere is compared."""
    value = {"body": {"Date": "20200101", "Seq": 8}}

    assert normalise(get("/changes", "/changes"), value, offset=5) == {
        "body": {"Date": "*", "Seq": 3},
    }
    assert normalise(get("/studies", "/studies"), value, offset=5) == value


def test_accepted_answer_needs_its_status() -> None:
    """A deviation is accepted with the listed status, not with any other."""
    call = Call("HEAD", "/instances/1/file", "/instances/{id}/file", "HEAD")

    assert explain(call, {"status": 404}, {"status": 200})
    assert explain(call, {"status": 404}, {"status": 500}) is None
    assert explain(call, {"status": 500}, {"status": 200}) is None
    assert explain(call, None, {"status": 200}) is None


def test_every_accepted_deviation_has_a_reason() -> None:
    """Nothing is accepted without a sentence that says why."""
    assert all(accepted.reason for accepted in ACCEPTED)


@pytest.mark.parametrize(
    ("content", "description"),
    [
        (b"", None),
        (b'{"a": 1}', {"a": 1}),
        (b'{"a": ', {"text": '{"a": '}),
        (b"text", {"text": "text"}),
    ],
)
def test_body_is_described(content: bytes, description: object) -> None:
    """A body is shown as JSON values or as text when it is one of them."""
    assert describe(content) == description


def test_binary_body_is_described_by_its_digest() -> None:
    """A body that is neither is compared by size and SHA-256."""
    described = describe(b"\xff\xfe\0")

    assert described == {"size": 3, "sha256": sha256(b"\xff\xfe\0").hexdigest()}


def test_text_with_the_rest_of_an_escape_sequence_is_put_right() -> None:
    """Wrongly decoded text is no difference; wrong text of ours still is one."""
    left = {"a": ["$B;3ED(B", "plain", 1]}

    assert mend(left, {"a": ["山田", "other", 1]}) == {"a": ["山田", "plain", 1]}
    assert mend(left, {"a": ["$B;3ED(B!"]}) == left
    assert mend(left, None) == left


def test_an_empty_answer_may_have_to_be_empty() -> None:
    """Some deviations are accepted only where the left body is empty."""
    call = get("/studies/x", "/studies/{id}", "anything")
    right = {"status": 404, "body": {"Message": "x"}}

    assert explain(call, {"status": 404, "body": None}, right)
    assert explain(call, {"status": 404, "body": {"Message": "y"}}, right) is None


def test_random_names_of_downloads_are_forgiven() -> None:
    """Names that are UUIDs, not those that clients chose."""
    call = get("/x", "/x")
    name = 'filename="cf518f0f-3fdf-4d8c-ac2c-aa39865b6c3c"'

    assert normalise(call, {"headers": {"Content-Disposition": name}}) == {
        "headers": {"Content-Disposition": "*"}
    }
    chosen = {"headers": {"Content-Disposition": 'filename="a.txt"'}}
    assert normalise(call, chosen) == chosen


@pytest.mark.parametrize("difference", ELSEWHERE, ids=lambda one: one.what)
def test_what_no_call_shows_has_a_test(difference: Elsewhere) -> None:
    """So that none is claimed that nobody sees."""
    file, name = difference.test
    text = (Path(__file__).parents[1] / file).read_text()

    assert f"\ndef {name}(" in text
    assert difference.reason
