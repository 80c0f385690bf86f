"""Orthanc's recorded answers about single files, from the reader without a server."""

from collections.abc import Iterator
from typing import Any

import pytest

from golden.recording import load, make_scenario
from obelisk.dicom.parsing import parse_instance
from obelisk.dicom.reading.dataset import read_dataset
from obelisk.dicom.reading.file_meta import read_file_meta
from obelisk.dicom.tag_json import TagForm, header_json, tags_json
from obelisk.errors import InvalidDICOMError
from parity.differences import iter_differences, mend

_EXAMPLES_MAX = 25
_NAMES = ("crafted", "pydicom")
_FORMS = {"": TagForm.FULL, "simplify": TagForm.SIMPLE, "short": TagForm.SHORT}


def uploads(name: str) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """Yield each file of a scenario with what Orthanc answered to its upload."""
    scenario = make_scenario(name)
    recorded = dict(load(name))
    for file_name, content in scenario.files.items():
        yield file_name, content, recorded[f"POST /instances [{file_name}]"]
    for file_name, content in (scenario.refused or {}).items():
        answer = recorded[f"POST /instances [refused {file_name}]"]
        yield file_name, content, answer


@pytest.mark.parametrize("name", _NAMES)
def test_refused_files_are_refused(name: str) -> None:
    """What Orthanc refuses is invalid to the reader, and nothing else is."""
    faults = []
    for file_name, content, answer in uploads(name):
        try:
            parse_instance(content)
        except InvalidDICOMError as error:
            if answer["status"] == 200:
                faults.append(f"{file_name}: {error}")
        else:
            if answer["status"] != 200:
                faults.append(f"{file_name}: taken, though Orthanc refuses it")

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("name", _NAMES)
def test_identifiers_are_orthanc_s(name: str) -> None:
    """Every instance has the identifiers, at all levels, that Orthanc gives it."""
    faults = []
    for file_name, content, answer in uploads(name):
        if answer["status"] != 200:
            continue
        ids = parse_instance(content).ids
        body = answer["body"]
        expected = [body[f"Parent{level}"] for level in ("Patient", "Study", "Series")]
        if [ids.patient, ids.study, ids.series, ids.instance] != [
            *expected,
            body["ID"],
        ]:
            faults.append(file_name)

    assert not faults


@pytest.mark.parametrize("form", _FORMS)
@pytest.mark.parametrize("name", _NAMES)
def test_tags_are_orthanc_s(name: str, form: str) -> None:
    """Every instance is shown in JSON as Orthanc shows it."""
    recorded = dict(load(name))
    faults = []
    for file_name, content, answer in uploads(name):
        if answer["status"] != 200 or answer["body"]["Status"] != "Success":
            continue
        path = f"GET /instances/{answer['body']['ID']}"
        shown = {
            "tags": tags_json(read_dataset(content), _FORMS[form]),
            "header": header_json(read_file_meta(content), _FORMS[form]),
        }
        for leaf, value in shown.items():
            expected = mend(recorded[f"{path}/{leaf} [{form}]"]["body"], value)
            difference = next(iter_differences(expected, value), None)
            if difference:
                faults.append(f"{file_name} {leaf}: {difference}")

    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:_EXAMPLES_MAX])
