"""Every call of a comparison: routes and documented arguments, on given resources."""

import gzip
import io
import uuid
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from exchange import Call

#: The levels by their name in paths, from the top, with the name of one resource.
LEVELS = {
    "patients": "patient",
    "studies": "study",
    "series": "series",
    "instances": "instance",
}
UNKNOWN_ID = "00000000-00000000-00000000-00000000-00000000"

_FORMS = ("", "full", "short", "simplify", "full&short")
_REQUESTED = quote(
    "PatientID;StudyDate;0008,0060;SOPInstanceUID;ModalitiesInStudy;"
    "NumberOfStudyRelatedInstances;NumberOfPatientRelatedStudies",
)
_CONTENTS = (
    "MainDicomTags",
    "Metadata",
    "Children;Parent",
    "Labels;Status;IsStable;IsProtected",
    "Attachments",
)


def get(path: str, route: str, argument: str = "") -> Call:
    """Return a GET of a path with an argument, which may be empty."""
    return Call("GET", f"{path}?{argument}" if argument else path, route, argument)


def post(content: bytes, argument: str, **headers: str) -> Call:
    """Return the upload of a body; `argument` names it in reports."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Call("POST", "/instances", "/instances", argument, content, names)


def uploads(files: Mapping[str, bytes], way: str) -> Iterator[Call]:
    """Return the calls that upload files one of the ways that Orthanc knows."""
    if way == "post":
        yield from (post(content, name) for name, content in files.items())
    elif way == "gzip":
        for name, content in files.items():
            packed = gzip.compress(content, mtime=0)
            yield post(packed, f"gzip {name}", Content_Encoding="gzip")
    elif way == "zip":
        yield post(make_zip(files), "zip")
    elif way == "multipart":
        boundary = uuid.UUID(int=42).hex
        yield post(
            make_multipart(files, boundary),
            "multipart",
            Content_Type=f"multipart/form-data; boundary={boundary}",
        )


def make_zip(files: Mapping[str, bytes], *, deflated: bool = True) -> bytes:
    """Return a ZIP archive of files by name."""
    target = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return target.getvalue()


def make_multipart(files: Mapping[str, bytes], boundary: str) -> bytes:
    """Return a multipart/form-data body with one part a file (RFC 7578)."""
    parts = []
    for name, content in files.items():
        head = (
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/dicom\r\n\r\n"
        )
        parts += [head.encode(), content, b"\r\n"]
    return b"".join([*parts, f"--{boundary}--\r\n".encode()])


def collections() -> Iterator[Call]:
    """Yield the calls to lists, statistics and changes."""
    for level in LEVELS:
        path = f"/{level}"
        for argument in (
            "",
            "expand",
            "expand=true",
            "expand=false",
            "since=0&limit=3",
            "since=2&limit=2",
            "since=1&limit=0",
            "since=100000&limit=10",
            "expand&since=1&limit=2",
            "expand&full",
            "expand&short",
            f"expand&since=0&limit=2&requested-tags={_REQUESTED}",
        ):
            yield get(path, path, argument)
        for content in _CONTENTS:
            argument = f"expand&response-content={quote(content)}"
            yield get(path, path, argument)
    yield get("/statistics", "/statistics")


def changes(offset: int) -> Iterator[Call]:
    """Yield the calls to the log of changes; `offset` is the last before the run."""
    for argument, since in (
        ("limit=1000000", 0),
        ("limit=4", 3),
        ("limit=0", 0),
        ("", 1_000_000_000),
        ("limit=abc", 0),
        ("type=NewStudy", 0),
        ("type=NewStudy;NewPatient&limit=2", 0),
        ("type=CompletedSeries", 0),
    ):
        path = f"/changes?since={offset + since}&{argument}"
        yield Call("GET", path, "/changes", f"since={since}&{argument}")
    for argument in ("", "last", "since=-1"):
        yield get("/changes", "/changes", argument)
    yield Call("GET", f"/changes?to={offset + 5}", "/changes", "to=5")
    yield Call("GET", f"/changes?to={offset + 9}&limit=2", "/changes", "to=9&limit=2")


def system() -> Iterator[Call]:
    """Yield the calls that concern the server alone."""
    yield get("/system", "/system")
    yield get("/", "/")


def resource(level: str, identifier: str) -> Iterator[Call]:
    """Yield the calls to one resource, its children and its parents."""
    levels = list(LEVELS)
    depth = levels.index(level)
    path, route = f"/{level}/{identifier}", f"/{level}/{{id}}"
    for argument in (*_FORMS, f"requested-tags={_REQUESTED}"):
        yield get(path, route, argument)
    yield get(f"{path}/statistics", f"{route}/statistics")
    for child in levels[depth + 1 :]:
        for argument in ("", "expand=false", "expand=true", "full", "short"):
            yield get(f"{path}/{child}", f"{route}/{child}", argument)
    for parent in levels[:depth]:
        for argument in ("", "full", "short", f"requested-tags={_REQUESTED}"):
            name = LEVELS[parent]
            yield get(f"{path}/{name}", f"{route}/{name}", argument)
    if level == "instances":
        yield from contents(path, route)


def contents(path: str, route: str) -> Iterator[Call]:
    """Yield the calls to the file of an instance and to its attributes."""
    for argument in (
        "",
        "simplify",
        "short",
        "whole",
        "ignore-length=0008-1030",
        "ignore-length=PatientComments,0010-4000,0040-a160",
        "simplify&ignore-length=ImageComments",
    ):
        yield get(f"{path}/tags", f"{route}/tags", argument)
    for argument in ("", "whole", "ignore-length=0010-4000"):
        yield get(f"{path}/simplified-tags", f"{route}/simplified-tags", argument)
    for argument in ("", "simplify", "short"):
        yield get(f"{path}/header", f"{route}/header", argument)
    for argument in ("", "filename=a.dcm"):
        yield get(f"{path}/file", f"{route}/file", argument)
    for method, headers in (("HEAD", {}), ("GET", {"Range": "bytes=128-131"})):
        argument = "Range" if headers else "HEAD"
        yield Call(
            method, f"{path}/file", f"{route}/file", argument, None, dict(headers)
        )


def brief_resource(level: str, identifier: str) -> Iterator[Call]:
    """Yield a few of the calls of `resource`, for many resources."""
    path, route = f"/{level}/{identifier}", f"/{level}/{{id}}"
    yield get(path, route)
    if level == "instances":
        yield get(f"{path}/file", f"{route}/file")
        yield get(f"{path}/tags", f"{route}/tags")


def mistakes(identifiers: Mapping[str, str]) -> Iterator[Call]:
    """Yield calls that a server refuses; `identifiers` holds one id of each level."""
    for level, name in LEVELS.items():
        path, route = f"/{level}", f"/{level}"
        for argument in ("since=0", "limit=1", "since=a&limit=1", "since=0&limit=b"):
            yield get(path, route, argument)
        for argument in (
            "since=-1&limit=1",
            "expand=maybe",
            "expand&response-content=Nonsense",
            "expand&requested-tags=Nonsense",
            "unknown=1",
        ):
            yield get(path, route, argument)
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"):
            yield Call(method, path, route, f"{method}")
        yield from _unknown(level, f"unknown {name}")
        yield from _wrong_level(level, identifiers)
    instance = f"/instances/{identifiers['instances']}"
    for argument in ("ignore-length=nonsense", "ignore-length=0028,0010"):
        yield get(f"{instance}/tags", "/instances/{id}/tags", argument)
    yield Call("GET", f"{instance}/", "/instances/{id}", "slash at the end")
    yield Call("GET", f"/{instance}", "/instances/{id}", "two slashes")
    yield Call("GET", f"{instance}/nonsense", "unknown route", "below an instance")
    yield Call("GET", "/nonsense", "unknown route", "at the root")
    for method in ("POST", "PUT", "DELETE"):
        yield Call(method, "/nonsense", "unknown route", method, b"x")
        yield Call(method, f"{instance}/tags", "/instances/{id}/tags", method, b"x")
        if method != "DELETE":
            yield Call(method, instance, "/instances/{id}", method, b"x")
        for path in ("/system", "/statistics"):
            yield Call(method, path, path, method, b"x")
    yield get("/changes", "/changes", "type=Nonsense")


def _unknown(level: str, argument: str) -> Iterator[Call]:
    path, route = f"/{level}/{UNKNOWN_ID}", f"/{level}/{{id}}"
    yield Call("GET", path, route, argument)
    yield Call("DELETE", path, route, f"DELETE {argument}")
    yield Call("GET", f"{path}/statistics", f"{route}/statistics", argument)
    levels = list(LEVELS)
    depth = levels.index(level)
    for child in levels[depth + 1 :]:
        yield Call("GET", f"{path}/{child}", f"{route}/{child}", argument)
    for parent in levels[:depth]:
        name = LEVELS[parent]
        yield Call("GET", f"{path}/{name}", f"{route}/{name}", argument)
    if level == "instances":
        for leaf in ("file", "tags", "simplified-tags", "header"):
            yield Call("GET", f"{path}/{leaf}", f"{route}/{leaf}", argument)


def _wrong_level(level: str, identifiers: Mapping[str, str]) -> Iterator[Call]:
    for other, identifier in identifiers.items():
        if other != level:
            path = f"/{level}/{identifier}"
            yield Call("GET", path, f"/{level}/{{id}}", f"id of {other}")


def bad_uploads(
    refused: Mapping[str, bytes],
    good: Mapping[str, bytes],
) -> Iterator[Call]:
    """Yield uploads of which nothing, or only a part, can be stored."""
    for name, content in refused.items():
        yield post(content, f"refused {name}")
    first = next(iter(good.values()))
    members = {
        "a.dcm": first,
        "bad.png": refused["png"],
        "empty": b"",
        "DICOMDIR": b"x",
    }
    archive = make_zip(members, deflated=False)
    damaged = bytearray(archive)
    damaged[900:910] = b"damaged!!!"
    yield post(archive, "zip with a bad member")
    yield post(make_zip({"bad.png": refused["png"]}), "zip with bad members only")
    yield post(make_zip({}), "empty zip")
    yield post(archive[: len(archive) // 2], "truncated zip")
    yield post(bytes(damaged), "zip with a wrong checksum")
    yield post(first, "gzip that is none", Content_Encoding="gzip")
    yield post(gzip.compress(first, mtime=0), "gzip without its header")
    yield post(
        gzip.compress(first, mtime=0)[:-20],
        "truncated gzip",
        Content_Encoding="gzip",
    )
    yield post(first, "unknown encoding", Content_Encoding="br")
    yield post(
        make_multipart({"a.dcm": first, "bad.png": refused["png"]}, "limit"),
        "multipart with a bad part",
        Content_Type="multipart/form-data; boundary=limit",
    )
    yield post(
        b"no boundary in here",
        "multipart without parts",
        Content_Type="multipart/form-data; boundary=limit",
    )


def deletions(inventory: Mapping[str, Iterable[str]]) -> Iterator[Call]:
    """Yield deletions at each level, from the deepest, and a look after each."""
    gone: dict[str, str] = {}
    for level in reversed(LEVELS):
        for identifier in list(inventory[level])[:3]:
            path, route = f"/{level}/{identifier}", f"/{level}/{{id}}"
            yield Call("DELETE", path, route, "DELETE")
            yield Call("GET", path, route, "after DELETE")
            yield Call("DELETE", path, route, "DELETE again")
            gone[level] = identifier
        for other in LEVELS:
            route = f"/{other}"
            yield Call("GET", f"/{other}?expand", route, f"after DELETE {level}")
        yield Call("GET", "/statistics", "/statistics", f"after DELETE {level}")
        route = "/changes"
        yield Call("GET", "/changes?limit=1000", route, f"after DELETE {level}")
    yield Call("DELETE", "/changes", "/changes", "DELETE")
    yield Call("GET", "/changes", "/changes", "after DELETE")
