"""`app.checking`: what is wrong with a configuration by the dictionaries."""

import pytest

from obelisk.app.checking import check_config
from obelisk.config import Config, DictionaryEntry, DictionarySection, FindSection
from obelisk.dicom.dictionary import lookup_known, name_of
from obelisk.errors import ConfigError

_ENTRY = DictionaryEntry(0x43211012, "UT", "Mine", creator="My Company")


def _config(*entries, **options):
    section = DictionarySection(dictionary=dict(enumerate(entries)), **options)
    return Config(
        dictionaries=section, find=FindSection(extra_main_tags={"Study": ("Mine",)})
    )


def test_attributes_of_a_site_may_be_indexed():
    """Their names are known while the configuration is checked."""
    check_config(_config(_ENTRY))


def test_a_check_leaves_the_dictionaries_as_they_are():
    """Another configuration may come after this one."""
    check_config(_config(_ENTRY, private_dictionary_loaded=False))

    assert lookup_known("Mine") is None
    assert name_of(0x43211012, "My Company") != "Mine"
    assert name_of(0x00291110, "SIEMENS CSA HEADER") == "CSAImageHeaderInfo"
    assert name_of(0x00100010) == "PatientName"


def test_all_problems_are_told_at_once():
    """Those of files, of attributes, and of what is to be indexed."""
    wrong = DictionaryEntry(0x00100010, "LO", "Somebody")

    with pytest.raises(ConfigError) as raised:
        check_config(_config(wrong, external_dictionaries=("a.dic", "b.dic")))
    assert len(raised.value.problems) == 4
