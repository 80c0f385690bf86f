"""Record how Orthanc maintains its index, for `test_maintenance.py`.

Usage: ``python tests/golden/record_maintenance.py --peer COMMAND``, with a command that
starts Orthanc 1.13 when the path of a configuration file follows it.
"""

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from exchange import Call, Peer
from factories import encode_element, encode_meta, make_instance, make_uid, numbers
from golden.recording import save
from launching import running_server
from parity.differences import normalise

#: What the second start indexes beside the usual attributes.
EXTRA = {
    "Patient": ["PatientWeight", "PatientName"],
    "Study": ["OperatorsName", "0008,1010", "0008-0060", "ModalitiesInStudy"],
    "Series": ["Rows", "OperatorsName", "0008,1140", "BitsAllocated"],
    "instances": ["00280010", "ImageType", "0008,0016", "PatientComments"],
}

_LEVELS = ("patients", "studies", "series", "instances")
_PARENTS = ("ParentPatient", "ParentStudy", "ParentSeries", "ID")
_LIMITED = {"LimitToThisLevelMainDicomTags": True}


def maintained_files() -> dict[str, bytes]:
    """Return instances of two studies of a patient that contradict each other."""
    files = {
        str(number): make_instance(
            5,
            study=number // 7,
            series=number % 2,
            number=number,
            PatientName=f"Name{number}^X",
            InstitutionName=f"Institution{number}",
            BodyPartExamined=f"PART{number}",
            CardiacNumberOfImages=number,
            OperatorsName=f"Operator{number}",
            PatientWeight=str(50 + number),
            StationName=f"Station{number}",
        )
        for number in range(1, 9)
    }
    files["blank"] = make_instance(6, PatientID=" X 1")
    files["plain"] = make_instance(7, PatientID="X 1")
    for added in (0, 12, 30):
        files[f"header+{added}"] = _long_header(added)
    return files


def _long_header(added: int) -> bytes:
    """Return a file whose meta header announces more bytes than it has."""
    meta = encode_meta(sop_instance_uid=make_uid("long", added), group_length=added)
    content = make_instance(8, number=added + 1)
    dataset = content[content.index(b"\x08\0\x05\0CS") :]
    return meta + encode_element(numbers(0x00080000, "UL", 8)) + dataset


class _Player:
    """Sends calls one by one, each under a number of its own."""

    def __init__(self, peer: Peer, phase: str) -> None:
        self._peer = peer
        self._phase = phase
        self._count = 0

    def send(
        self, method: str, path: str, body: object = None
    ) -> tuple[Call, dict[str, Any]]:
        """Send a call; return it with its normalised answer."""
        self._count += 1
        name = f"{self._phase}{self._count}"
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        if body is None:
            content = b"" if method == "POST" else None
        elif not name.startswith("upload"):
            name += f" {content!r}"
        call = Call(method, path, path.partition("?")[0], name, content)
        answer, _ = self._peer.send(call)
        value = normalise(call, answer.to_json())
        return call, _without_stability(value)

    def look(self) -> Iterator[tuple[Call, dict[str, Any]]]:
        """Yield all that is known of all resources."""
        for level in _LEVELS:
            path = f"/{level}?expand&response-content=MainDicomTags;Metadata;Children"
            yield self.send("GET", path)
        yield self.send("GET", "/statistics")
        yield self.send("GET", "/changes?limit=1000")


