"""New instances by HTTP: read by dcmtk and pydicom, checked by dciodvfy."""

import base64
import io
import json
import subprocess
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pydicom
import pytest
import requests
from pydicom.encaps import generate_fragments

from http_peer import SECONDS
from images import make_bomb, make_pixels, make_png, rgb_image, save
from launching import OBELISK, RunningServer, free_port, running_server
from verifying import errors_of
from videos import make_mp4, real_mp4

_PDF = b"%PDF-1.4\n%%EOF\n"
_STL = b"solid x\nendsolid x\n"
_PNG = save(rgb_image(), "PNG")
_COMPANY = {
    "4321,1012": ["UT", "MyPrivateXMLTag", 1, 1, "My Company"],
    "4321,1020": ["SQ", "MyPrivateSequence", 1, 1, "My Company"],
}


def _uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _post(server: RunningServer, **body: Any) -> requests.Response:
    return requests.post(f"{server.url}/tools/create-dicom", json=body, timeout=SECONDS)


def _create(server: RunningServer, **body: Any) -> str:
    response = _post(server, **({"Tags": {"PatientID": "created"}} | body))
    assert response.status_code == 200, response.text
    path: str = response.json()["Path"]
    return path


def _get(server: RunningServer, path: str) -> requests.Response:
    return requests.get(server.url + path, timeout=SECONDS)


_KINDS = {
    "grey": {"Content": _uri("image/png", make_png(make_pixels(0, 8), 0, 8))},
    "grey-16": {"Content": _uri("image/png", make_png(make_pixels(0, 16), 0, 16))},
    "colour": {"Content": _uri("image/png", _PNG)},
    "jpeg": {"Content": _uri("image/jpeg", save(rgb_image(), "JPEG"))},
    "encapsulated": {
        "Content": _uri("image/jpeg", save(rgb_image(), "JPEG")),
        "Encapsulate": True,
    },
    "jpeg-2000": {
        "Content": _uri("image/png", save(rgb_image(64, 64), "PNG")),
        "TransferSyntax": "1.2.840.10008.1.2.4.90",
    },
    "frames-byte": {
        "Content": [_uri("image/png", make_png(make_pixels(0, 8), 0, 8))] * 2,
        "MultiFrame": True,
    },
    "frames-word": {
        "Content": [_uri("image/png", make_png(make_pixels(0, 16), 0, 16))] * 2,
        "MultiFrame": True,
    },
    "frames-colour": {"Content": [_uri("image/png", _PNG)] * 2, "MultiFrame": True},
    "pdf": {"Content": _uri("application/pdf", _PDF)},
    "stl": {"Content": _uri("model/stl", _STL)},
    "video": {"Content": _uri("video/mp4", make_mp4())},
    "video-h264": {"Content": _uri("video/mp4", real_mp4("h264"))},
    "video-h265": {"Content": _uri("video/mp4", real_mp4("h265"))},
}


@pytest.mark.parametrize("kind", _KINDS)
def test_every_kind_is_valid(
    server: RunningServer,
    dcmtk: Callable[[str], str],
    tmp_path: Any,
    kind: str,
) -> None:
    """One instance of each kind: dciodvfy finds no error, dcmdump and pydicom read."""
    path = _create(server, **_KINDS[kind])
    file = tmp_path / "a.dcm"
    file.write_bytes(_get(server, f"{path}/file").content)

    assert errors_of(file) == []
    subprocess.run([dcmtk("dcmdump"), "-q", str(file)], check=True, capture_output=True)
    assert pydicom.dcmread(file).SOPClassUID


@pytest.mark.parametrize("kind", ["grey", "grey-16", "colour", "frames-colour"])
def test_dcmtk_shows_the_pixels(
    server: RunningServer, dcmtk: Callable[[str], str], tmp_path: Any, kind: str
) -> None:
    """Its picture is that of pydicom."""
    path = _create(server, **_KINDS[kind])
    file, picture = tmp_path / "a.dcm", tmp_path / "a.pnm"
    file.write_bytes(_get(server, f"{path}/file").content)
    arguments = ["--write-16-bit-pnm"] if kind == "grey-16" else []
    subprocess.run(
        [dcmtk("dcm2pnm"), "-M", *arguments, str(file), str(picture)], check=True
    )

    pixels = pydicom.dcmread(file).pixel_array
    first = pixels[0] if kind.startswith("frames") else pixels
    content = picture.read_bytes()
    # Of 16 bits, it writes numbers in decimal.
    shown = (
        [int(number) for number in content.split()[-first.size :]]
        if kind == "grey-16"
        else list(content[-first.size :])
    )
    assert shown == first.flatten().tolist()


