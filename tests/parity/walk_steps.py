"""The steps of random walks: what may be asked for next, of what there is."""

import gzip
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias
from urllib.parse import quote

from crafted import refused_bodies
from exchange import Call
from factories import make_uid
from parity.calls import LEVELS, UNKNOWN_ID, make_zip, post
from parity.walk_queries import KINDS, LABELS, contents, search


class World(Protocol):
    """What the servers hold."""

    files: Sequence[bytes]

    def pick(self, chance: random.Random, level: str) -> str:
        """Return the id of a resource of a level, now and then one that is unknown."""

    def tag(self, path: str) -> str:
        """Return the ETag of what is at a path, or none of any."""


Step: TypeAlias = Callable[[random.Random, World], Iterator[Call]]

_OVERVIEW = "overview"
_LEVELS = tuple(LEVELS)
_METADATA = ("1024", "Mine", "Other", "Mine", "1025", "1026", "LastUpdate", "Nonsense")
_ATTACHMENTS = ("1024", "note", "blob", "1026", "dicom", "Nonsense")
_CONTENTS = (b"x", b"some text, " * 40, b"", "é*".encode(), b"\0\xff" * 20_000)
_VALUES = (b"x", "é*".encode(), b"", b"7", b"long" * 50)
_FACTS = ("data", "info", "is-compressed", "md5", "size", "", "compressed-data")


