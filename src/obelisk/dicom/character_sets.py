"""Decode text as Specific Character Set (0008,0005) says (PS3.3 C.12.1.1.2).

What a character set does not define is left out.
"""

import codecs
import re
from functools import lru_cache

#: The Python codecs of the encodings as Orthanc names them (``DefaultEncoding``).
ENCODINGS = {
    "Ascii": "ascii",
    "Utf8": "utf-8",
    "Latin1": "latin-1",
    "Latin2": "iso8859_2",
    "Latin3": "iso8859_3",
    "Latin4": "iso8859_4",
    "Latin5": "iso8859_9",
    "Cyrillic": "iso8859_5",
    "Windows1251": "cp1251",
    "Arabic": "iso8859_6",
    "Greek": "iso8859_7",
    "Hebrew": "iso8859_8",
    "Thai": "tis_620",
    "Japanese": "shift_jis",
    "Chinese": "gb18030",
    "JapaneseKanji": "iso2022_jp",
    "Korean": "cp949",
    "SimplifiedChinese": "gb2312",
}

#: Defined terms by number; "ISO_IR n" and "ISO 2022 IR n" differ only in whether
#: escape sequences may switch to other sets.
_REPERTOIRES = {
    "100": "latin-1",
    "101": "iso8859_2",
    "109": "iso8859_3",
    "110": "iso8859_4",
    "148": "iso8859_9",
    "203": "iso8859_15",
    "144": "iso8859_5",
    "127": "iso8859_6",
    "126": "iso8859_7",
    "138": "iso8859_8",
    "166": "tis_620",
    "13": "shift_jis",
}
_CODECS = (
    {f"ISO_IR {number}": codec for number, codec in _REPERTOIRES.items()}
    | {f"ISO 2022 IR {number}": codec for number, codec in _REPERTOIRES.items()}
    | {
        "ISO_IR 6": "ascii",
        "ISO 2022 IR 6": "ascii",
        "ISO 2022 IR 58": "gb2312",
        "ISO 2022 IR 87": "iso2022_jp",
        "ISO 2022 IR 149": "cp949",
        "ISO 2022 IR 159": "iso2022_jp",
        "ISO_IR 192": "utf-8",
        "GB18030": "gb18030",
        "GBK": "gb18030",
    }
)
#: Some devices write "ISO_IR_100", which can mean one thing only.
_CODECS |= {name.replace(" ", "_"): codec for name, codec in _CODECS.items()}

#: What each escape sequence designates (PS3.3 Tables C.12-3 and C.12-4): the
#: half of the code table, and a codec for it.
_DESIGNATIONS = {
    b"(B": (0, "ascii"),
    b"(J": (0, "shift_jis"),
    b"$B": (0, "jis_x_0208"),
    b"$@": (0, "jis_x_0208"),
    b"$(D": (0, "jis_x_0212"),
    b")I": (1, "shift_jis"),
    b"-A": (1, "latin-1"),
    b"-B": (1, "iso8859_2"),
    b"-C": (1, "iso8859_3"),
    b"-D": (1, "iso8859_4"),
    b"-F": (1, "iso8859_7"),
    b"-G": (1, "iso8859_6"),
    b"-H": (1, "iso8859_8"),
    b"-L": (1, "iso8859_5"),
    b"-M": (1, "iso8859_9"),
    b"-T": (1, "tis_620"),
    b"-b": (1, "iso8859_15"),
    b"$)A": (1, "gb2312"),
    b"$)C": (1, "cp949"),
}
_ESCAPES = re.compile(
    b"\x1b(" + b"|".join(re.escape(sequence) for sequence in _DESIGNATIONS) + b")"
)
_OTHER_ESCAPES = re.compile(rb"\x1b[\x20-\x2f]*[\x30-\x7e]|[\x0e\x0f]")
_HALVES = re.compile(b"[\x00-\x7f]+|[\x80-\xff]+")

#: Text of these VRs has one value, in which a backslash is no delimiter.
SINGLE_VALUED = frozenset({"LT", "ST", "UT"})
#: Bytes that a codec takes for control characters though the set has none there.
_UNDEFINED = {"tis_620": bytes(range(0x80, 0xA1))}
_NOT_ASCII = bytes(range(10)) + bytes(range(11, 32)) + bytes(range(127, 256))
#: What decodes ASCII to anything else, or leaves some of it out.
_NOT_PLAIN = frozenset({"ascii", "shift_jis", "iso2022_jp"})
_SHIFTED = ("shift_jis", "gb18030", "cp949")


def _skip_sequence(error: UnicodeError) -> tuple[str, int]:
    """Leave out a broken UTF-8 sequence and the byte that broke it."""
    assert isinstance(error, UnicodeDecodeError)
    value, start = error.object, error.start
    lead = value[start]
    if not 0xC2 <= lead <= 0xF4:
        return "", start + 1
    stop = start + 1
    for _ in range((lead >= 0xC2) + (lead >= 0xE0) + (lead >= 0xF0)):
        stop += 1
        if value[stop - 1 : stop] and not 0x80 <= value[stop - 1] <= 0xBF:
            break
    return "", min(stop, len(value))


