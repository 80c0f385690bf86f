"""Tests of the encoding of text."""

import pytest

from obelisk.dicom.character_sets import ENCODINGS, character_set_of
from obelisk.dicom.text_encoding import TERMS, TextEncoder, UnknownCharacterSetError


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ("ISO_IR 100", "Äneas^Rüdiger"),
        ("ISO_IR 101", "Wałęsa^Lech"),
        ("ISO_IR 144", "Жуков^Пётр"),
        ("ISO_IR 126", "Διονυσιος"),
        ("ISO_IR 127", "قباني^لنزار"),
        ("ISO_IR 138", "שרון^דבורה"),
        ("ISO_IR 166", "นามสกุล"),
        ("ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        ("ISO_IR 192", "王^小東"),
        ("GB18030", "王^小东"),
        ("\\ISO 2022 IR 87", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("\\ISO 2022 IR 149", "Hong^Gildong=洪^吉洞=홍^길동"),
        ("\\ISO 2022 IR 58", "Zhang^XiaoDong=张^小东=张^小东"),
        ("ISO 2022 IR 100\\ISO 2022 IR 144", "Rüdiger=Жуков"),
    ],
)
def test_text_is_read_back(terms, text):
    """What is encoded is what the reader decodes, the examples of PS3.5 among them."""
    encoded = TextEncoder(terms).encode(text)

    assert character_set_of(terms, "Latin1").decode(encoded, "PN") == text


def test_terms_of_the_option():
    """Every encoding that can be configured, but Windows', has a term of DICOM."""
    assert TERMS.keys() == ENCODINGS.keys() - {"Windows1251"}
    for terms in TERMS.values():
        assert TextEncoder(terms).encode("A^B") == b"A^B"


@pytest.mark.parametrize(
    "terms", ["", "nope", "ISO_IR 192\\ISO 2022 IR 87", "ISO_IR 100\\ISO_IR 144"]
)
def test_unknown_terms(terms):
    """What is no term, or may not be combined, is refused."""
    with pytest.raises(UnknownCharacterSetError):
        TextEncoder(terms)


@pytest.mark.parametrize(
    ("terms", "text"),
    [("ISO_IR 100", "山"), ("ISO_IR 13", "山"), ("\\ISO 2022 IR 87", "한")],
)
def test_a_character_that_is_lacking(terms, text):
    """Nothing is left out in silence."""
    encoder = TextEncoder(terms)

    assert not encoder.can_encode(["A", text])
    assert encoder.can_encode(["A"])
