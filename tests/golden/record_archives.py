"""Record Orthanc's ZIP archives, for `test_archives.py`.

Usage: ``python tests/golden/record_archives.py --peer COMMAND``, with a command that
starts Orthanc 1.13 when the path of a configuration file follows it.
"""

import argparse
import json
import shlex
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from exchange import Call, Peer, archive_members
from factories import make_instance
from golden.recording import save
from launching import running_server

#: What is not put together with others, as archives of it differ.
_APART = ("hostile", "folders", "long", "number 2147483648 of (2147483648, 1)")

#: Attributes of one instance each, whose folders are named by them.
_NAMES: dict[str, dict[str, Any]] = {
    "plain": {},
    "no name": {"PatientName": None},
    "empty name": {"PatientName": ""},
    "no identifier": {"PatientID": None, "StudyID": "no identifier"},
    "no accession": {"AccessionNumber": None},
    "no study description": {"StudyDescription": None},
    "no series number": {"SeriesNumber": None},
    "no modality": {"Modality": None},
    "no series description": {"SeriesDescription": None},
    "only description": {"SeriesNumber": None, "Modality": None},
    "nothing": dict.fromkeys(
        (
            "PatientName",
            "AccessionNumber",
            "StudyDescription",
            "SeriesNumber",
            "Modality",
            "SeriesDescription",
            "InstanceNumber",
        )
    ),
    "hostile": {
        "PatientName": 'a/b\\c:d*e?f"g<h>i|j',
        "AccessionNumber": "../..",
        "SeriesDescription": "C:\\x\x01y\ttab\x7f",
        "Modality": "../X",
    },
    "folders": {
        "AccessionNumber": None,
        "StudyDescription": "..",
        "SeriesNumber": None,
        "Modality": None,
        "SeriesDescription": ".",
    },
    "slashes": {"PatientName": "/", "AccessionNumber": "/", "StudyDescription": "/"},
    "signs": {
        "PatientName": "~x $HOME `x` %PATH% !#&()[]{};,=+@'",
        "StudyDescription": "trail. ",
        "SeriesDescription": "trail...",
    },
    "Latin": {
        "PatientName": "Müller^Jürgen",
        "StudyDescription": "Schädel µ",
        "SeriesDescription": "ÅÄÖ éè ñ ß",
    },
    "Unicode": {
        "SpecificCharacterSet": "ISO_IR 192",
        "PatientName": "Ванька^Иван=山田^太郎",
        "StudyDescription": "日本語",
        "SeriesDescription": "Ελληνικά",
    },
    "long": {"PatientID": "I" * 64, "PatientName": "N" * 200},
    "too long": {"StudyDescription": "S" * 300, "SeriesDescription": "D" * 300},
    "spaces": {"PatientName": "  x   y ", "SeriesDescription": "a\tb\nc"},
    "values": {"StudyDescription": "a\\b", "SeriesDescription": ["x", "y"]},
}

_MODALITIES = ("MR", "RTSTRUCT", "X", "", "ct", "A B", "a/b", "é", "aé", " m")

#: The numbers of the instances of one series each.
_NUMBERS: tuple[tuple[Any, ...], ...] = (
    (1, 3, 7),
    (3, 3),
    (2, 5, 5),
    (-4, 2),
    (-4, -2),
    (0, None),
    (None, None, None),
    (12345678, 1),
    (2147483648, 1),
    ("007", " 9 "),
    ("+5", "6"),
)


def archive_files() -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of the files of the archive."""
    seeds = iter(range(1000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom dislikes what this is about
        for name, attributes in _NAMES.items():
            yield name, make_instance(next(seeds), **attributes)
        for modality in _MODALITIES:
            yield f"modality {modality}", make_instance(next(seeds), Modality=modality)
        for numbers in _NUMBERS:
            seed = next(seeds)
            for position, number in enumerate(numbers):
                yield (
                    f"number {number} of {numbers}",
                    make_instance(seed, number=position + 1, InstanceNumber=number),
                )
        yield from _twins(next(seeds))


def _twins(seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield studies and series that have the same names, and change the patient's."""
    alike = {"AccessionNumber": "A", "StudyDescription": "alike"}
    for study in range(3):
        for series in range(3):
            yield (
                f"study {study} series {series}",
                make_instance(
                    seed,
                    study=study,
                    series=series,
                    SeriesNumber=1,
                    SeriesDescription="alike",
                    PatientName=f"Name{study}",
                    **alike,
                ),
            )


