import json
import re
from dataclasses import fields
from typing import get_type_hints

import pytest

from obelisk.config import Config, default_file, effective, load_config
from obelisk.config.loading import declared_options
from obelisk.config.options import KEY
from obelisk.config.rendering import field_documentation, variable_name
from obelisk.config.sections import HTTPSection, Modality
from obelisk.config.text import parse_object


def test_the_default_file_loads_back_as_the_defaults(tmp_path, monkeypatch):
    """What is written for a user is what holds without it."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "default.json"
    path.write_text(default_file())

    assert load_config([path.relative_to(tmp_path)], {}) == (Config(), [])


def test_the_default_file_names_every_option():
    """An option that is unset by default stands there as a comment."""
    text = default_file()

    for one in declared_options():
        assert f'"{one.facts.name}" : ' in text
    assert '// "IndexDirectory" : null' in text
    assert '\n  "HttpPort" : 8042,' in text


def test_the_default_file_is_json_with_comments():
    """Scripts take the comments out by two expressions, and read the rest as JSON."""
    text = re.sub(r"//.*$", "", default_file(), flags=re.MULTILINE)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)

    values = json.loads(text)

    assert values["HttpPort"] == 8042
    assert "IndexDirectory" not in values


def test_the_effective_configuration_can_be_loaded_but_shows_no_password():
    """Users are shown, passwords are not."""
    config = Config(http=HTTPSection(registered_users={"alice": "secret"}))

    text = effective(config)

    assert "secret" not in text
    assert json.loads(text)["RegisteredUsers"] == {"alice": "********"}
    assert json.loads(text)["HttpPort"] == 8042


def test_a_password_is_not_in_the_representation():
    """A log line with the whole configuration would not betray it."""
    assert "secret" not in repr(HTTPSection(registered_users={"alice": "secret"}))


@pytest.mark.parametrize("section", [*get_type_hints(Config).values(), Modality])
def test_every_field_is_documented(section):
    """The docstring under a field is its entry in the reference."""
    documented = field_documentation(section)

    assert list(documented) == [one.name for one in fields(section)]
    assert all(text.endswith(".") for text in documented.values())


def test_every_option_has_facts():
    """Else it is of the command line, or all that was said together."""
    for section in get_type_hints(Config).values():
        nameless = [one.name for one in fields(section) if KEY not in one.metadata]
        assert nameless in ([], ["is_resuming"], ["configuration"])


def test_modalities_are_written_in_a_form_that_is_read():
    """The effective configuration of a modality is valid input."""
    config, _ = load_config([], {"ORTHANC__DICOM_MODALITIES": '{"a":["A","h",104]}'})
    value = parse_object(effective(config), {})["DicomModalities"]

    again, _ = load_config([], {"ORTHANC__DICOM_MODALITIES": json.dumps(value)})

    assert again == config


@pytest.mark.parametrize(
    ("option", "variable"),
    [
        ("Name", "ORTHANC__NAME"),
        ("DicomAet", "ORTHANC__DICOM_AET"),
        ("StoreMD5ForAttachments", "ORTHANC__STORE_MD5_FOR_ATTACHMENTS"),
        ("MaximumRequestBodySizeMB", "ORTHANC__MAXIMUM_REQUEST_BODY_SIZE_MB"),
    ],
)
def test_the_variable_of_an_option_follows_its_words(option, variable):
    """Words are divided where a capital letter starts one."""
    assert variable_name(option) == variable


@pytest.mark.parametrize(
    "one",
    [one for one in declared_options() if one.type is bool],
    ids=lambda one: one.facts.name,
)
def test_the_variable_in_the_reference_sets_the_option(one):
    """The names that the reference prints are those that are understood."""
    environ = {
        variable_name(one.facts.name): json.dumps(not one.field.default),
        "ORTHANC__REGISTERED_USERS": "{}",
    }

    config, _ = load_config([], environ)

    section = getattr(config, one.section)
    assert getattr(section, one.field.name) is (not one.field.default)
