import base64
import gzip
import hashlib
import http.client
import io
import socket
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests

from factories import make_instance, make_sized_instance
from launching import OBELISK, RunningServer, running_server

_SECONDS = 30

#: Within which an answer waits for none of the timeouts of others, on a busy machine.
_PROMPT_SECONDS = 15


def _call(
    server: RunningServer, method: str, path: str, **options: Any
) -> requests.Response:
    return requests.request(method, server.url + path, timeout=_SECONDS, **options)


def _post(server: RunningServer, body: bytes, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return _call(server, "POST", "/instances", data=body, headers=named)


def _stored(server: RunningServer, seed: int) -> str:
    return str(_post(server, make_instance(seed, study=seed)).json()["ID"])


def _zip(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_life_of_an_instance(server: RunningServer) -> None:
    """What is posted can be listed, described, read and deleted."""
    content = make_instance(101, study=101)
    answer = _post(server, content).json()
    id_ = answer["ID"]

    assert answer["Status"] == "Success"
    assert _post(server, content).json()["Status"] == "AlreadyStored"
    assert id_ in _call(server, "GET", "/instances").json()
    assert _call(server, "GET", f"/instances/{id_}/file").content == content
    series = _call(server, "GET", f"/instances/{id_}/series").json()
    assert series["ID"] == answer["ParentSeries"]
    assert series["Instances"] == [id_]
    path = f"/patients/{answer['ParentPatient']}/instances?expand=false"
    assert _call(server, "GET", path).json() == [id_]
    remaining = _call(server, "DELETE", f"/instances/{id_}").json()
    assert remaining == {"RemainingAncestor": None}
    assert _call(server, "GET", f"/studies/{answer['ParentStudy']}").status_code == 404


def test_forms_of_tags(server: RunningServer) -> None:
    """The three forms of the tags name the same attribute in their ways."""
    path = f"/instances/{_stored(server, 102)}"
    full = _call(server, "GET", f"{path}/tags").json()["0008,0060"]

    assert full == {"Name": "Modality", "Type": "String", "Value": "CT"}
    assert _call(server, "GET", f"{path}/tags?short").json()["0008,0060"] == "CT"
    assert _call(server, "GET", f"{path}/simplified-tags").json()["Modality"] == "CT"
    header = _call(server, "GET", f"{path}/header?simplify").json()
    assert header["TransferSyntaxUID"] == "1.2.840.10008.1.2.1"
    series = _call(server, "GET", f"{path}/series?full").json()
    assert series["MainDicomTags"]["0008,0060"] == full


def test_gzip_multipart_and_chunked_bodies(server: RunningServer) -> None:
    """The same file is known however it comes in."""
    content = make_instance(103, study=103)
    id_ = _post(server, content).json()["ID"]
    packed = _post(server, gzip.compress(content), Content_Encoding="gzip").json()
    form = _call(
        server, "POST", "/instances", files={"file": ("a.dcm", content)}
    ).json()
    pieces = (content[start : start + 1000] for start in range(0, len(content), 1000))
    chunked = _call(server, "POST", "/instances", data=pieces).json()

    assert packed["ID"] == form[0]["ID"] == chunked["ID"] == id_
    assert packed["Status"] == form[0]["Status"] == chunked["Status"] == "AlreadyStored"


def test_form_that_is_cut_where_a_file_starts(server: RunningServer) -> None:
    """A file is known though the first megabyte ends just behind its first byte.

    It has no file name, and the names of types and parameters are in capitals.
    """
    head = b'--XX\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'
    delimiter = b"\r\n--XX"
    second = b"\r\n" + head % b"file"
    first = head % b"text"
    padding = 1_048_576 - len(first + second) - len(delimiter)
    content = make_instance(105, study=105)
    body = first + bytes(padding) + second + content + delimiter + b"--\r\n"
    kind = "Multipart/Form-Data; Boundary=XX"
    answer = _call(
        server, "POST", "/instances", data=body, headers={"Content-Type": kind}
    )

    assert [one["Status"] for one in answer.json()] == ["Success"]


def test_archive_with_one_bad_member(server: RunningServer) -> None:
    """The good members are stored, and the answer says which one failed."""
    good = [make_instance(104, study=104, number=number) for number in (1, 2)]
    answer = _post(
        server,
        _zip(
            {
                "folder/1.dcm": good[0],
                "folder/bad.dcm": good[1][:-50],
                "README.txt": b"no DICOM",
                "DICOMDIR": b"directory",
                "deep/er/2": good[1],
            }
        ),
    )

    assert answer.status_code == 200
    statuses = [(one["Status"], one.get("Name")) for one in answer.json()]
    assert statuses == [
        ("Success", None),
        ("Failure", "folder/bad.dcm"),
        ("Success", None),
    ]


def test_empty_archive(server: RunningServer) -> None:
    """An archive without members is no error."""
    assert _post(server, _zip({})).json() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + b"x" * 1000,
        make_instance(105, study=105)[:-50],
        b"[" * 100_000,
        b"PK\x03\x04" + b"x" * 1000,
    ],
    ids=["empty", "PNG", "truncated", "nested JSON", "broken ZIP"],
)
def test_bodies_that_are_no_dicom(server: RunningServer, body: bytes) -> None:
    """What is no DICOM file is refused with a message, and nothing is stored."""
    count = _call(server, "GET", "/statistics").json()["CountInstances"]
    answer = _post(server, body)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.json()["OrthancStatus"] == 15
    assert answer.json()["Message"] == "Bad file format"
    assert answer.json()["Details"]
    assert _call(server, "GET", "/statistics").json()["CountInstances"] == count


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nope", 404, 17),
        ("GET", "/studies/nope", 404, 17),
        ("DELETE", "/series/nope", 404, 17),
        ("GET", "/instances/nope/file", 404, 17),
        ("PUT", "/studies/nope", 405, 8),
        ("OPTIONS", "/system", 405, 8),
        ("GET", "/studies?limit=1", 400, 8),
        ("GET", "/studies?since=1", 400, 8),
        ("GET", "/studies?since=x&limit=1", 400, 5),
        ("GET", "/studies?since=0&limit=99999999999999999999", 400, 5),
        ("GET", "/studies?since=-1&limit=1", 400, 3),
        ("GET", "/studies?expand=perhaps", 400, 3),
        ("GET", "/changes?type=Nonsense", 400, 3),
    ],
)
def test_errors(
    server: RunningServer, method: str, path: str, status: int, code: int
) -> None:
    """Bad requests get Orthanc's status and number, in a JSON body."""
    answer = _call(server, method, path)

    assert answer.status_code == answer.json()["HttpStatus"] == status
    assert answer.json()["OrthancStatus"] == code
    assert answer.json()["Method"] == method
    assert answer.json()["Uri"] == path.partition("?")[0]