def _without_stability(node: Any) -> Any:
    """Leave out what a restart changes."""
    if isinstance(node, list):
        return [_without_stability(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {k: _without_stability(v) for k, v in node.items() if k != "IsStable"}


Answers = Iterator[tuple[Call, dict[str, Any]]]
Ids = dict[str, dict[str, str]]


def play_maintenance(command: Sequence[str], folder: Path) -> Answers:
    """Start a server twice; yield every call with its normalised answer."""
    with running_server(command, folder) as server:
        peer = Peer(server.url)
        ids: Ids = {}
        player = _Player(peer, "upload ")
        for name, content in maintained_files().items():
            call, value = player.send("POST", "/instances", content)
            ids[name] = value["body"]
            yield call, value
        yield from _headers(_Player(peer, "header "), ids)
        yield from _reconstruction(_Player(peer, "first "), ids)
        peer.close()
    with running_server(command, folder, ExtraMainDicomTags=EXTRA) as server:
        peer = Peer(server.url)
        player = _Player(peer, "extra ")
        yield player.send("GET", "/system")
        yield from player.look()
        yield from _reconstruction(player, ids)
        yield from _requests(player, ids)
        yield from _bulk(_Player(peer, "bulk "), ids)
        peer.close()


def _headers(player: _Player, ids: Ids) -> Answers:
    for name in ids:
        if name.startswith("header"):
            path = f"/instances/{ids[name]['ID']}"
            yield player.send("GET", f"{path}/header?short")
            yield player.send("GET", f"{path}/tags?short")


def _paths(ids: Ids, name: str) -> list[str]:
    return [
        f"/{level}/{ids[name][key]}"
        for level, key in zip(_LEVELS, _PARENTS, strict=True)
    ]


def _reconstruction(player: _Player, ids: Ids) -> Answers:
    yield from player.look()
    steps = [("4", 3, {}), ("7", 3, {}), ("1", 3, _LIMITED), ("1", 2, _LIMITED)]
    steps += [("1", 1, _LIMITED), ("1", 0, _LIMITED), ("2", 3, {}), ("2", 2, {})]
    steps += [("1", 1, {}), ("8", 0, {})]
    for name, depth, body in steps:
        path = _paths(ids, name)[depth]
        yield player.send("POST", f"{path}/reconstruct", body)
        yield from player.look()
    for content in (b"", b"null", b"x", b'{"ReconstructFiles": false}'):
        yield player.send("POST", "/tools/reconstruct", content)
    yield from player.look()
    bodies = [{name: 1} for name in (*_LIMITED, "ReconstructFiles")]
    for body in bodies:
        yield player.send("POST", f"{_paths(ids, '1')[1]}/reconstruct", body)
    yield player.send("POST", "/tools/reconstruct", bodies[1])
    yield player.send("POST", "/studies/nope/reconstruct", b"")
    yield player.send("POST", "/tools/invalidate-tags")


def _requests(player: _Player, ids: Ids) -> Answers:
    tags = "Rows;OperatorsName;PatientWeight;StationName;Modality"
    for path in _paths(ids, "1"):
        for form in ("", "&full", "&short"):
            yield player.send("GET", f"{path}?requested-tags={tags}{form}")
        yield player.send("GET", f"{path}/metadata?expand")
    for query in (
        {"Level": "Study", "Query": {"OperatorsName": "operator*"}},
        {"Level": "Study", "Query": {"Modality": "CT"}},
        {"Level": "Study", "Query": {"PatientWeight": "57"}},
        {"Level": "Series", "Query": {"OperatorsName": "Operator1"}},
        {"Level": "Series", "Query": {"Rows": "8"}},
        {"Level": "Instance", "Query": {"ImageType": "ORIGINAL*"}},
        {"Level": "Instance", "Query": {"Rows": "9"}},
        {"Level": "Patient", "Query": {"PatientWeight": "57"}},
    ):
        yield player.send("POST", "/tools/find", query)
        yield player.send("POST", "/tools/count-resources", query)


def _bulk(player: _Player, ids: Ids) -> Answers:
    first, second = ids["1"], ids["2"]
    mixed = [first["ID"], "nope", second["ParentStudy"], first["ParentPatient"]]
    for body in (
        *({"Resources": one} for one in ([], ["nope"], mixed, mixed * 2, "x", [5])),
        *(
            {"Resources": mixed, "Level": level, "Metadata": False}
            for level in ("Patient", "study", "Series", "Instances", "x", 5)
        ),
        *({"Resources": mixed, form: True} for form in ("Short", "Full")),
        *({"Resources": mixed, name: "x"} for name in ("Short", "Full", "Metadata")),
        b"",
        b"[]",
        {},
    ):
        yield player.send("POST", "/tools/bulk-content", body)
    for identifier in ("X 1", " X 1", "X 1 ", "SYN5", " SYN5", "SYN5\0", ""):
        yield player.send("POST", "/tools/lookup", identifier.encode())
    for id_ in (first["ID"], "nope"):
        for kind in ("metadata/x", "attachments/x", "attachments/x/data"):
            yield player.send("GET", f"/instances/{id_}/{kind}")
    gone = ["nope", first["ID"], first["ID"], second["ParentSeries"], second["ID"]]
    for body in (b"", {}, {"Resources": "x"}, {"Resources": [5]}, {"Resources": gone}):
        yield player.send("POST", "/tools/bulk-delete", body)
    yield from player.look()


def main() -> None:
    """Record everything again."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer", required=True, metavar="COMMAND")
    arguments = parser.parse_args()
    command = shlex.split(arguments.peer)
    with tempfile.TemporaryDirectory() as folder:
        played = play_maintenance(command, Path(folder))
        save("maintenance", [(call.key, value) for call, value in played])


if __name__ == "__main__":
    main()
