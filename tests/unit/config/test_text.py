import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obelisk.config.text import blank_comments, parse_object, substitute_variables
from obelisk.errors import ConfigError

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_comments_of_both_kinds_are_left_out():
    """Line comments and block comments may stand wherever blanks may."""
    text = '// first\n{ /* a\n * b */ "Name" /**/ : "x" // last\n}\n/* end */'

    assert parse_object(text, {}) == {"Name": "x"}


@pytest.mark.parametrize(
    "value",
    [
        "http://host/path",
        "/* not a comment */",
        'a \\" // b',
        "\\",
        "// ]",
        ",}",
        ", ]",
    ],
)
def test_strings_keep_what_looks_like_a_comment(value):
    """Inside a string, slashes, stars and commas are text."""
    text = json.dumps({"Name": value, "Other": [value]})

    assert parse_object(text, {}) == {"Name": value, "Other": [value]}


@given(st.dictionaries(st.text(), JSON_VALUES, max_size=5))
def test_plain_json_is_read_as_it_is(content):
    """Every JSON object without variables is read like JSON."""
    text = json.dumps(content, ensure_ascii=False).replace("${", "$ {")

    assert parse_object(text, {}) == json.loads(text, strict=False)


def test_a_comma_after_the_last_member_is_allowed():
    """Orthanc's parser takes it, so many files have one."""
    text = '{ "A" : [ 1, 2, ], "B" : { "C" : 3, }, // last\n }'

    assert parse_object(text, {}) == {"A": [1, 2], "B": {"C": 3}}


def test_a_later_value_of_the_same_name_wins():
    """As in Orthanc, inside one file."""
    assert parse_object('{"Name": "a", "Name": "b"}', {}) == {"Name": "b"}


def test_blanking_keeps_lines_and_columns():
    """Each remaining character stays where it was, for the error messages."""
    text = '{ /* one\n two */ "A": 1, // x\n}'

    plain = blank_comments(text)

    assert len(plain) == len(text)
    assert plain.index('"A"') == text.index('"A"')
    assert plain.count("\n") == text.count("\n")


@pytest.mark.parametrize("text", ['"\\"', '{"A": 1} /* x', '{"A": "x // y', '"\\'])
def test_what_does_not_end_stays(text):
    """It is for the reader of the JSON to say what is wrong."""
    assert blank_comments(text) == text


@pytest.mark.parametrize("part", ['\\"', '"\\', "/*", '/*"', ", ", '"'])
def test_no_text_takes_time_by_its_square(part):
    """Each of these would take minutes if the rest were searched at each place."""
    text = part * 200_000

    assert len(blank_comments(text)) == len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${SET}", "value"),
        ("a${SET}b${SET}", "avaluebvalue"),
        ("${SET:-other}", "value"),
        ("${EMPTY:-other}", ""),
        ("${UNSET}", ""),
        ("${UNSET:-other}", "other"),
        ("${UNSET:-}", ""),
        ("${UNSET:-a b/c:-d${SET}}", "a b/c:-d${SET}"),
        ("$SET {SET} ${}", "$SET {SET} ${}"),
    ],
)
def test_variables_are_replaced_as_in_orthanc(text, expected):
    """A default counts if the variable does not exist, and ends at the first brace."""
    environ = {"SET": "value", "EMPTY": ""}

    assert substitute_variables(text, environ) == expected


def test_a_number_can_come_from_the_environment():
    """The text is replaced before it is read as JSON."""
    text = '{"HttpPort": ${PORT}, "DicomPort": ${OTHER:-104}}'

    assert parse_object(text, {"PORT": "8043"}) == {"HttpPort": 8043, "DicomPort": 104}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{\n  "Name": "x"\n  "Other": 1\n}', "line 3, column 3"),
        ('{ "Name": }', "line 1, column 11"),
        ('{ "Name": "x', "line 1"),
        ("", "line 1, column 1"),
        ('{} "more"', "line 1, column 4"),
        ("[1]", "one JSON object"),
        (f'{{"A": {"1" * 5000}}}', "too many digits"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_an_unreadable_file_is_refused_with_its_place(text, place):
    """The message says where, so that a person finds it."""
    with pytest.raises(ConfigError, match=place):
        parse_object(text, {})
