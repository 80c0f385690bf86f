"""Calls to the routes of resources and of the server beside those of `calls`.

Routes are named as Orthanc's own description names them, and each is called with every
argument that is documented there.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any
from urllib.parse import quote
from uuid import UUID

from exchange import Call
from factories import make_instance
from parity.calls import LEVELS, UNKNOWN_ID, get
from parity.find_archive import find_files
from parity.find_queries import find_queries

#: With these, both servers have the same names for what users add.
ROUTE_OPTIONS: dict[str, Any] = {
    "UserMetadata": {"Mine": 1024, "Other": 1025},
    "UserContentType": {"note": [1024, "text/plain"], "blob": 1025},
    "RestApiWriteToFileSystemEnabled": True,
}

_PDF_STORAGE = "1.2.840.10008.5.1.4.1.1.104.1"
_NO_TAG = "sha1 of nothing"
_SYSTEM_METADATA = (
    *("AnonymizedFrom", "CalledAET", "ExpectedNumberOfInstances", "HttpUsername"),
    *("IndexInSeries", "LastUpdate", "MainDicomSequences", "MainDicomTagsSignature"),
    *("ModifiedFrom", "Origin", "PatientRecyclingOrder", "PixelDataOffset"),
    *("PixelDataVR", "ReceptionDate", "RemoteAET", "RemoteIP", "SopClassUid"),
    *(
        "TransferSyntax",
        "IsProtected",
        "Other",
        "1024",
        "7",
        "999",
        "70000",
        "Nonsense",
    ),
)
_FACTS = (
    *("compressed-md5", "compressed-size", "info", "is-compressed", "md5", "size"),
    *("", "data", "compressed-data"),
)
_ACCEPTED = (
    *("application/xml", "application/xml;q=0.1, */*", "application/xml, */*"),
    *("text/xml", "*/*, application/xml", "application/*", "APPLICATION/XML"),
)
_RANGES = (
    *("bytes=2-5", "bytes=3-", "bytes=-4", "bytes=-", "bytes=0-0"),
    *("bytes=90000000-", "x"),
)


def route_files() -> dict[str, bytes]:
    """Return the files on which the routes are called."""
    attributes = {
        "SOPClassUID": _PDF_STORAGE,
        "EncapsulatedDocument": b"%PDF-1.4\n%%EOF\n",
        "MIMETypeOfEncapsulatedDocument": "application/pdf",
        "Modality": "DOC",
    }
    return find_files() | {"pdf": make_instance(20, **attributes)}


def route_calls(inventory: Mapping[str, list[str]]) -> Iterator[Call]:
    """Yield all calls; `inventory` holds the ids of each level."""
    yield from _jobs()  # before archives, which Orthanc makes by jobs
    yield from read_calls(inventory)
    yield from _xml(inventory)
    yield from annotation_calls(inventory)
    yield from _protection(inventory["patients"][0])
    yield from _exports()
    yield from _searches(inventory)
    yield from _server()
    yield from _switches()
    yield from _unknown_jobs()
    yield from _reconstruction(inventory)
    yield from _bulk(inventory)
    yield from _new_files(inventory)
    yield from _bulk_delete(inventory)


def read_calls(inventory: Mapping[str, list[str]]) -> Iterator[Call]:
    """Yield the calls that tell what is in all the files."""
    for level, identifiers in inventory.items():
        for identifier in identifiers:
            yield from _reads(level, identifier)


def _xml(inventory: Mapping[str, list[str]]) -> Iterator[Call]:
    """Yield calls that are answered in XML, or could be."""
    for level, identifiers in inventory.items():
        leaves = ["module", "metadata", "unknown"]
        if level == "instances":
            leaves += ["tags", "simplified-tags", "header", "content", "file"]
        for accept, identifier in product(_ACCEPTED, identifiers):
            for leaf in leaves:
                path, route = f"/{level}/{identifier}/{leaf}", f"/{level}/{{id}}/{leaf}"
                headers = {"Accept": accept}
                yield Call("GET", path, route, f"Accept {accept}", None, headers)


def annotation_calls(inventory: Mapping[str, list[str]]) -> Iterator[Call]:
    """Yield the calls to labels, metadata and attachments."""
    for level, identifiers in inventory.items():
        for identifier in (identifiers[0], UNKNOWN_ID):
            yield from _labels(level, identifier)
            yield from _metadata(level, identifier)
            yield from _attachments(level, identifier)


def ending_calls(_inventory: Mapping[str, list[str]]) -> Iterator[Call]:
    """Yield the calls that start the server again, and stop it."""
    yield Call("POST", "/tools/reset", "/tools/reset", "", b"")
    yield Call("GET", "/system", "/system", "after reset")
    yield Call("GET", "/statistics", "/statistics", "after reset")
    yield Call("POST", "/tools/shutdown", "/tools/shutdown", "", b"")


def _reads(level: str, identifier: str) -> Iterator[Call]:
    path, route = f"/{level}/{identifier}", f"/{level}/{{id}}"
    forms = ("", "short", "simplify", "short&simplify", "full")
    leaves = {"module": ("", "ignore-length=PatientID")}
    if level != "instances":
        leaves |= {"shared-tags": ("",), "instances-tags": ("ignore-length=0010-0010",)}
    if level == "studies":
        leaves["module-patient"] = ("ignore-length=PatientID",)
    for leaf, further in leaves.items():
        for argument in dict.fromkeys((*forms, *further)):
            yield get(f"{path}/{leaf}", f"{route}/{leaf}", argument)
    levels = list(LEVELS)
    depth = levels.index(level)
    tags = "requested-tags=PatientID;Modality;0008,0018;InstanceNumber"
    for child in levels[depth + 1 :]:
        for argument in (tags, f"requestedTags={tags.partition('=')[2]}", "simplify"):
            yield get(f"{path}/{child}", f"{route}/{child}", argument)
    if level != "instances":
        for leaf in ("archive", "media"):
            yield get(f"{path}/{leaf}", f"{route}/{leaf}")
        yield get(f"{path}/archive", f"{route}/archive", "filename=")
    yield Call("HEAD", path, route, "HEAD")
    if level == "series":
        yield get(f"{path}/ordered-slices", f"{route}/ordered-slices")
    if level == "instances":
        yield from _contents(path, route)


def _contents(path: str, route: str) -> Iterator[Call]:
    where = f"{route}/content/{{path}}"
    for rest in (
        *("", "/", "/0010-0010", "/0010-0020/", "/0008-0060", "/PatientName"),
        *("/0040-0275", "/0040-0275/0", "/0040-0275/0/0040-1001", "/0040-0275/9"),
        *("/0040-0275/x", "/0008-1032/0/0008-0100", "/0010-0010/0", "/0042-0011"),
        *("/9999-9999", "/0002-0010", "/nonsense", "/7fe0-0010", "/7fe0-0010/0"),
    ):
        yield Call("GET", f"{path}/content{rest}", where, rest)
    yield get(f"{path}/pdf", f"{route}/pdf")
    for name, headers in {
        "Accept */*": {"Accept": "*/*"},
        "Accept application/dicom": {"Accept": "application/dicom"},
        "Accept application/dicom+json": {"Accept": "application/dicom+json"},
        "Accept application/dicom+xml": {"Accept": "application/dicom+xml"},
        "Accept image/png": {"Accept": "image/png"},
    }.items():
        yield Call("GET", f"{path}/file", f"{route}/file", name, None, headers)
    for argument in (
        "transcode=1.2.840.10008.1.2",
        "transcode=1.2.840.10008.1.2.1",
        "transcode=1.2.3",
        "transcode=",
        "lossy-quality=5",
    ):
        yield get(f"{path}/file", f"{route}/file", argument)
    for target in (b"/nonexistent/folder/file.dcm", b""):
        yield Call("POST", f"{path}/export", f"{route}/export", repr(target), target)


def _labels(level: str, identifier: str) -> Iterator[Call]:
    path, route = f"/{level}/{identifier}/labels", f"/{level}/{{id}}/labels"
    yield get(path, route)
    for label in ("one", "two", "a-B_9", "x" * 64, "x" * 65, "no blank", "é", "a.b"):
        for method in ("GET", "PUT", "GET", "PUT"):
            body = b"" if method == "PUT" else None
            yield _named(method, path, f"{route}/{{label}}", label, body)
    yield Call("GET", path, route, "after PUT")
    yield Call("GET", f"/{level}/{identifier}", f"/{level}/{{id}}", "after labels")
    yield Call(
        "GET", "/tools/labels", "/tools/labels", f"with those of {level} {identifier}"
    )
    for label in ("two", "two", "never", "no blank"):
        yield _named("DELETE", path, f"{route}/{{label}}", label)
    yield Call("GET", path, route, "after DELETE")
    override = {"X-HTTP-Method-Override": "DELETE"}
    where = f"{path}/a-B_9"
    yield Call("POST", where, f"{route}/{{label}}", "override", b"", override)
    yield get(f"{path}/one", f"{route}/{{label}}", "_method=DELETE")
    yield Call("GET", path, route, "after overridden DELETE")
    yield Call("GET", "/tools/labels", "/tools/labels", f"after {level} {identifier}")


def _named(
    method: str, path: str, route: str, name: str, body: bytes | None = None
) -> Call:
    return Call(method, f"{path}/{quote(name)}", route, name, body)


def _metadata(level: str, identifier: str) -> Iterator[Call]:
    path, route = f"/{level}/{identifier}/metadata", f"/{level}/{{id}}/metadata"
    one = f"{route}/{{name}}"
    forms = ("", "expand", "numeric", "expand&numeric", "expand=false", "expand=x")
    for argument in forms:
        yield get(path, route, argument)
    for name in _SYSTEM_METADATA:
        yield _named("GET", path, one, name)
    for name in ("LastUpdate", "IndexInSeries", "7", "1023", "65536", "Nonsense"):
        yield _named("PUT", path, one, name, b"x")
        yield _named("DELETE", path, one, name)
    for name, text in (
        ("Mine", "first"),
        ("1024", "é\n"),
        ("Other", ""),
        ("65535", "x"),
    ):
        yield _named("PUT", path, one, name, text.encode())
        yield Call("GET", f"{path}/{name}", one, f"{name} after PUT")
    for argument in forms:
        yield Call("GET", f"{path}?{argument}", route, f"{argument} after PUT")
    for tag in ('"0-d41d8cd98f00b204e9800998ecf8427e"', '"1-x"', "*", _NO_TAG):
        headers = {"If-None-Match": tag}
        yield Call("GET", f"{path}/Other", one, "If-None-Match", None, headers)
    for tag in ('"9-x"', "nonsense"):
        for method, body in (("PUT", b"y"), ("DELETE", None)):
            for name in ("Mine", "LastUpdate", "Nonsense"):
                headers = {"If-Match": tag}
                yield Call(method, f"{path}/{name}", one, "If-Match", body, headers)
    for name in ("Mine", "Mine", "65535", "Other"):
        yield _named("DELETE", path, one, name)


def _attachments(level: str, identifier: str) -> Iterator[Call]:
    path, route = f"/{level}/{identifier}/attachments", f"/{level}/{{id}}/attachments"
    one = f"{route}/{{name}}"
    for argument in ("", "full"):
        yield get(path, route, argument)
    yield from _facts(path, one, "dicom", "")
    for name in ("note", "dicom", "1025", "7", "1023", "65536", "Nonsense"):
        yield _named("PUT", path, one, name, b"some text, some more text " * 20)
        yield Call("GET", f"{path}/{name}", one, f"{name} after PUT")
    yield _named("PUT", path, one, "65535", b"")
    for argument in ("", "full"):
        yield Call("GET", f"{path}?{argument}", route, f"{argument} after PUT")
    for name in ("note", "blob", "65535"):
        yield from _facts(path, one, name, "after PUT")
    yield from _parts(path, one)
    names = ("note", "65535") + (("dicom",) if level == "instances" else ())
    for name in names:
        for step in ("compress", "uncompress"):
            where = f"{path}/{name}"
            yield Call("POST", f"{where}/{step}", f"{one}/{step}", name, b"")
            yield from _facts(path, one, name, f"after {step}")
            verify = f"{one}/verify-md5"
            label = f"{name} after {step}"
            yield Call("POST", f"{where}/verify-md5", verify, label, b"")
    for step in ("compress", "uncompress", "verify-md5"):
        for name in ("none", "1030"):
            yield Call("POST", f"{path}/{name}/{step}", f"{one}/{step}", name, b"")
    for name in ("note", "note", "dicom", "65535", "1025", "Nonsense"):
        yield _named("DELETE", path, one, name)
    yield Call("GET", path, route, "after DELETE")


def _facts(path: str, route: str, name: str, when: str) -> Iterator[Call]:
    for fact in _FACTS:
        leaf = f"/{fact}" if fact else ""
        label = f"{name} {when}".strip()
        yield Call("GET", f"{path}/{name}{leaf}", f"{route}{leaf}", label)


def _parts(path: str, route: str) -> Iterator[Call]:
    for leaf in ("data", "compressed-data"):
        where, named = f"{path}/note/{leaf}", f"{route}/{leaf}"
        yield get(where, named, "filename=a.txt")
        for text in _RANGES:
            yield Call("GET", where, named, f"Range {text}", None, {"Range": text})
            headers = {"Content-Range": text}
            yield Call("GET", where, named, "Content-Range", None, headers)
    for leaf in _FACTS:
        where = f"{path}/note/{leaf}".rstrip("/")
        named = f"{route}/{leaf}".rstrip("/")
        for tag in ('"0-nonsense"', "nonsense"):
            headers = {"If-None-Match": tag}
            yield Call("GET", where, named, "If-None-Match", None, headers)
    for method, body in (("PUT", b"x"), ("DELETE", None)):
        headers = {"If-Match": '"9-x"'}
        yield Call(method, f"{path}/blob", route, "If-Match", body, headers)


def _protection(identifier: str) -> Iterator[Call]:
    for id_ in (identifier, UNKNOWN_ID):
        path, route = f"/patients/{id_}/protected", "/patients/{id}/protected"
        for text in ("1", "0", "true", "", "2", " 1\n", "nonsense"):
            yield Call("PUT", path, route, repr(text), text.encode())
            yield Call("GET", path, route, f"after {text!r}")
            what = f"after protected {text!r}"
            yield Call("GET", f"/patients/{id_}", "/patients/{id}", what)


def _exports() -> Iterator[Call]:
    for argument in ("", "limit=2", "since=0", "since=1&limit=0", "limit=x", "last"):
        yield get("/exports", "/exports", argument)
    yield Call("DELETE", "/exports", "/exports", "DELETE")
    yield Call("GET", "/exports", "/exports", "after DELETE")


def _searches(inventory: Mapping[str, list[str]]) -> Iterator[Call]:
    for path, name, body in find_queries():
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        yield Call("POST", path, path, name, content)
    for level in _KINDS[:4]:
        for further in (
            *({"Full": True}, {"Short": True}, {"MetadataQuery": {"Mine": "first"}}),
            *({"MetadataQuery": {"TransferSyntax": "*"}}, {"Labels": ["one", "x"]}),
            {"Labels": ["one", "x"], "LabelsConstraint": "Any"},
            {"Labels": ["one"], "LabelsConstraint": "None"},
            {"Labels": [], "LabelsConstraint": "None"},
            {"Labels": ["one"], "LabelsConstraint": "Some"},
        ):
            for path in ("/tools/find", "/tools/count-resources"):
                body = {"Level": level, "Query": {}, **further}
                yield _json(path, f"{level} {further}", body)
    for level, kind in (
        ("patients", "Patient"),
        ("studies", "Study"),
        ("series", "Series"),
    ):
        for identifier in (inventory[level][-1], UNKNOWN_ID):
            for path in ("/tools/find", "/tools/count-resources"):
                body = {"Level": "Instance", "Query": {}, f"Parent{kind}": identifier}
                yield _json(path, f"Parent{kind} {identifier}", body)


def _server() -> Iterator[Call]:
    for path in (
        *("/tools", "/tools/now", "/tools/now-local", "/tools/dicom-conformance"),
        *("/tools/metrics-prometheus", "/tools/accepted-sop-classes", "/plugins"),
        *("/plugins/explorer.js", "/tools/labels"),
    ):
        yield get(path, path)
    yield Call("GET", "/plugins/nonsense", "/plugins/{id}", "unknown")
    for argument in ("", *(f"level={level.lower()}" for level in _KINDS), "level=x"):
        yield get("/tools/generate-uid", "/tools/generate-uid", argument)
    for body in (b"", b"print('x')"):
        path = "/tools/execute-script"
        yield Call("POST", path, path, repr(body), body)


_KINDS = ("Patient", "Study", "Series", "Instance", "Patients", "Image")


def _jobs() -> Iterator[Call]:
    for argument in ("", "expand"):
        yield get("/jobs", "/jobs", argument)
    path, route = "/jobs/nonsense", "/jobs/{id}"
    for leaf in ("", "/archive"):
        for method in ("GET", "DELETE"):
            yield Call(method, f"{path}{leaf}", f"{route}{leaf}", f"{method} unknown")
    for leaf in ("cancel", "pause", "resume", "resubmit"):
        yield Call("POST", f"{path}/{leaf}", f"{route}/{leaf}", "unknown", b"")


#: What can be switched, and to what; the last is what holds by default.
_SWITCHED: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("/tools/default-encoding", (b"Utf8", b"nonsense", b"", b"Latin1")),
    (
        "/tools/accepted-transfer-syntaxes",
        (
            b"1.2.840.10008.1.2.1",
            b'["1.2.840.10008.1.2", "1.2.840.10008.1.2.4.*"]',
            b"nonsense",
            b"[1]",
            b"",
            b"1.2.840.10008.1.*",
        ),
    ),
    ("/tools/unknown-sop-class-accepted", (b"1", b"true", b"x", b"", b"0")),
    ("/tools/metrics", (b"0", b"false", b"x", b"", b"1")),
    *(
        (f"/tools/log-level{category}", (b"verbose", b"trace", b"x", b"", b"default"))
        for category in (
            *("", "-generic", "-plugins", "-http", "-sqlite"),
            *("-dicom", "-jobs", "-lua"),
        )
    ),
)


def _switches() -> Iterator[Call]:
    for path, values in _SWITCHED:
        yield Call("GET", path, path, "at first")
        for value in values:
            yield Call("PUT", path, path, value.decode(), value)
            yield Call("GET", path, path, f"after {value.decode()}")


def _unknown_jobs() -> Iterator[Call]:
    """Yield the calls to no job; `golden/test_jobs.py` has those to jobs."""
    for argument in ("", "expand", "expand=false", "expand=x"):
        yield get("/jobs", "/jobs", argument)
    for identifier in (str(UUID(int=0)), "x"):
        path = f"/jobs/{identifier}"
        for method in ("GET", "DELETE"):
            yield Call(method, path, "/jobs/{id}", f"unknown {identifier}")
            yield Call(method, f"{path}/archive", "/jobs/{id}/{key}", identifier)
        for action in ("cancel", "pause", "resume", "resubmit"):
            route = f"/jobs/{{id}}/{action}"
            yield Call("POST", f"{path}/{action}", route, identifier, b"")


def _reconstruction(inventory: Mapping[str, list[str]]) -> Iterator[Call]:
    yield Call("POST", "/tools/invalidate-tags", "/tools/invalidate-tags", "", b"")
    yield from _reconstructed(
        inventory,
        "after reconstruct",
        (b"", b"{}", b'{"LimitToThisLevelMainDicomTags": true}', b"nonsense", b"[]"),
    )
    for level in LEVELS:
        yield Call("GET", f"/{level}?expand", f"/{level}", "after reconstruct")
        for other in LEVELS:
            if other != level:
                path = f"/{level}/{inventory[other][0]}/reconstruct"
                route = f"/{level}/{{id}}/reconstruct"
                yield Call("POST", path, route, f"id of {other}", b"")


def _new_files(inventory: Mapping[str, list[str]]) -> Iterator[Call]:
    """Yield the calls that have files written anew, after which sizes differ."""
    bodies = (
        b'{"ReconstructFiles": true}',
        b'{"ReconstructFiles": true, "LimitToThisLevelMainDicomTags": true}',
    )
    chosen = {level: ids for level, ids in inventory.items() if level != "instances"}
    yield from _reconstructed(chosen, "after new files", bodies)
    instance = inventory["instances"][0]
    for body in bodies:
        path = f"/instances/{instance}/reconstruct"
        yield Call("POST", path, "/instances/{id}/reconstruct", body.decode(), body)
    path = f"/instances/{instance}/tags"
    yield Call("GET", path, "/instances/{id}/tags", "after new files")


def _reconstructed(
    inventory: Mapping[str, list[str]], when: str, bodies: Iterable[bytes]
) -> Iterator[Call]:
    for level, identifiers in inventory.items():
        route = f"/{level}/{{id}}/reconstruct"
        for identifier in (identifiers[0], UNKNOWN_ID):
            for body in bodies:
                path = f"/{level}/{identifier}/reconstruct"
                yield Call("POST", path, route, body.decode(), body)
            path = f"/{level}/{identifier}"
            yield Call("GET", path, f"/{level}/{{id}}", when)
    for body in bodies:
        path = "/tools/reconstruct"
        yield Call("POST", path, path, body.decode(), body)


def _bulk(inventory: Mapping[str, list[str]]) -> Iterator[Call]:
    path = "/tools/bulk-content"
    for level in LEVELS:
        chosen = inventory[level][:3]
        for further in (
            *({}, {"Metadata": False}, {"Metadata": True}, {"Short": True}),
            *({"Full": True}, {"Full": True, "Short": True}),
        ):
            yield _json(path, f"{level} {further}", {"Resources": chosen, **further})
        for kind in _KINDS:
            body = {"Resources": chosen, "Level": kind, "Metadata": False}
            yield _json(path, f"{level} as {kind}", body)
    mixed = [identifiers[0] for identifiers in inventory.values()]
    for name, body in (
        ("mixed", {"Resources": mixed}),
        ("twice", {"Resources": mixed[:1] * 2}),
        ("unknown", {"Resources": [UNKNOWN_ID, mixed[0]]}),
        ("none", {"Resources": []}),
        ("no list", {"Resources": mixed[0]}),
        ("numbers", {"Resources": [1]}),
        ("nothing", {}),
        ("a list", mixed),
        ("Metadata x", {"Resources": mixed, "Metadata": "x"}),
    ):
        yield _json(path, name, body)
    yield Call("POST", path, path, "no JSON", b"x")


def _bulk_delete(inventory: Mapping[str, list[str]]) -> Iterator[Call]:
    path = "/tools/bulk-delete"
    instances, series = inventory["instances"], inventory["series"]
    levelled = [
        {"Level": "Series", "ID": series[1]},
        {"Level": "Study", "ID": UNKNOWN_ID},
    ]
    for name, body in (
        ("none", {"Resources": []}),
        ("no list", {"Resources": "x"}),
        ("numbers", {"Resources": [1]}),
        ("nothing", {}),
        ("a list", instances[:1]),
        ("unknown", {"Resources": [UNKNOWN_ID]}),
        ("unknown and known", {"Resources": [UNKNOWN_ID, instances[-1]]}),
        ("instances", {"Resources": instances[:2]}),
        ("again", {"Resources": instances[:2]}),
        ("with levels", {"Resources": levelled}),
        ("wrong level", {"Resources": [{"Level": "Patient", "ID": series[2]}]}),
        ("lower case", {"Resources": [{"Level": "series", "ID": UNKNOWN_ID}]}),
        ("no level", {"Resources": [{"ID": series[2]}]}),
        ("no id", {"Resources": [{"Level": "Series"}]}),
        ("bad level", {"Resources": [{"Level": "Nope", "ID": series[2]}]}),
        ("both forms", {"Resources": [UNKNOWN_ID, levelled[1]]}),
        ("mixed", {"Resources": [series[0], inventory["patients"][-1]]}),
    ):
        yield _json(path, name, body)
        yield from _what_is_left(f"after {name}")


def _what_is_left(when: str) -> Iterable[Call]:
    return [Call("GET", f"/{level}", f"/{level}", when) for level in LEVELS]


def _json(path: str, argument: str, body: object) -> Call:
    return Call("POST", path, path, argument, json.dumps(body).encode())
