"""`rest.file_names`: what clients call what they save."""

import pytest

from obelisk.rest.file_names import named


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("a.dcm", "a.dcm"),
        ("", "id.zip"),
        ('a"b\\c\r\nd.dcm', "abcd.dcm"),
        ('"', "id.zip"),
    ],
)
def test_names_in_ascii(wanted: str, name: str) -> None:
    """Without what ends the quotes, or the line."""
    assert named(wanted, "id.zip") == f'filename="{name}"'


@pytest.mark.parametrize(
    ("wanted", "plain"),
    [
        ("Müller^Jürgen.zip", "Muller^Jurgen.zip"),
        ("Ærø 2.dcm", "_r_ 2.dcm"),
        ('é"1', "e1"),
        ("山田 CT.zip", "__ CT.zip"),
        ("山田.zip", "id.zip"),
        ("山田", "id.zip"),
        ("Люкс - .dcm", "id.zip"),
    ],
)
def test_other_names_have_a_plain_one(wanted: str, plain: str) -> None:
    """Which tells as much as it can, for clients that do not read the other one."""
    first, _, second = named(wanted, "id.zip").partition("; ")

    assert first == f'filename="{plain}"'
    assert second.startswith("filename*=UTF-8''")


def test_the_other_name_is_whole() -> None:
    """In UTF-8, by percent signs (RFC 8187)."""
    assert named("é/ .zip", "id").endswith("filename*=UTF-8''%C3%A9%2F%20.zip")
