import gzip
import io
import zlib
from typing import Any

import pytest
import requests
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from factories import make_instance
from launching import RunningServer

_SECONDS = 30


def _get(server: RunningServer, path: str, **options: Any) -> requests.Response:
    return requests.get(server.url + path, timeout=_SECONDS, **options)


def _json(server: RunningServer, path: str) -> Any:
    response = _get(server, path)
    assert response.status_code == 200, (path, response.text)
    return response.json()


def _post(server: RunningServer, body: bytes) -> dict[str, str]:
    answer: dict[str, str] = requests.post(
        f"{server.url}/instances", data=body, timeout=_SECONDS
    ).json()
    return answer


def _test_file(name: str) -> Dataset:
    return dcmread(str(get_testdata_file(name, download=False)))


def _encoded(dataset: Dataset) -> bytes:
    stream = io.BytesIO()
    dataset.save_as(stream)
    return stream.getvalue()


def _pair(server: RunningServer, seed: int) -> list[dict[str, str]]:
    """Store two slices of one series."""
    return [_post(server, make_instance(seed, number=number)) for number in (1, 2)]


def test_requested_tags_come_from_all_levels(server: RunningServer) -> None:
    """A study shows what its patient, its series and its instances have."""
    one, _ = _pair(server, 301)
    names = "PatientID;Modality;NumberOfStudyRelatedInstances;ModalitiesInStudy;Rows"
    path = f"/studies/{one['ParentStudy']}"
    found = _json(server, f"{path}?requested-tags={names}")["RequestedTags"]
    alias = _json(server, f"{path}?requestedTags={names}")["RequestedTags"]
    patient = _json(server, f"/patients/{one['ParentPatient']}")

    assert found == alias
    assert found["PatientID"] == patient["MainDicomTags"]["PatientID"]
    assert found["Modality"] == found["ModalitiesInStudy"] == "CT"
    assert found["NumberOfStudyRelatedInstances"] == "2"
    assert found["Rows"].isdigit()


def test_forms_of_requested_tags(server: RunningServer) -> None:
    """They are named the way that the main attributes are; what is absent is null."""
    one, _ = _pair(server, 302)
    path = f"/series/{one['ParentSeries']}?requested-tags=Modality;0010,4000"
    empty = {"Name": "PatientComments", "Type": "Null", "Value": None}
    full = {"Name": "Modality", "Type": "String", "Value": "CT"}

    short = _json(server, f"{path}&short")["RequestedTags"]
    assert short == {"0008,0060": "CT", "0010,4000": None}
    found = _json(server, f"{path}&full")["RequestedTags"]
    assert found == {"0008,0060": full, "0010,4000": empty}


def test_simplify_wins_over_other_forms(server: RunningServer) -> None:
    """Orthanc's order: simplify, short, full."""
    one, _ = _pair(server, 308)
    path = f"/series/{one['ParentSeries']}"

    assert _json(server, f"{path}?full&short&simplify") == _json(server, path)
    assert _json(server, f"{path}?full&short") == _json(server, f"{path}?short")


def test_the_last_of_two_arguments_counts(server: RunningServer) -> None:
    """As in Orthanc, where one is given twice."""
    ids = _json(server, "/instances")

    assert _json(server, "/instances?expand&expand=false") == ids
    page = "since=0&limit=9&limit=1"
    assert _json(server, f"/instances?{page}") == ids[:1]


def test_response_content_chooses_the_parts(server: RunningServer) -> None:
    """A list shows what was asked for, beside what names the resource."""
    one, _ = _pair(server, 303)
    found = _json(server, "/series?response-content=Parent;Attachments")
    (series,) = [item for item in found if item["ID"] == one["ParentSeries"]]
    instances = _json(server, "/instances?response-content=Attachments;Metadata")
    (instance,) = [item for item in instances if item["ID"] == one["ID"]]

    assert series == {
        "Attachments": [],
        "ID": one["ParentSeries"],
        "ParentStudy": one["ParentStudy"],
        "Type": "Series",
    }
    assert instance["Attachments"][0]["ContentType"] == 1
    assert instance["Metadata"]["IndexInSeries"] == "1"
    assert set(instance) == {"Attachments", "ID", "Metadata", "Type"}