def _skip_pair(error: UnicodeError) -> tuple[str, int]:
    """Leave out a pair of bytes that is no character."""
    assert isinstance(error, UnicodeDecodeError)
    second = error.object[error.start + 1 : error.start + 2]
    return "", error.start + (2 if second >= b"A" else 1)


codecs.register_error("obelisk.skip_sequence", _skip_sequence)
codecs.register_error("obelisk.skip_pair", _skip_pair)

#: What is left out around an invalid byte decides identifiers: as Orthanc does.
_ERROR_HANDLERS = {
    "utf-8": "obelisk.skip_sequence",
    "cp949": "obelisk.skip_pair",
}


class CharacterSet:
    """Decodes the text of a dataset.

    Parameters
    ----------
    codec
        The Python codec of the first character set.
    has_extensions
        Whether escape sequences switch between sets (PS3.5 Section 6.1.2.5).
    """

    __slots__ = ("_has_extensions", "codec", "plain_codec")

    def __init__(self, codec: str, *, has_extensions: bool) -> None:
        self.codec = codec
        self._has_extensions = has_extensions
        #: What decodes a value as `decode` does, or fails; "" if there is no such
        #: codec.
        self.plain_codec = "" if has_extensions or codec in _NOT_PLAIN else "ascii"
        if codec == "latin-1" and not has_extensions:
            self.plain_codec = codec

    def decode(self, value: bytes, vr: str = "LO") -> str:
        """Decode the value of an element, leaving out what is not valid."""
        codec = self.codec
        if codec == "latin-1" and not self._has_extensions:
            return value.decode(codec)
        if self._has_extensions and b"\x1b" in value:
            return _decode_extensions(value, codec)
        if codec in _SHIFTED and b"\\" in value and vr not in SINGLE_VALUED:
            # The second byte of a character may look like a delimiter.
            return "\\".join(_decode(part, codec) for part in value.split(b"\\"))
        text = _decode(value, codec)
        return text.replace("\\", "¥") if codec == "shift_jis" else text


def _decode(value: bytes, codec: str) -> str:
    if codec == "ascii":
        return value.translate(None, _NOT_ASCII).decode("ascii")
    if codec in _UNDEFINED:
        value = value.translate(None, _UNDEFINED[codec])
    text = value.decode(codec, _ERROR_HANDLERS.get(codec, "ignore"))
    return text.replace("~", "\u203e") if codec == "shift_jis" else text


def _decode_extensions(value: bytes, codec: str) -> str:
    """Decode text with escape sequences.

    The standard resets the sets at each delimiter; text that relies on it also
    says so with escape sequences, and old text that doesn't is still read.
    """
    is_japanese = codec == "iso2022_jp"
    halves = ["ascii", "ascii" if is_japanese else codec]
    parts = _ESCAPES.split(value)
    texts = [_decode_halves(parts[0], halves)]
    for sequence, part in zip(parts[1::2], parts[2::2], strict=True):
        half, designated = _DESIGNATIONS[sequence]
        halves[half] = designated
        texts.append(_decode_halves(part, halves))
    return "".join(texts)


def _decode_halves(value: bytes, halves: list[str]) -> str:
    low, high = halves
    value = _OTHER_ESCAPES.sub(b"", value)
    if low in ("ascii", high):
        # Each codec of the upper half has ASCII, or its like, as its lower half.
        return _decode(value, high) if high != "ascii" else _decode_low(value, low)
    return "".join(
        _decode_low(run, low) if run[0] < 0x80 else _decode(run, high)
        for run in _HALVES.findall(value)
    )


def _decode_low(value: bytes, codec: str) -> str:
    """Decode the lower half of the code table."""
    if codec == "jis_x_0208":
        return (b"\x1b$B" + value).decode("iso2022_jp", "ignore")
    if codec == "jis_x_0212":
        return (b"\x1b$(D" + value).decode("iso2022_jp_1", "ignore")
    return value.decode(codec, "ignore")


@lru_cache(maxsize=64)
def character_set_of(
    specific_character_set: str, default_encoding: str
) -> CharacterSet:
    """Choose the character set of a dataset.

    Parameters
    ----------
    specific_character_set
        The value of Specific Character Set (0008,0005), "" if it is absent.
    default_encoding
        Orthanc's name of the encoding of datasets without one.

    Returns
    -------
    CharacterSet
        ASCII if the value is not a defined term of the standard.
    """
    terms = [term.strip().upper() for term in specific_character_set.split("\\")]
    named = [term for term in terms if term]
    if not named:
        return CharacterSet(ENCODINGS[default_encoding], has_extensions=False)
    codec = _CODECS.get(named[0], "ascii")
    return CharacterSet(codec, has_extensions=len(terms) > 1 or codec == "iso2022_jp")
