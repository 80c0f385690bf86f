"""Encodes text as Specific Character Set (0008,0005) says (PS3.3 C.12.1.1.2)."""

import re
from collections.abc import Iterable

#: The defined terms for the encodings as Orthanc names them (``DefaultEncoding``).
TERMS = {
    "Ascii": "ISO_IR 6",
    "Utf8": "ISO_IR 192",
    "Latin1": "ISO_IR 100",
    "Latin2": "ISO_IR 101",
    "Latin3": "ISO_IR 109",
    "Latin4": "ISO_IR 110",
    "Latin5": "ISO_IR 148",
    "Cyrillic": "ISO_IR 144",
    "Arabic": "ISO_IR 127",
    "Greek": "ISO_IR 126",
    "Hebrew": "ISO_IR 138",
    "Thai": "ISO_IR 166",
    "Japanese": "ISO_IR 13",
    "Chinese": "GB18030",
    "JapaneseKanji": "\\ISO 2022 IR 87",
    "Korean": "\\ISO 2022 IR 149",
    "SimplifiedChinese": "\\ISO 2022 IR 58",
}

UTF_8 = "ISO_IR 192"

#: The codecs of the sets that stand alone.
_CODECS = {
    "ISO_IR 6": "ascii",
    "ISO_IR 100": "latin-1",
    "ISO_IR 101": "iso8859_2",
    "ISO_IR 109": "iso8859_3",
    "ISO_IR 110": "iso8859_4",
    "ISO_IR 144": "iso8859_5",
    "ISO_IR 127": "iso8859_6",
    "ISO_IR 126": "iso8859_7",
    "ISO_IR 138": "iso8859_8",
    "ISO_IR 148": "iso8859_9",
    "ISO_IR 203": "iso8859_15",
    "ISO_IR 13": "shift_jis",
    "ISO_IR 166": "tis_620",
    "ISO_IR 192": "utf-8",
    "GB18030": "gb18030",
    "GBK": "gbk",
}

#: The codecs of the sets that escape sequences switch to; the first one holds without.
_EXTENSIONS = {
    "": ("ascii", b""),
    "ISO 2022 IR 6": ("ascii", b""),
    "ISO 2022 IR 87": ("iso2022_jp", b""),
    "ISO 2022 IR 159": ("iso2022_jp_1", b""),
    "ISO 2022 IR 149": ("euc_kr", b"\x1b$)C"),
    "ISO 2022 IR 58": ("gb2312", b"\x1b$)A"),
    "ISO 2022 IR 100": ("latin-1", b"\x1b-A"),
    "ISO 2022 IR 101": ("iso8859_2", b"\x1b-B"),
    "ISO 2022 IR 109": ("iso8859_3", b"\x1b-C"),
    "ISO 2022 IR 110": ("iso8859_4", b"\x1b-D"),
    "ISO 2022 IR 144": ("iso8859_5", b"\x1b-L"),
    "ISO 2022 IR 127": ("iso8859_6", b"\x1b-G"),
    "ISO 2022 IR 126": ("iso8859_7", b"\x1b-F"),
    "ISO 2022 IR 138": ("iso8859_8", b"\x1b-H"),
    "ISO 2022 IR 148": ("iso8859_9", b"\x1b-M"),
    "ISO 2022 IR 166": ("tis_620", b"\x1b-T"),
}
#: What resets the sets (PS3.5 Section 6.1.2.5.3).
_DELIMITERS = re.compile(r"([\\^=\r\n\t\f])")
_UNDEFINED_IN_SHIFT_JIS = re.compile("[^\x00-\x7f\uff61-\uff9f]")


class UnknownCharacterSetError(ValueError):
    """No defined term of the standard, or one that is not supported."""


class TextEncoder:
    """Encodes text.

    Parameters
    ----------
    specific_character_set
        The value of Specific Character Set.

    Raises
    ------
    UnknownCharacterSetError
        If it is not supported.
    """

    def __init__(self, specific_character_set: str) -> None:
        terms = [term.strip() for term in specific_character_set.split("\\")]
        self.terms = specific_character_set
        self._codec = _CODECS.get(terms[0]) if len(terms) == 1 else None
        self._extensions = [_EXTENSIONS[term] for term in terms if term in _EXTENSIONS]
        if self._codec is None and (
            len(self._extensions) != len(terms) or not any(terms)
        ):
            raise UnknownCharacterSetError

    def encode(self, text: str) -> bytes:
        """Encode a value.

        Raises
        ------
        UnicodeEncodeError
            If the character set lacks one of its characters.
        """
        if self._codec is not None:
            if self._codec == "shift_jis" and _UNDEFINED_IN_SHIFT_JIS.search(text):
                raise UnicodeEncodeError("ISO_IR 13", text, 0, 1, "not in the set")
            return text.encode(self._codec)
        return b"".join([self._piece(one) for one in _DELIMITERS.split(text)])

    def _piece(self, text: str) -> bytes:
        """Encode text without delimiters, in the first set that has it all."""
        if text.isascii():
            return text.encode("ascii")
        for index, (codec, escape) in enumerate(self._extensions):
            try:
                encoded = text.encode(codec)
            except UnicodeEncodeError:
                continue
            return encoded if index == 0 else escape + encoded
        raise UnicodeEncodeError(self.terms, text, 0, 1, "not in the sets")

    def can_encode(self, texts: Iterable[str]) -> bool:
        """Tell whether the character set has all characters of some texts."""
        try:
            for text in texts:
                self.encode(text)
        except UnicodeEncodeError:
            return False
        return True