@pytest.mark.parametrize(
    ("argument", "status"), [("response-content", 3), ("requested-tags", 8)]
)
def test_unknown_words_are_refused(
    server: RunningServer, argument: str, status: int
) -> None:
    """The answer says which argument is wrong, with the number of Orthanc."""
    response = _get(server, f"/studies?expand&{argument}=Nonsense")

    assert response.status_code == 400
    assert response.json()["OrthancStatus"] == status
    assert "Nonsense" in response.json()["Details"]


def test_shared_tags_and_tags_of_each(server: RunningServer) -> None:
    """What differs among the instances is not shared, and both have the rest."""
    one, two = _pair(server, 304)
    path = f"/series/{one['ParentSeries']}"
    shared = _json(server, f"{path}/shared-tags?simplify")
    each = _json(server, f"{path}/instances-tags?short")
    tags = _json(server, f"/instances/{one['ID']}/tags?short")

    assert shared["Modality"] == "CT"
    assert "SOPInstanceUID" not in shared
    assert list(each) == sorted([one["ID"], two["ID"]])
    assert each[one["ID"]] == tags
    assert _json(server, f"{path}/shared-tags")["0008,0060"]["Value"] == "CT"


@pytest.mark.parametrize("path", ["instances-tags", "archive?compression=deflate"])
def test_head_tells_no_size_that_get_does_not_have(
    server: RunningServer, path: str
) -> None:
    """What is made while it is sent has no size beforehand (RFC 9110 Section 8.6)."""
    one, _ = _pair(server, 377)
    url = f"{server.url}/studies/{one['ParentStudy']}/{path}"

    head = requests.head(url, timeout=_SECONDS)
    answer = requests.get(url, timeout=_SECONDS)

    assert (head.status_code, head.content) == (200, b"")
    assert "Content-Length" not in head.headers.keys() | answer.headers.keys()


def test_modules(server: RunningServer) -> None:
    """Each level has its module; a study has that of its patient, too."""
    one, _ = _pair(server, 305)
    for level, name in (
        (f"patients/{one['ParentPatient']}/module", "PatientID"),
        (f"studies/{one['ParentStudy']}/module", "StudyInstanceUID"),
        (f"studies/{one['ParentStudy']}/module-patient", "PatientID"),
        (f"series/{one['ParentSeries']}/module", "Modality"),
        (f"instances/{one['ID']}/module", "SOPClassUID"),
    ):
        module = _json(server, f"/{level}?simplify")
        assert name in module
        assert "Rows" not in module


def test_ordered_slices(server: RunningServer) -> None:
    """Slices in parallel are a volume, in the order of their positions."""
    ids = [
        _post(
            server,
            make_instance(
                306,
                number=number,
                ImagePositionPatient=[0, 0, -number],
                ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            ),
        )
        for number in (1, 2, 3)
    ]
    names = [one["ID"] for one in ids]
    ordered = _json(server, f"/series/{ids[0]['ParentSeries']}/ordered-slices")

    assert ordered["Type"] == "Volume"
    assert ordered["SlicesShort"] == [[name, 0, 1] for name in reversed(names)]
    assert ordered["Dicom"][0] == f"/instances/{names[2]}/file"
    assert ordered["Slices"][0] == f"/instances/{names[2]}/frames/0"


def test_content_of_attributes(server: RunningServer) -> None:
    """A path leads through sequences and fragments to the bytes of the file."""
    dataset = _test_file("JPEG-lossy.dcm")
    item = Dataset()
    item.ReferencedSOPInstanceUID = "1.2.3"
    dataset.ReferencedImageSequence = [Dataset(), item]
    path = f"/instances/{_post(server, _encoded(dataset))['ID']}/content"
    fragments = _json(server, f"{path}/7fe0-0010")

    assert "0008-1140" in _json(server, path)
    assert _json(server, f"{path}/0008-1140") == ["0", "1"]
    assert _json(server, f"{path}/ReferencedImageSequence/1") == ["0008-1155"]
    uid = _get(server, f"{path}/0008-1140/1/0008-1155")
    assert uid.content == b"1.2.3\0"
    assert uid.headers["Content-Type"] == "application/octet-stream"
    assert fragments == ["0", "1"]
    assert _get(server, f"{path}/7fe0-0010/1").content[:2] == b"\xff\xd8"
    for missing in ("0008-1140/2", "0008-1140/x", "0010-0010/0", "7fe0-0010/9"):
        assert _get(server, f"{path}/{missing}").status_code == 404
    assert _get(server, f"{path}/nonsense").status_code == 400