def _call(
    method: str,
    path: str,
    route: str,
    argument: str = "",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Call:
    if body is None and method in {"POST", "PUT"}:
        body = b""
    return Call(method, path, route, argument, body, dict(headers or {}))


def _some(chance: random.Random, world: World) -> tuple[str, str, str]:
    """Choose a level and a resource of it: level, path, route."""
    level = chance.choice(_LEVELS)
    return level, f"/{level}/{world.pick(chance, level)}", f"/{level}/{{id}}"


def _upload(chance: random.Random, world: World) -> Iterator[Call]:
    number = chance.randrange(len(world.files))
    if chance.random() < 0.1:
        packed = gzip.compress(world.files[number], mtime=0)
        yield post(packed, f"gzip {number}", Content_Encoding="gzip")
    else:
        yield post(world.files[number], f"file {number}")


def _upload_several(chance: random.Random, world: World) -> Iterator[Call]:
    numbers = chance.sample(range(len(world.files)), chance.randrange(5))
    members = {str(number): world.files[number] for number in numbers}
    yield post(make_zip(members), f"archive of {numbers}")


def _upload_nonsense(chance: random.Random, _world: World) -> Iterator[Call]:
    name, content = chance.choice(list(refused_bodies().items()))
    yield post(content, f"refused {name}")


def _delete(chance: random.Random, world: World) -> Iterator[Call]:
    if chance.random() < 0.6:
        path = f"/instances/{world.pick(chance, 'instances')}"
        yield _call("DELETE", path, "/instances/{id}")
    else:
        _, path, route = _some(chance, world)
        yield _call("DELETE", path, route)


def _label(chance: random.Random, world: World) -> Iterator[Call]:
    _, path, route = _some(chance, world)
    name = chance.choice(LABELS)
    method = chance.choice(("PUT", "PUT", "PUT", "DELETE", "GET"))
    yield _call(method, f"{path}/labels/{name}", f"{route}/labels/{{label}}", name)
    yield _call("GET", f"{path}/labels", f"{route}/labels")


def _revised(chance: random.Random, world: World, path: str) -> dict[str, str]:
    """Choose a revision to give: none, the right one, or a wrong one."""
    if chance.random() < 0.2:
        return {}
    if chance.random() < 0.2:
        return {"If-Match": chance.choice(('"0-x"', '"7-a"', '"0"'))}
    tag = world.tag(path)
    return {"If-Match": tag} if tag else {}


def _changed(
    chance: random.Random,
    world: World,
    place: tuple[str, str, str],
    contents: Sequence[bytes],
) -> Call:
    """Set or remove what has a path, a route and a name, with a revision or without."""
    path, route, name = place
    headers = _revised(chance, world, path)
    told = _told(name, headers)
    if chance.random() < 0.7:
        return _call("PUT", path, route, told, chance.choice(contents), headers)
    return _call("DELETE", path, route, told, None, headers)


def _metadata(chance: random.Random, world: World) -> Iterator[Call]:
    _, path, route = _some(chance, world)
    path, route = f"{path}/metadata", f"{route}/metadata"
    name = chance.choice(_METADATA)
    one, where = f"{path}/{name}", f"{route}/{{name}}"
    yield _changed(chance, world, (one, where, name), _VALUES)
    yield _call("GET", one, where, name)
    yield _call("GET", f"{path}?expand", route, "expand")


def _attachment(chance: random.Random, world: World) -> Iterator[Call]:
    _, path, route = _some(chance, world)
    path, route = f"{path}/attachments", f"{route}/attachments"
    name = chance.choice(_ATTACHMENTS)
    one, where = f"{path}/{name}", f"{route}/{{name}}"
    yield _changed(chance, world, (one, where, name), _CONTENTS)
    yield _call("GET", f"{path}?full", route, "full")


def _told(name: str, headers: Mapping[str, str]) -> str:
    tag = headers.get("If-Match", "")
    return f"{name} {tag}".rstrip() if "-" in tag or not tag else "If-Match"


def _attached(chance: random.Random, world: World) -> Iterator[Call]:
    """Look at an attachment, compress it, or verify it."""
    _, path, route = _some(chance, world)
    name = chance.choice(_ATTACHMENTS[:-1])
    path, route = f"{path}/attachments/{name}", f"{route}/attachments/{{name}}"
    step = chance.choice(("compress", "uncompress", "verify-md5", "verify-md5"))
    yield _call("POST", f"{path}/{step}", f"{route}/{step}", name)
    for fact in chance.sample(_FACTS, 3):
        leaf = f"/{fact}" if fact else ""
        yield _call("GET", f"{path}{leaf}", f"{route}{leaf}", name)
    first = chance.randrange(30)
    wanted = {"Range": f"bytes={first}-{first + chance.randrange(5)}"}
    what = f"Range {wanted['Range']}"
    yield _call("GET", f"{path}/data", f"{route}/data", what, None, wanted)


def _protect(chance: random.Random, world: World) -> Iterator[Call]:
    path = f"/patients/{world.pick(chance, 'patients')}/protected"
    body = chance.choice((b"0", b"1"))
    yield _call("PUT", path, "/patients/{id}/protected", body.decode(), body)
    yield _call("GET", path, "/patients/{id}/protected")


def _reconstruct(chance: random.Random, world: World) -> Iterator[Call]:
    if chance.random() < 0.1:
        yield _call("POST", *("/tools/reconstruct",) * 2, "", b"{}")
        return
    body = chance.choice((b"{}", b'{"LimitToThisLevelMainDicomTags": true}'))
    _, path, route = _some(chance, world)
    path, route = f"{path}/reconstruct", f"{route}/reconstruct"
    yield _call("POST", path, route, body.decode(), body)


def _search(chance: random.Random, world: World) -> Iterator[Call]:
    counts = chance.random() < 0.25
    body = search(chance, lambda level: world.pick(chance, level), counts=counts)
    path = "/tools/count-resources" if counts else "/tools/find"
    text = json.dumps(body, ensure_ascii=False)
    yield _call("POST", path, path, f"random {text}", text.encode())


def _list(chance: random.Random, world: World) -> Iterator[Call]:
    level = chance.choice(_LEVELS)
    path, route = f"/{level}", f"/{level}"
    if level != "instances" and chance.random() < 0.4:
        path, route = f"{path}/{world.pick(chance, level)}", f"{route}/{{id}}"
        below = chance.choice(_LEVELS[_LEVELS.index(level) + 1 :])
        path, route = f"{path}/{below}", f"{route}/{below}"
    arguments = ["expand"]
    if chance.random() < 0.5:
        arguments += [f"since={chance.randrange(3)}", f"limit={chance.randrange(4)}"]
    arguments.append(_form(chance))
    argument = "&".join(filter(None, arguments))
    yield _call("GET", f"{path}?{argument}", route, argument)


def _form(chance: random.Random) -> str:
    shown = ";".join(contents(chance))
    return chance.choice(
        (
            *("", "short", "full", "simplify"),
            "requested-tags=" + quote("PatientID;PatientAge;ModalitiesInStudy"),
            "requested-tags=" + quote("NumberOfStudyRelatedInstances;0010,0010"),
            "response-content=" + quote(shown),
        )
    )


#: What is below a resource, by the levels that have it.
_LEAVES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "patients studies series instances",
        (
            *("", "?full", "?short", "/metadata", "/metadata?expand", "/statistics"),
            *("/labels", "/attachments", "/attachments?full", "/module?short"),
            "/metadata/MainDicomTagsSignature",
        ),
    ),
    (
        "patients studies series",
        (
            *("/instances?expand=false", "/shared-tags?simplify", "/instances"),
            *("/instances-tags?short", "/instances?requested-tags=PatientName;Rows"),
        ),
    ),
    (
        "instances",
        (
            *("/tags", "/header", "/simplified-tags", "/patient", "/study", "/series"),
            *("/file", "/content", "/content/0010-0010", "/content/0008-0060"),
        ),
    ),
    ("patients", ("/protected", "/studies", "/series")),
    ("studies", ("/patient", "/series?full", "/module-patient", "/series?short")),
    ("series", ("/ordered-slices", "/study", "/patient")),
)