def test_wrong_method_says_which_are_right(server: RunningServer) -> None:
    """405 comes with Allow."""
    assert _call(server, "PUT", "/studies/x").headers["Allow"] == "GET,DELETE"


def test_pages(server: RunningServer) -> None:
    """Pages follow each other without gaps, and a limit of 0 is none."""
    for seed in (106, 107, 108):
        _stored(server, seed)
    everything = _call(server, "GET", "/studies").json()
    pages = [
        _call(server, "GET", f"/studies?since={since}&limit=2").json()
        for since in range(0, len(everything), 2)
    ]
    rest = _call(server, "GET", "/studies?since=1&limit=0&expand").json()

    assert [id_ for page in pages for id_ in page] == everything
    assert [one["ID"] for one in rest] == everything[1:]


def test_file_headers_ranges_and_etag(server: RunningServer) -> None:
    """A file can be named, resumed and cached."""
    content = make_instance(109, study=109)
    path = f"/instances/{_post(server, content).json()['ID']}/file"
    whole = _call(server, "GET", path)
    etag = whole.headers["ETag"]

    assert etag == f'"{hashlib.md5(content).hexdigest()}"'
    assert whole.headers["Content-Type"] == "application/dicom"
    head = _call(server, "HEAD", path)
    assert (head.content, head.headers["Content-Length"]) == (b"", str(len(content)))
    for spec, start, stop in [
        ("0-9", 0, 10),
        ("5-", 5, len(content)),
        ("-7", len(content) - 7, len(content)),
        (f"3-{len(content) * 2}", 3, len(content)),
    ]:
        part = _call(server, "GET", path, headers={"Range": f"bytes={spec}"})
        assert (part.status_code, part.content) == (206, content[start:stop])
        wanted = f"bytes {start}-{stop - 1}/{len(content)}"
        assert part.headers["Content-Range"] == wanted
    assert _call(server, "GET", path, headers={"If-Match": "*"}).content == content
    assert _call(server, "GET", path, headers={"If-Match": '"x"'}).status_code == 412
    cached = _call(server, "GET", path, headers={"If-None-Match": etag})
    assert (cached.status_code, cached.content) == (304, b"")
    assert not {"Content-Type", "Content-Disposition"} & cached.headers.keys()
    past = _call(server, "GET", path, headers={"Range": f"bytes={len(content)}-"})
    assert past.status_code == 416
    assert past.headers["Content-Range"] == f"bytes */{len(content)}"
    for headers in ({"If-Range": '"other"'}, {"Range": "bytes=0-1,3-4"}):
        full = _call(server, "GET", path, headers={"Range": "bytes=0-1", **headers})
        assert (full.status_code, full.content) == (200, content)
    named = _call(server, "GET", f'{path}?filename=a"b%0d%0aé.dcm')
    assert named.headers["Content-Disposition"].startswith('filename="abe.dcm"; ')