def play_archives(url: str) -> Iterator[tuple[Call, Any]]:
    """Fill an empty server, then yield archives with what is in them."""
    peer = Peer(url)
    names: dict[str, str] = {}
    for name, content in archive_files():
        answer, body = peer.send(Call("POST", "/instances", "", name, content))
        assert answer.status == 200, name
        stored = json.loads(body)
        for key in ("ParentPatient", "ParentStudy", "ParentSeries", "ID"):
            names.setdefault(stored[key], name)
    for call in _calls(peer, names):
        answer, content = peer.send(call)
        value = answer.to_json()
        value["body"] = archive_members(content) if content[:2] == b"PK" else None
        yield call, value
    peer.close()


def _calls(peer: Peer, names: dict[str, str]) -> Iterator[Call]:
    utf8 = json.dumps({"Utf8": True}).encode()
    for level in ("patients", "studies", "series"):
        ids = peer.get_json(f"/{level}")
        for id_ in ids:
            for kind in ("archive", "media"):
                path = f"/{level}/{id_}/{kind}"
                yield Call("GET", path, "", names[id_])
            yield Call("POST", f"/{level}/{id_}/archive", "", names[id_], utf8)
        ids = [id_ for id_ in ids if names[id_] not in _APART]
        for kind in ("archive", "media", "media-extended"):
            for some in (ids, ids[::-7], ids[:1] * 2):
                listed = ",".join(some)
                path = f"/tools/create-{kind}?resources={listed}"
                yield Call("GET", path, "", f"{level} {len(some)}")
                body = json.dumps(some).encode()
                path = f"/tools/create-{kind}"
                yield Call("POST", path, "", f"{level} {len(some)}", body)
    yield from _odd_calls(peer.get_json("/studies")[0])


def _odd_calls(id_: str) -> Iterator[Call]:
    for query in (
        "filename=a%22b%2Fc.zip",
        "transcode=nope",
        "lossy-quality=x",
        "extended=maybe",
    ):
        yield Call("GET", f"/studies/{id_}/archive?{query}", "", query)
    yield Call("GET", "/studies/nope/archive", "", "unknown")
    for path in ("/tools/create-archive?resources=nope", "/tools/create-archive"):
        yield Call("GET", path, "", path)
    for name, body in _odd_bodies(id_):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        yield Call("POST", f"/studies/{id_}/archive", "", name, content)
        yield Call("POST", "/tools/create-archive", "", name, content)


def _odd_bodies(id_: str) -> Iterator[tuple[str, Any]]:
    yield "nothing", b""
    yield "no JSON", b"nope"
    for value in (
        {},
        {"Synchronous": True},
        {"Synchronous": "x"},
        {"Filename": 'q"w.zip'},
        {"Transcode": "nope"},
        {"Transcode": 5},
        {"LossyQuality": "x"},
        {"Utf8": "x"},
        {"UserData": {"a": 1}},
        {"Resources": "x"},
        {"Resources": [5]},
        {"Resources": ["nope"]},
    ):
        yield str(value), value
    for value in ({"Filename": "f.zip"}, {"Utf8": "x"}, {"Synchronous": "x"}):
        yield f"{value} with resources", {"Resources": [id_], **value}


def main() -> None:
    """Record every archive again."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer", required=True, metavar="COMMAND")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(shlex.split(arguments.peer), Path(folder)) as server,
    ):
        answers = [(call.key, value) for call, value in play_archives(server.url)]
        save("archives", answers)


if __name__ == "__main__":
    main()
