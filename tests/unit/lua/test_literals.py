import pytest
from lupa import lua53

from obelisk.lua.literals import literal


def evaluated(value):
    """Return what Lua makes of a JSON value."""
    return lua53.LuaRuntime(encoding=None).execute(literal(value), mode=b"t")


@pytest.mark.parametrize(
    ("value", "made"),
    [
        (None, None),
        (True, True),
        (False, False),
        (5, 5),
        (-5, -5),
        (2.0, 2),
        (2.5, 2.5),
        (-0.0, 0),
        (float("inf"), float("inf")),
        (float("-inf"), float("-inf")),
        ("", b""),
        ("é ☃", "é ☃".encode()),
        ('"]] .. x\\n\n\r\0\x7f9', b'"]] .. x\\n\n\r\x00\x7f9'),
        ("\ud800", b"?"),
    ],
)
def test_single_values(value, made):
    """They are the same in Lua, and text runs nothing."""
    assert evaluated(value) == made


@pytest.mark.parametrize(
    ("value", "kind"),
    [(2**32 - 1, int), (-(2**31), int), (2**32, float), (-(2**31) - 1, float)],
)
def test_integers_have_32_bits(value, kind):
    """Larger ones are floating-point numbers, as in Orthanc."""
    made = evaluated(value)

    assert made == value
    assert type(made) is kind


def test_tables():
    """Objects and lists become tables; null leaves a gap."""
    made = evaluated({"a": [1, None, 3], "é": {"b": []}, "none": None})

    assert set(made) == {b"a", "é".encode()}
    assert dict(made[b"a"]) == {1: 1, 3: 3}
    assert len(made[b"a"]) == 1
    assert list(made["é".encode()]) == [b"b"]


def test_too_many_levels():
    """They are refused instead of exhausting the stack."""
    value = []
    for _ in range(200):
        value = [value]

    with pytest.raises(ValueError, match="levels"):
        literal(value)