def test_form_data_without_a_boundary_is_a_plain_body(server: RunningServer) -> None:
    """Some clients name the type of a form, and send the file itself."""
    form = {"Content_Type": "multipart/form-data"}

    stored = _post(server, make_instance(1122, study=1122), **form)
    assert stored.json()["Status"] == "Success"
    assert _post(server, b"--x\r\n\r\nno DICOM\r\n--x--\r\n", **form).status_code == 400


@pytest.mark.parametrize(
    ("accepted", "given"),
    [
        ("application/dicom+json", "application/dicom+json"),
        ("application/dicom+xml", "application/dicom+xml"),
        ("Application/DICOM+JSON; q=0.5", "application/dicom+json"),
        (
            "application/dicom+xml;q=0.4, application/dicom+json",
            "application/dicom+json",
        ),
        ("application/dicom, application/dicom+json;q=0.9", "application/dicom"),
        ("application/*", "application/dicom"),
        ("text/plain", "application/dicom"),
        ("application/dicom+json;q=0", "application/dicom"),
    ],
)
def test_the_form_of_a_file(server: RunningServer, accepted: str, given: str) -> None:
    """It is the one that the client prefers, and the file itself as a rule."""
    content = make_instance(1120, study=1120)
    path = f"/instances/{_post(server, content).json()['ID']}/file"

    answer = _call(server, "GET", path, headers={"Accept": accepted})
    head = _call(server, "HEAD", path, headers={"Accept": accepted})

    for one in (answer, head):
        assert (one.status_code, one.headers["Content-Type"]) == (200, given)
    assert head.content == b""
    if given == "application/dicom+json":
        assert answer.json()["00100020"] == {"vr": "LO", "Value": ["SYN1120"]}
    elif given == "application/dicom+xml":
        assert b'<Value number="1">SYN1120</Value>' in answer.content
    else:
        assert answer.content == content


def test_a_large_file_as_json(server: RunningServer) -> None:
    """It is sent while it is written, whether the connection persists or not."""
    content = make_sized_instance(1121, 5_000_000)
    path = f"/instances/{_post(server, content).json()['ID']}/file"
    headers = {"Accept": "application/dicom+json"}

    for more in ({}, {"Connection": "close"}):
        answer = _call(server, "GET", path, headers=headers | more)
        assert "Content-Length" not in answer.headers
        pixels = base64.b64decode(answer.json()["7FE00010"]["InlineBinary"])
        assert content.endswith(pixels)
        assert len(pixels) > 4_900_000
    missing = _call(server, "GET", "/instances/nope/file", headers=headers)
    assert missing.status_code == 404