def _look(chance: random.Random, world: World) -> Iterator[Call]:
    level, path, route = _some(chance, world)
    leaves = [leaf for levels, some in _LEAVES if level in levels for leaf in some]
    leaf, _, argument = chance.choice(leaves).partition("?")
    query = f"?{argument}" if argument else ""
    what = f"unknown {argument}" if UNKNOWN_ID in path else argument
    yield _call("GET", f"{path}{leaf}{query}", f"{route}{leaf}", what)


_CHANGES = (
    *("", "last", "since=3&limit=2", "to=30&limit=3", "type=NewStudy;NewPatient"),
    *("type=NewInstance&limit=2", "type=UpdatedMetadata;UpdatedAttachment&since=3"),
    *("since=10&to=40&limit=5", "type=CompletedSeries", "to=20", "limit=1000"),
    *("type=Deleted&to=100&since=2", "type=StableStudy;StableSeries;StablePatient"),
)


def _changes(chance: random.Random, _world: World) -> Iterator[Call]:
    if chance.random() < 0.05:
        yield _call("DELETE", "/changes", "/changes")
    argument = chance.choice(_CHANGES)
    yield _call("GET", f"/changes?{argument}".rstrip("?"), "/changes", argument)


def _bulk_delete(chance: random.Random, world: World) -> Iterator[Call]:
    levels = [chance.choice(_LEVELS) for _ in range(chance.randrange(3))]
    body = {"Resources": [world.pick(chance, level) for level in levels]}
    path = "/tools/bulk-delete"
    yield _call("POST", path, path, " ".join(levels), json.dumps(body).encode())


def _bulk_content(chance: random.Random, world: World) -> Iterator[Call]:
    levels = [chance.choice(_LEVELS) for _ in range(chance.randrange(4))]
    kind = chance.choice(list(KINDS.values()))
    further = chance.choice(
        (
            *({}, {"Metadata": True}, {"Metadata": False}, {"Level": kind}),
            *({"Short": True}, {"Full": True}, {"Level": kind, "Metadata": True}),
        )
    )
    ids = [world.pick(chance, level) for level in levels]
    path = "/tools/bulk-content"
    body = json.dumps({"Resources": ids, **further}).encode()
    yield _call("POST", path, path, f"{' '.join(levels)} {further}", body)


def _lookup(chance: random.Random, _world: World) -> Iterator[Call]:
    study, series, number = (chance.randrange(2) for _ in range(3))
    patient = chance.randrange(8)
    text = chance.choice(
        (
            *("W1", "w1", "W 3", " W1", "W4", "W\\5", "nobody"),
            make_uid(patient, study),
            make_uid(patient, study, series),
            make_uid("walk", study, series, number),
            make_uid(patient, study, series, number, "SeriesInstanceUID"),
        )
    )
    yield _call("POST", *("/tools/lookup",) * 2, text, text.encode())


def _encoding(chance: random.Random, _world: World) -> Iterator[Call]:
    path = "/tools/default-encoding"
    name = chance.choice(("Latin1", "Utf8", "Ascii", "Cyrillic"))
    yield _call("PUT", path, path, name, name.encode())


def _invalidate(_chance: random.Random, _world: World) -> Iterator[Call]:
    yield _call("POST", *("/tools/invalidate-tags",) * 2)


#: The steps, and how likely they are.
STEPS: Mapping[Step, int] = {
    _upload: 24,
    _upload_several: 3,
    _upload_nonsense: 1,
    _delete: 5,
    _label: 8,
    _metadata: 10,
    _attachment: 6,
    _attached: 5,
    _protect: 3,
    _reconstruct: 4,
    _search: 22,
    _list: 8,
    _look: 16,
    _changes: 5,
    _bulk_delete: 1,
    _bulk_content: 3,
    _lookup: 3,
    _encoding: 1,
    _invalidate: 1,
}


def next_calls(chance: random.Random, world: World) -> Iterator[Call]:
    """Yield the calls of a step that is chosen by chance."""
    (step,) = chance.choices(list(STEPS), list(STEPS.values()))
    yield from step(chance, world)


def overview() -> Iterator[Call]:
    """Yield the calls that show all that a server holds: `is_overview` of each."""
    for path in ("/statistics", "/tools/labels"):
        yield _call("GET", path, path, _OVERVIEW)
    yield _call("GET", "/changes?limit=100000", "/changes", _OVERVIEW)
    for level in _LEVELS:
        for argument in (
            "expand&full",
            "expand&response-content=" + quote("Metadata;Labels;Attachments;Status"),
        ):
            what = f"{_OVERVIEW} {argument}"
            yield _call("GET", f"/{level}?{argument}", f"/{level}", what)


def is_overview(call: Call) -> bool:
    """Return whether a call is one of `overview`."""
    return call.argument.startswith(_OVERVIEW)