@pytest.mark.parametrize(
    ("colour_type", "bits"), [(0, 8), (0, 16), (2, 8), (2, 16), (6, 8)]
)
def test_pixels_come_out_as_they_went_in(
    server: RunningServer, colour_type: int, bits: int
) -> None:
    """Bit depths and colour types of PNG, read back by pydicom."""
    pixels = make_pixels(colour_type, bits)
    content = _uri("image/png", make_png(pixels, colour_type, bits))
    path = _create(server, Content=content)
    dataset = pydicom.dcmread(io.BytesIO(_get(server, f"{path}/file").content))

    expected = pixels[..., :3].squeeze()
    assert np.array_equal(dataset.pixel_array, expected)


@pytest.mark.parametrize("tail", [b"", b"x", b"\0", b"x\0"])
def test_documents_come_out_as_they_went_in(server: RunningServer, tail: bytes) -> None:
    """Byte by byte, whatever the padding."""
    pdf = _create(server, Content=_uri("application/pdf", _PDF + tail))
    stl = _create(server, Content=_uri("model/stl", _STL + tail))

    assert _get(server, f"{pdf}/pdf").content == _PDF + tail
    assert _get(server, f"{stl}/stl").content == _STL + tail
    assert _get(server, f"{stl}/stl").headers["Content-Type"] == "model/stl"
    assert _get(server, f"{stl}/pdf").status_code == 404


@pytest.mark.parametrize(
    ("codec", "uid"),
    [("h264", "1.2.840.10008.1.2.4.102"), ("h265", "1.2.840.10008.1.2.4.107")],
)
def test_videos_come_out_as_they_went_in(
    server: RunningServer, codec: str, uid: str
) -> None:
    """The file is one fragment, and the attributes describe its pictures."""
    content = real_mp4(codec)
    path = _create(server, Content=_uri("video/mp4", content))
    dataset = pydicom.dcmread(io.BytesIO(_get(server, f"{path}/file").content))
    _, fragment = generate_fragments(dataset.PixelData)

    assert dataset.file_meta.TransferSyntaxUID == uid
    assert (dataset.Rows, dataset.Columns, dataset.NumberOfFrames) == (48, 64, 3)
    assert float(dataset.FrameTime) == 40
    assert fragment[: len(content)] == content