def test_system(server: RunningServer) -> None:
    """The server says whose interface it has, and what it is itself."""
    system = _call(server, "GET", "/system").json()

    assert (system["Version"], system["ApiVersion"]) == ("1.13.0", 31)
    assert system["Obelisk"]["Version"]
    assert system["DicomPort"] == server.dicom_port
    assert system["Capabilities"]["HasExtendedChanges"] is True
    assert system["Capabilities"]["HasExtendedFind"] is True


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose log nobody else adds to."""
    with running_server(OBELISK, tmp_path_factory.mktemp("changes")) as server:
        _stored(server, 109)
        yield server


def test_changes(logged: RunningServer) -> None:
    """New resources are logged in order, and clients can follow."""
    server = logged
    last = _call(server, "GET", "/changes?last").json()["Last"]
    id_ = _stored(server, 110)
    page = _call(server, "GET", f"/changes?since={last}&limit=2").json()
    rest = _call(server, "GET", f"/changes?since={page['Last']}").json()
    kinds = [one["ChangeType"] for one in page["Changes"] + rest["Changes"]]

    assert page["Done"] is False
    assert rest["Done"] is True
    assert sorted(kinds) == ["NewInstance", "NewPatient", "NewSeries", "NewStudy"]
    assert page["Changes"][0]["Path"] == f"/instances/{id_}"
    only = _call(server, "GET", f"/changes?since={last}&type=NewStudy;Deleted").json()
    assert [one["ChangeType"] for one in only["Changes"]] == ["NewStudy"]
    never = _call(server, "GET", f"/changes?since={last}&type=Deleted").json()
    assert never["Changes"] == []
    newest = _call(server, "GET", "/changes?last").json()
    assert _call(server, "GET", "/changes?last=false&since=1").json() == newest


def test_changes_before_the_first_one(logged: RunningServer) -> None:
    """There are none; but -1 stands for no number, as with Orthanc."""
    server = logged
    last = _call(server, "GET", "/changes?last").json()["Last"]

    assert _call(server, "GET", "/changes?to=-2").json() == {
        "Changes": [],
        "Done": True,
        "Last": last,
    }
    everything = _call(server, "GET", "/changes?to=-1").json()
    assert everything == _call(server, "GET", "/changes").json()


@pytest.mark.parametrize("name", ["since", "limit", "to"])
@pytest.mark.parametrize("text", ["99999999999999999999", "5_0", "\u0663", "x", ""])
def test_numbers_of_changes_that_are_none(
    logged: RunningServer, name: str, text: str
) -> None:
    """They are as if they were not given."""
    asked = _call(logged, "GET", f"/changes?{name}={quote(text)}").json()

    assert asked == _call(logged, "GET", "/changes").json()


def test_statistics_of_a_study(server: RunningServer) -> None:
    """Counts and sizes of one resource are told as text and in megabytes."""
    content = make_instance(111, study=111)
    study = _post(server, content).json()["ParentStudy"]
    size = str(len(content))

    assert _call(server, "GET", f"/studies/{study}/statistics").json() == {
        "CountInstances": 1,
        "CountSeries": 1,
        "DicomDiskSize": size,
        "DicomDiskSizeMB": 0,
        "DicomUncompressedSize": size,
        "DicomUncompressedSizeMB": 0,
        "DiskSize": size,
        "DiskSizeMB": 0,
        "UncompressedSize": size,
        "UncompressedSizeMB": 0,
    }


def test_client_that_leaves_in_the_middle(server: RunningServer) -> None:
    """What was sent of a body that breaks off is not stored, chunked or not."""
    content = make_instance(112, study=112)
    half = len(content) - 100
    chunk = b"%x\r\n%s\r\n" % (half, content[:half])
    for head, body in [
        (b"Content-Length: %d" % len(content), content[:half]),
        (b"Transfer-Encoding: chunked", chunk),
    ]:
        with socket.create_connection(("127.0.0.1", server.http_port)) as connection:
            connection.sendall(
                b"POST /instances HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n%s" % (head, body)
            )
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(_SECONDS)
            connection.recv(65536)

    assert _post(server, content).json()["Status"] == "Success"


def test_silent_connections_hold_nobody_up(server: RunningServer) -> None:
    """Hundreds of idle, half-open and stuck requests do not slow others down."""
    starts = [
        b"",
        b"GET /system HTTP/1.1\r\nHost: x\r\n",
        b"POST /instances HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc",
    ]
    connections = []
    try:
        for index in range(900):
            connection = socket.create_connection(("127.0.0.1", server.http_port))
            connections.append(connection)
            connection.sendall(starts[index % 3])
        for _ in range(3):
            client = http.client.HTTPConnection(
                "127.0.0.1", server.http_port, timeout=_PROMPT_SECONDS
            )
            client.request("GET", "/statistics")
            with client.getresponse() as answer:
                assert answer.status == 200
                answer.read()
            client.close()
        assert _post(server, b"x").status_code == 400
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/", "/api/"),
        ("/app", "/api/"),
        ("/app/", "/api/"),
        ("/app/explorer.html", "/api/"),
        ("/favicon.ico", "/api/icon.svg"),
    ],
)
def test_browsers_find_the_page_and_the_icon(
    server: RunningServer, path: str, target: str
) -> None:
    """What they ask Orthanc for leads to what is here."""
    answer = requests.get(server.url + path, timeout=30)

    assert [one.status_code for one in answer.history] == [307]
    assert answer.url == server.url + target
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] in {
        "text/html",
        "image/svg+xml",
    }
