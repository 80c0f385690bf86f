"""Tests of the matching of attributes."""

import pytest

from obelisk.dicom.matching import (
    AnyOf,
    Between,
    CaseRule,
    Constraint,
    HasItem,
    Like,
    constraints_of,
    fold,
)
from obelisk.errors import InvalidArgumentError

PATIENT_NAME = 0x00100010
PATIENT_ID = 0x00100020
STUDY_DATE = 0x00080020
STUDY_UID = 0x0020000D
IMAGE_TYPE = 0x00080008
COMMENTS = 0x00204000
CODES = 0x00081032
CODE_VALUE = 0x00080100


def condition_of(tag, wanted, rule=CaseRule.NOWHERE):
    """Return the only condition of an identifier with one attribute."""
    (constraint,) = constraints_of({tag: wanted}, rule)
    return constraint.condition


@pytest.mark.parametrize(
    ("tag", "wanted", "kind"),
    [
        (PATIENT_NAME, "Doe", AnyOf),
        (PATIENT_NAME, "Doe\\Ro*", AnyOf),
        (PATIENT_NAME, "D*", Like),
        (PATIENT_NAME, "D?e", Like),
        (PATIENT_NAME, "a-b", AnyOf),
        (STUDY_DATE, "20240101-", Between),
        (STUDY_DATE, "20240101", AnyOf),
        (STUDY_UID, "1.2\\1.3", AnyOf),
        (CODES, [{CODE_VALUE: "x"}], HasItem),
    ],
)
def test_value_decides_the_kind_of_matching(tag, wanted, kind):
    """Lists, ranges, wild cards and items are told apart (PS3.4 C.2.2.2)."""
    assert type(condition_of(tag, wanted)) is kind


@pytest.mark.parametrize(
    ("tag", "wanted"),
    [(PATIENT_NAME, ""), (STUDY_DATE, "-"), (CODES, []), (CODES, [{CODE_VALUE: ""}])],
)
def test_attribute_without_value_constrains_nothing(tag, wanted):
    """Universal matching is no constraint (PS3.4 C.2.2.2.3)."""
    assert constraints_of({tag: wanted}, CaseRule.NOWHERE) == ()


@pytest.mark.parametrize(
    ("tag", "wanted"),
    [(STUDY_DATE, "2024*"), (STUDY_UID, "1.2?"), (0x00111111, "*"), (CODES, "x*")],
)
def test_wild_cards_stand_where_the_vr_allows_them(tag, wanted):
    """A wild card elsewhere is refused."""
    with pytest.raises(InvalidArgumentError):
        constraints_of({tag: wanted}, CaseRule.NOWHERE)


@pytest.mark.parametrize("value", [None, "x", [], [{0x00080100: "x"}]])
def test_text_matches_no_sequence(value):
    """As with Orthanc, whatever the items have."""
    assert not condition_of(CODES, "x").matches(value)


@pytest.mark.parametrize(
    ("rule", "tag", "is_found"),
    [
        (CaseRule.NOWHERE, PATIENT_NAME, True),
        (CaseRule.NOWHERE, PATIENT_ID, True),
        (CaseRule.EXCEPT_NAMES, PATIENT_NAME, True),
        (CaseRule.EXCEPT_NAMES, PATIENT_ID, False),
        (CaseRule.EVERYWHERE, PATIENT_NAME, False),
    ],
)
def test_case_counts_as_the_rule_says(rule, tag, is_found):
    """The standard lets case count except in names; a request may say otherwise."""
    assert condition_of(tag, "été", rule).matches("ÉTÉ") is is_found


def test_accents_count():
    """A letter without its accent is another letter."""
    assert not condition_of(PATIENT_NAME, "ete").matches("été")


def test_question_mark_is_one_character():
    """A character counts once, however many bytes it has."""
    assert condition_of(PATIENT_NAME, "M?ller").matches("Müller")
    assert not condition_of(PATIENT_NAME, "M??ller").matches("Müller")


@pytest.mark.parametrize("wanted", ["PRIMARY", "SECONDARY\\PRIMARY", "PRIM*", "*L"])
def test_one_of_several_values_is_enough(wanted):
    """An attribute of several values matches by any of them."""
    condition = condition_of(IMAGE_TYPE, wanted)

    assert condition.matches("ORIGINAL\\PRIMARY\\AXIAL")
    assert not condition.matches("ORIGIN\\SECOND")


def test_backslash_in_text_of_one_value_is_a_character():
    """VRs that have one value only are compared as a whole."""
    assert not condition_of(COMMENTS, "a").matches("a\\b")
    assert condition_of(COMMENTS, "a*").matches("a\\b")


@pytest.mark.parametrize(
    ("wanted", "value", "is_found"),
    [
        ("2020-2021", "20200102", True),
        ("2020-2021", "20210101", False),
        ("-2020", "", True),
        ("2020-", "", False),
        ("20200102-20200102", "20200102", True),
    ],
)
def test_range_compares_text_and_has_its_ends(wanted, value, is_found):
    """Both ends belong to a range, and an open end is no limit."""
    assert condition_of(STUDY_DATE, wanted).matches(value) is is_found


def test_item_fulfils_all_constraints_at_once():
    """Two items that each fulfil one constraint are not enough."""
    condition = condition_of(CODES, [{CODE_VALUE: "A", 0x00080102: "DCM"}])

    assert condition.matches([{CODE_VALUE: "A", 0x00080102: "DCM"}, {}])
    assert not condition.matches([{CODE_VALUE: "A"}, {0x00080102: "DCM"}])
    assert not condition.matches("A")


@pytest.mark.parametrize(
    "condition",
    [
        AnyOf(("",)),
        Like("*"),
        Between(None, "9"),
        HasItem((Constraint(CODE_VALUE, AnyOf(("A",))),)),
    ],
)
def test_absent_attribute_matches_nothing(condition):
    """Only universal matching finds what does not have the attribute."""
    assert not condition.matches(None)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("abc", "ABC"),
        ("äé", "ÄÉ"),
        ("straße", "STRAßE"),
        ("\u0131\u017f", "\u0131\u017f"),
    ],
)
def test_folding_keeps_the_length_and_the_side_of_ascii(text, folded):
    """What has no capital of one character, or one within ASCII only, stays."""
    assert fold(text) == folded


def test_many_stars_take_no_time():
    """Matching is not exponential in the number of wild cards."""
    assert not Like("*a" * 40 + "b").matches("a" * 5000)


def test_pattern_has_a_limit():
    """A longer one could not be given to the index."""
    with pytest.raises(InvalidArgumentError):
        constraints_of({PATIENT_NAME: "a" * 10_000 + "*"}, CaseRule.NOWHERE)
