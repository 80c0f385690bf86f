"""Tests of conditions as SQL, and of what is asked of the index of trigrams."""

import re

import pytest

from obelisk.dicom.matching import AnyOf, Between, Like
from obelisk.index.conditions import condition_clause, trigrams_of


def parts_of(asked):
    """Return the trigrams that are asked for."""
    return [part.replace('""', '"') for part in re.findall(r'"((?:[^"]|"")*)"', asked)]


@pytest.mark.parametrize("text", ["abc", "abcd", "abcdef", "abcdefg", 'a"b"c"'])
def test_trigrams_cover_a_text(text):
    """Each character lies in one of them, and each of them in the text."""
    parts = parts_of(trigrams_of(Like(f"*{text}*", is_case_sensitive=False)))

    assert all(len(part) == 3 for part in parts)
    assert len(parts) == -(-len(text) // 3)
    found = [text.upper().index(part) for part in parts]
    assert {place + step for place in found for step in range(3)} == set(
        range(len(text))
    )


def test_long_texts_are_asked_for_by_their_beginning():
    """What is found is checked anyway."""
    text = "".join(chr(65 + number % 26) for number in range(5000))
    parts = parts_of(trigrams_of(AnyOf((text,))))

    assert len(parts) == 8
    assert "".join(parts) == text[:24]


def test_several_texts():
    """Values of a list stand for each other, parts of a pattern belong together."""
    assert trigrams_of(AnyOf(("abcd", "xyz"))) == '("ABC" AND "BCD") OR ("XYZ")'
    assert trigrams_of(Like("abc*x?xyz")) == '("ABC") AND ("XYZ")'


@pytest.mark.parametrize(
    "condition", [AnyOf(("abc", "x")), Like("a*b?"), Between("1", "2"), Like("ab\0cd*")]
)
def test_no_trigrams(condition):
    """Where a value may have none, the index of trigrams is of no help."""
    assert trigrams_of(condition) is None


@pytest.mark.parametrize("is_multiple", [False, True])
@pytest.mark.parametrize("pattern", ["abc*", "*abc*", "\U0010ffff*"])
def test_patterns_are_no_bare_parameters(pattern, is_multiple):
    """SQLite looks into those, and plans the statement anew for each of them."""
    condition = Like(pattern, is_case_sensitive=False, is_multiple=is_multiple)
    text, _ = condition_clause(condition, "value", column="name")

    assert "GLOB" in text
    assert "GLOB ?" not in text