@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", None),
        ("قباني^لنزار", None),
        ("قباني^لنزار", "ISO_IR 127"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "\\ISO 2022 IR 87"),
    ],
)
def test_names_keep_their_characters(
    server: RunningServer, name: str, terms: str | None
) -> None:
    """In the file as in JSON."""
    tags = {"PatientName": name} | ({"SpecificCharacterSet": terms} if terms else {})
    path = _create(server, Tags=tags)
    dataset = pydicom.dcmread(io.BytesIO(_get(server, f"{path}/file").content))

    assert dataset.PatientName == name
    assert _get(server, f"{path}/simplified-tags").json()["PatientName"] == name


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run a server that knows the private tags of a company."""
    from_file = tmp_path_factory.mktemp("dictionary") / "more.dic"
    from_file.write_text('(4323,"My Company",12)\tLO\tFromFile\t1\tPrivateTag\n')
    with _running(tmp_path_factory.mktemp("company"), str(from_file)) as running:
        yield running


def _running(folder: Any, dictionary: str) -> Any:
    return running_server(
        OBELISK,
        folder,
        Dictionary=_COMPANY,
        ExternalDictionaries=[dictionary],
        DefaultPrivateCreator="My Company",
    )


@pytest.mark.parametrize(
    "tags",
    [
        {"MyPrivateXMLTag": "<xml/>"},
        {"4321,1012": "<xml/>"},
        {"4321,0010": "My Company", "4321-1012": "<xml/>"},
        {"4321-0010": "My Company", "MyPrivateXMLTag": "<xml/>"},
    ],
)
def test_private_tags(company: RunningServer, tags: dict[str, str]) -> None:
    """They have their names in both forms of tags, and can be searched."""
    path = _create(company, Tags=tags, PrivateCreator="My Company")

    assert _get(company, f"{path}/tags").json()["4321,1012"] == {
        "Name": "MyPrivateXMLTag",
        "PrivateCreator": "My Company",
        "Type": "String",
        "Value": "<xml/>",
    }
    assert _get(company, f"{path}/simplified-tags").json()["MyPrivateXMLTag"]
    for query in ({"MyPrivateXMLTag": "<xml/>"}, {"4321,1012": "<xml/>"}):
        body = {"Level": "Instance", "Query": query}
        found = requests.post(f"{company.url}/tools/find", json=body, timeout=SECONDS)
        assert path.rpartition("/")[2] in found.json()


def test_requested_private_tags(company: RunningServer) -> None:
    """They can be asked for by name and by number, for one and for many."""
    path = _create(company, Tags={"PatientID": "asked", "MyPrivateXMLTag": "<a/>"})

    for name in ("MyPrivateXMLTag", "4321,1012", "4321-1012"):
        one = _get(company, f"{path}?requested-tags={name}").json()
        query = {"Level": "Instance", "Query": {"PatientID": "asked"}}
        body = query | {"Expand": True, "RequestedTags": [name]}
        found = requests.post(f"{company.url}/tools/find", json=body, timeout=SECONDS)
        for resource in (one, *found.json()):
            assert resource["RequestedTags"] == {"MyPrivateXMLTag": "<a/>"}


def test_a_private_sequence(company: RunningServer) -> None:
    """It is one in Explicit and in Implicit VR, and can be walked through."""
    content = [{"Modality": "CT", "MyPrivateXMLTag": "<b/>"}]
    path = _create(company, Tags={"MyPrivateSequence": content})
    dataset = pydicom.dcmread(io.BytesIO(_get(company, f"{path}/file").content))
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    file = io.BytesIO()
    dataset.save_as(file)
    url = f"{company.url}/instances"
    sent = requests.post(url, data=file.getvalue(), timeout=SECONDS)

    for one in (path, sent.json()["Path"]):
        (item,) = _get(company, f"{one}/simplified-tags").json()["MyPrivateSequence"]
        assert (item["Modality"], item["MyPrivateXMLTag"]) == ("CT", "<b/>")
        place = f"{one}/content/4321-1020/0/4321-1012"
        assert _get(company, place).text.rstrip() == "<b/>"


def test_private_tags_of_a_file(company: RunningServer) -> None:
    """A dictionary of dcmtk adds names, and the default creator reserves blocks."""
    path = _create(company, Tags={"FromFile": "x"})

    found = _get(company, f"{path}/simplified-tags").json()
    assert (found["FromFile"], found["PrivateCreator"]) == ("x", "My Company")


def test_a_dictionary_that_contradicts(tmp_path: Any) -> None:
    """The server does not start, and says why."""
    configuration = tmp_path / "a.json"
    options = {
        "Dictionary": {"0010,0010": ["LO", "Somebody", 1, 1]},
        "StorageDirectory": str(tmp_path / "storage"),
        "HttpPort": free_port(),
        "DicomPort": free_port(),
    }
    configuration.write_text(json.dumps(options))
    done = subprocess.run(
        [*OBELISK, str(configuration)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert done.returncode != 0
    assert "PatientName" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Content": "hello"}, 15),
        ({"Content": "data:image/png;base64,@@@@"}, 15),
        ({"Content": _uri("image/png", _PDF)}, 15),
        ({"Content": _uri("image/jpeg", _PNG)}, 15),
        ({"Content": _uri("application/pdf", _PNG)}, 15),
        ({"Content": _uri("image/png", make_bomb())}, 15),
        ({"Content": _uri("application/pdf", b"")}, 15),
        ({"Content": _uri("text/plain", b"x")}, 3),
        ({"Content": 5}, 2023),
        ({"Content": [{"Tags": {}}]}, 2022),
        ({"Parent": "nope"}, 2024),
        ({"Tags": {"PatientBirthDate": "hello"}}, 15),
        ({"Tags": {"Rows": "70000"}}, 15),
        ({"Tags": {"Rows": 5}}, 5),
        ({"Tags": {"Foo": "x"}}, 27),
        ({"Tags": {"0029,1010": "x"}}, 8),
        ({"Tags": {"StudyInstanceUID": "1.2"}}, 2020),
        ({"Tags": {"PixelData": "x"}}, 2021),
        ({"Tags": {"SpecificCharacterSet": "nope"}}, 3),
        ({"Replace": {}, "Tags": 5}, 8),
    ],
)
def test_bad_orders(server: RunningServer, body: dict[str, Any], code: int) -> None:
    """Each is refused with the number that Orthanc has for it."""
    response = _post(server, **({"Tags": {}} | body))

    assert (response.status_code, response.json()["OrthancStatus"]) == (400, code)


@pytest.mark.parametrize(
    ("name", "tag", "vr", "value"),
    [
        ("PatientBirthDate", "0010,0030", "DA", "19990231"),
        ("AccessionNumber", "0008,0050", "SH", "secret-number-17c"),
        ("StudyDescription", "0008,1030", "LO", "secret" * 11),
        ("PatientName", "0010,0010", "PN", "secret" * 11),
        ("ImageComments", "0020,4000", "LT", "secret" * 1707),
        ("Modality", "0008,0060", "CS", "secret"),
        ("PatientAge", "0010,1010", "AS", "secret"),
        ("InstanceNumber", "0020,0013", "IS", "1234567890123"),
    ],
)
def test_a_forbidden_value_is_explained(
    server: RunningServer, name: str, tag: str, vr: str, value: str
) -> None:
    """To the client, with tag, VR and value; the log has no value. `Force` takes it."""
    response = _post(server, Tags={name: value})
    forced = _create(server, Tags={name: value}, Force=True)

    details = response.json()["Details"]
    assert (response.status_code, response.json()["OrthancStatus"]) == (400, 15)
    assert all(word in details for word in (tag, name, vr, value[:64]))
    assert value not in server.log.read_text()
    kept = _get(server, f"{forced}/content/{tag.replace(',', '-')}").text
    assert kept.rstrip(" ") == value


def test_a_value_that_no_length_field_can_tell(server: RunningServer) -> None:
    """Not even `Force` helps; the client is told tag, VR and length."""
    response = _post(server, Tags={"StudyDescription": "x" * 70_000}, Force=True)

    assert response.status_code == 400
    details = response.json()["Details"]
    assert all(word in details for word in ("0008,1030", "LO", "70000"))


def test_forms(server: RunningServer) -> None:
    """A file of a form is a content, several are a series."""
    url = f"{server.url}/tools/create-dicom"
    fields = {"Tags": json.dumps({"PatientID": "form"})}
    one = {"Content": ("a.pdf", _PDF, "application/pdf")}
    answer = requests.post(url, data=fields, files=one, timeout=SECONDS).json()
    several = [("Content", ("a.png", _PNG)), ("Content", ("b.stl", _STL))]
    series = requests.post(url, data=fields, files=several, timeout=SECONDS).json()

    assert _get(server, f"{answer['Path']}/pdf").content == _PDF
    assert len(_get(server, f"{series['Path']}/instances").json()) == 2


@pytest.mark.parametrize(
    ("fields", "content_type"),
    [
        ({"Tags": "{"}, None),
        ({"Tags": "[]"}, None),
        ({"Content": '"data:application/pdf;base64,"'}, None),
        ({}, "multipart/form-data"),
    ],
)
def test_bad_forms(
    server: RunningServer, fields: dict[str, str], content_type: str | None
) -> None:
    """Fields are JSON, and the content is given once."""
    headers = {"Content-Type": content_type} if content_type else {}
    response = requests.post(
        f"{server.url}/tools/create-dicom",
        data=fields,
        files={"Content": ("a.pdf", _PDF)},
        headers=headers,
        timeout=SECONDS,
    )

    assert (response.status_code, response.json()["OrthancStatus"]) == (400, 8)


def test_a_large_json_body(server: RunningServer) -> None:
    """A document of several megabytes arrives as it was sent."""
    pdf = _PDF + bytes(range(256)) * 12_000
    path = _create(server, Content=_uri("application/pdf", pdf))

    assert _get(server, f"{path}/pdf").content == pdf


def test_origin(server: RunningServer) -> None:
    """The metadata say where the instance came from, as for uploads."""
    path = _create(server)

    assert _get(server, f"{path}/metadata/Origin").text == "RestApi"
    assert _get(server, f"{path}/metadata/RemoteIP").text == "127.0.0.1"


def _memory(server: RunningServer) -> int:
    """Return the memory of the process that works, in KiB."""
    pids = subprocess.run(
        ["ps", "-o", "rss=", "--ppid", str(server.process.pid)],
        capture_output=True,
        text=True,
        check=True,
    )
    return max(int(line) for line in pids.stdout.split())


def test_a_large_document_is_not_held(server: RunningServer) -> None:
    """A PDF of 300 MB by a form takes less than 64 MB of memory."""
    head = (
        b'--b\r\nContent-Disposition: form-data; name="Content"; filename="a.pdf"'
        b"\r\n\r\n%PDF-"
    )
    tail = b"\r\n--b--\r\n"
    block = bytes(range(256)) * 4096
    _create(server)
    idle = _memory(server)
    peaks: list[int] = [0]
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.05):
            peaks.append(_memory(server))

    watcher = threading.Thread(target=watch)
    watcher.start()
    response = requests.post(
        f"{server.url}/tools/create-dicom",
        data=(part for part in (head, *[block] * 300, tail)),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
        timeout=300,
    )
    stop.set()
    watcher.join()

    assert response.status_code == 200, response.text
    assert max(peaks) - idle < 64 * 1024
    requests.delete(server.url + response.json()["Path"], timeout=SECONDS)
