"""Tests of how resources are written; the golden tests compare with Orthanc."""

import orjson
import pytest

from obelisk.dicom.levels import Level
from obelisk.index.records import ResourceRow
from obelisk.rest.messages import json_bytes
from obelisk.rest.resource_json import resource_json, studies_json
from obelisk.rest.response_content import ResponseContent
from obelisk.services.resources import ResourceDescription

STUDY = ResourceRow(
    pk=7,
    id="0a1b2c3d-0a1b2c3d-0a1b2c3d-0a1b2c3d-0a1b2c3d",
    attributes='{"StudyDate":"20240102","StudyDescription":"Schädel \\"50 %\\" {x}"}',
    metadata="{}",
    parent_id="f0e1d2c3-f0e1d2c3-f0e1d2c3-f0e1d2c3-f0e1d2c3",
    child_ids='["a","b"]',
    last_update="20240102T030405",
    stable_at=None,
    labels="[]",
    patient_attributes='{"PatientID":"P"}',
)


def origins(**metadata):
    """Return metadata as the index keeps them."""
    return {"metadata": orjson.dumps(metadata).decode()}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"stable_at": 1000.0, "labels": '["a","ü"]', "child_ids": "[]"},
        origins(MainDicomTagsSignature="0010,0010"),
        origins(ModifiedFrom="1-2"),
        origins(AnonymizedFrom='3"\n', ModifiedFrom="1-2", RemoteAET="X"),
    ],
)
def test_listed_study_is_written_like_a_single_one(changes):
    """The list of all studies has a way of its own; nobody can tell by the bytes."""
    row = STUDY._replace(**changes)
    described = ResourceDescription(Level.STUDY, row)
    expected = json_bytes([resource_json(described, ResponseContent())] * 2)

    assert json_bytes(studies_json([row[:10], row[:10]])) == expected


def test_empty_list_of_studies():
    """Nothing is written as nothing."""
    assert json_bytes(studies_json([])) == b"[]"
