"""`app.main_tags`: the option ExtraMainDicomTags."""

import pytest

from obelisk.app.main_tags import main_tags_of
from obelisk.config import Config, FindSection
from obelisk.dicom.levels import MAIN_TAGS, Level
from obelisk.errors import ConfigError


def config(tags):
    """Return a configuration with more main tags."""
    return Config(find=FindSection(extra_main_tags=tags))


@pytest.mark.parametrize("name", ["Study", "study", "Studies"])
@pytest.mark.parametrize("tag", ["PatientWeight", "0010,1030", "0010-1030", "00101030"])
def test_names_and_numbers_are_understood(name, tag):
    """Levels in any case and number, tags by keyword or number."""
    found = main_tags_of(config({name: (tag,)}))

    assert set(found.by_level[Level.STUDY]) - {*MAIN_TAGS[Level.STUDY]} == {0x00101030}


def test_every_problem_is_told_at_once():
    """As of all options."""
    tags = {"Stuudy": ("Rows",), "Series": ("Rowz", "5"), "Instance": ("Rows",)}

    with pytest.raises(ConfigError) as raised:
        main_tags_of(config(tags))

    names = ["Stuudy", "Rowz", "5"]
    assert [problem.split('"')[1] for problem in raised.value.problems] == names
    assert all('"ExtraMainDicomTags" must be' in one for one in raised.value.problems)