def test_encapsulated_document(server: RunningServer) -> None:
    """A PDF comes without the padding; other instances have none."""
    document = b"%PDF-1.4 tiny"
    kind = "1.2.840.10008.5.1.4.1.1.104.1"
    pdf = make_instance(
        307,
        SOPClassUID=kind,
        MIMETypeOfEncapsulatedDocument="application/pdf",
        EncapsulatedDocument=document + b"\0",
    )
    response = _get(server, f"/instances/{_post(server, pdf)['ID']}/pdf")
    other = _post(server, make_instance(308))["ID"]

    assert response.content == document
    assert response.headers["Content-Type"] == "application/pdf"
    assert _get(server, f"/instances/{other}/pdf").status_code == 404


def test_export_is_off_by_default(server: RunningServer, tmp_path: Any) -> None:
    """Nothing is written for a client that was not allowed to."""
    path = tmp_path / "exported.dcm"
    url = f"{server.url}/instances/{_post(server, make_instance(309))['ID']}/export"

    assert requests.post(url, data=str(path), timeout=_SECONDS).status_code == 403
    assert not path.exists()


def test_options_of_the_http_server(launch: Any, tmp_path: Any) -> None:
    """Files are written, answers compressed and methods kept, where it is said so."""
    server = launch(
        RestApiWriteToFileSystemEnabled=True,
        HttpCompressionEnabled=True,
        HttpMethodOverrideEnabled=False,
    )
    content = make_instance(310)
    id_ = _post(server, content)["ID"]
    path = tmp_path / "exported.dcm"
    url = f"{server.url}/instances/{id_}"
    done = requests.post(f"{url}/export", data=str(path), timeout=_SECONDS)
    bad = requests.post(f"{url}/export", data="/nowhere/a", timeout=_SECONDS)

    assert (done.json(), path.read_bytes()) == ({}, content)
    assert (bad.status_code, bad.json()["OrthancStatus"]) == (500, 14)
    plain = _raw(f"{url}/tags", "identity")
    assert gzip.decompress(_raw(f"{url}/tags", "deflate, gzip")) == plain
    assert zlib.decompress(_raw(f"{url}/tags", "deflate")) == plain
    assert _raw(f"{url}/file", "gzip") == content
    assert _get(server, f"/instances/{id_}?_method=delete").status_code == 200
    assert _get(server, f"/instances/{id_}").status_code == 200


def _raw(url: str, encoding: str) -> bytes:
    headers = {"Accept-Encoding": encoding}
    response = requests.get(url, headers=headers, timeout=_SECONDS, stream=True)
    body: bytes = response.raw.read(decode_content=False)
    return body


def test_a_request_may_name_another_method(server: RunningServer) -> None:
    """By an argument or a header, as old clients do; nothing but PUT and DELETE."""
    first, second = (_post(server, make_instance(seed))["ID"] for seed in (311, 312))
    header = {"X-HTTP-Method-Override": "DELETE"}

    assert _get(server, f"/instances/{first}?_method=delete").status_code == 200
    assert _get(server, f"/instances/{first}").status_code == 404
    path = f"{server.url}/instances/{second}"
    assert requests.post(path, headers=header, timeout=_SECONDS).status_code == 200
    assert _get(server, f"/instances/{second}").status_code == 404
    assert _get(server, "/system?_method=put").status_code == 405
    assert _get(server, "/system?_method=post").status_code == 400
    assert _get(server, "/system?_method=").status_code == 200
