"""What options that are a choice can be."""

from enum import Enum


class OverwriteMode(Enum):
    """What happens to an instance that is stored already."""

    NEVER = "Never"
    ALWAYS = "Always"
    IF_CHANGED = "IfChanged"


class StorageMode(Enum):
    """What happens when the quota is used up."""

    RECYCLE = "Recycle"
    REJECT = "Reject"


class StorageAccess(Enum):
    """When a search may read DICOM files, beside the index."""

    ALWAYS = "Always"
    ANSWERS = "Answers"
    NEVER = "Never"


class DefaultEncoding(Enum):
    """The character sets that a file without Specific Character Set may be in."""

    ASCII = "Ascii"
    UTF8 = "Utf8"
    LATIN1 = "Latin1"
    LATIN2 = "Latin2"
    LATIN3 = "Latin3"
    LATIN4 = "Latin4"
    LATIN5 = "Latin5"
    CYRILLIC = "Cyrillic"
    WINDOWS1251 = "Windows1251"
    ARABIC = "Arabic"
    GREEK = "Greek"
    HEBREW = "Hebrew"
    THAI = "Thai"
    JAPANESE = "Japanese"
    CHINESE = "Chinese"
    JAPANESE_KANJI = "JapaneseKanji"
    KOREAN = "Korean"
    SIMPLIFIED_CHINESE = "SimplifiedChinese"
