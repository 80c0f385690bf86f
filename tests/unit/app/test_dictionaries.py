"""Tests of the dictionaries that a configuration asks for."""

import pytest

from obelisk.app.dictionaries import load_dictionaries
from obelisk.config import DictionaryEntry, DictionarySection
from obelisk.dicom import dictionary
from obelisk.dicom.dictionary import UNKNOWN_NAME, name_of
from obelisk.errors import ConfigError

_CREATOR = "SIEMENS CSA HEADER"


@pytest.fixture(autouse=True)
def _own_tables(monkeypatch):
    """Let a test change the dictionaries."""
    for name in ("_STANDARD", "_PRIVATE", "_TAGS", "_PRIVATE_TAGS"):
        table = getattr(dictionary, name)
        copy = {k: dict(v) if isinstance(v, dict) else v for k, v in table.items()}
        monkeypatch.setattr(dictionary, name, copy)


def _section(*entries, **options):
    return DictionarySection(
        dictionary={str(number): one for number, one in enumerate(entries)}, **options
    )


def test_attributes_of_a_site():
    """They have names from then on; loading them again changes nothing."""
    entry = DictionaryEntry(0x43211012, "UT", "Mine", creator="My Company")
    for _ in range(2):
        load_dictionaries(_section(entry))

    assert name_of(0x43211012, "My Company") == "Mine"
    assert name_of(0x00291110, _CREATOR) != UNKNOWN_NAME


def test_without_private_dictionary():
    """Only what the site describes has a name."""
    entry = DictionaryEntry(0x43211012, "UT", "Mine", creator="My Company")
    load_dictionaries(_section(entry, private_dictionary_loaded=False))

    assert name_of(0x00291110, _CREATOR) == UNKNOWN_NAME
    assert name_of(0x43211012, "My Company") == "Mine"


def test_files(tmp_path):
    """Names that are known stay; a file that is not there is a problem."""
    file = tmp_path / "a.dic"
    file.write_text(
        '(4321,"X",10) LO Filed 1 PrivateTag\n(0010,0010) PN Somebody 1 DICOM\n'
    )
    load_dictionaries(_section(external_dictionaries=(str(file),)))

    assert name_of(0x43211010, "X") == "Filed"
    assert name_of(0x00100010) == "PatientName"
    with pytest.raises(ConfigError, match="cannot be read"):
        load_dictionaries(_section(external_dictionaries=(str(tmp_path / "no.dic"),)))


def test_a_collision():
    """An attribute that is described already is refused with both names."""
    entry = DictionaryEntry(0x00100010, "LO", "Somebody")

    with pytest.raises(ConfigError, match=r'"Somebody".*"PatientName"'):
        load_dictionaries(_section(entry))
