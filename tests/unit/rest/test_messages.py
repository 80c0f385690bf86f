from types import SimpleNamespace

import orjson
import pytest

from obelisk.rest.caching import KeptAnswers
from obelisk.rest.messages import kept_response
from obelisk.services.encoding import AssumedEncoding


@pytest.fixture
def services():
    """What a kept answer needs; the index never changes."""
    return SimpleNamespace(
        answers=KeptAnswers(lambda: 1, 1_000_000), default_encoding=AssumedEncoding()
    )


def ask(services, key, made):
    """Ask for an answer that tells how many were made."""

    def make():
        made.append(key)
        return len(made)

    return orjson.loads(kept_response(services, key, make).body)


def test_the_same_request_has_the_same_answer(services):
    """Another one has its own."""
    made = []
    answers = [ask(services, ("find", body), made) for body in (b"a", b"b", b"a")]

    assert answers == [1, 2, 1]


def test_long_requests_are_not_kept(services):
    """They would take more room than their answers."""
    made = []
    key = "find", b"x" * 1_000_000

    assert [ask(services, key, made) for _ in range(2)] == [1, 2]


def test_answers_depend_on_the_character_set(services):
    """What is read from files under one is not given under another."""
    made = []
    before = ask(services, ("find", b""), made)
    services.default_encoding.name = "Greek"

    assert ask(services, ("find", b""), made) == before + 1
