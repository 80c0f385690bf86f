"""Record what Orthanc answers below /tools and the like, for `test_tools.py`.

Usage: ``python tests/golden/record_tools.py --peer COMMAND``, with a command that
starts Orthanc 1.13 when the path of a configuration file follows it.
"""

import argparse
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from exchange import Call, Peer
from factories import make_instance
from golden.recording import save
from launching import running_server
from parity.differences import normalise

_SYNTAXES = "/tools/accepted-transfer-syntaxes"
_UNKNOWN = "/tools/unknown-sop-class-accepted"
_ENCODING = "/tools/default-encoding"

#: Calls of a server with default options, one a line: method, path, body.
_TOOLS = f"""
GET /system
PUT /system {{}}
GET /system/foo
GET /plugins
POST /plugins x
GET /plugins/explorer.js/x
GET /plugins/foo
GET /plugins/foo/bar
POST / x
DELETE /
GET /exports
GET /exports?last
GET /exports?since=3&limit=2
GET /exports?since=-1
GET /exports?limit=0
GET /exports?since=foo&limit=foo
DELETE /exports
POST /exports x
GET /tools/generate-uid
GET /tools/generate-uid?level=foo
GET /tools/generate-uid?level=Study
POST /tools/generate-uid x
PUT /tools/now x
PUT /tools/dicom-conformance x
GET {_ENCODING}
PUT {_ENCODING} Utf8
GET {_ENCODING}
PUT {_ENCODING} windows1251
PUT {_ENCODING} JapaneseKanji
PUT {_ENCODING} Foo
PUT {_ENCODING} "Latin1"
PUT {_ENCODING}
POST {_ENCODING} Latin1
PUT {_ENCODING} Latin1
GET {_UNKNOWN}
PUT {_UNKNOWN} 1
GET {_UNKNOWN}
PUT {_UNKNOWN} false
GET {_UNKNOWN}
PUT {_UNKNOWN} true
PUT {_UNKNOWN} True
PUT {_UNKNOWN} 2
PUT {_UNKNOWN}
GET {_UNKNOWN}
GET /tools/accepted-sop-classes
PUT /tools/accepted-sop-classes []
GET {_SYNTAXES}
PUT {_SYNTAXES} ["1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"]
GET {_SYNTAXES}
PUT {_SYNTAXES} ["1.2.840.10008.1.2.4.1*", "1.2.840.10008.1.2.4.9?"]
PUT {_SYNTAXES} "1.2.840.10008.1.2.1"
PUT {_SYNTAXES} *
PUT {_SYNTAXES} ["1.2.3.4"]
PUT {_SYNTAXES} [1]
PUT {_SYNTAXES} {{}}
PUT {_SYNTAXES} 12
PUT {_SYNTAXES} true
PUT {_SYNTAXES} []
GET {_SYNTAXES}
PUT {_SYNTAXES}
GET /tools/log-level
PUT /tools/log-level verbose
GET /tools/log-level
GET /tools/log-level-generic
PUT /tools/log-level-http trace
GET /tools/log-level
GET /tools/log-level-http
GET /tools/log-level-lua
PUT /tools/log-level-http default
GET /tools/log-level
PUT /tools/log-level-foo trace
GET /tools/log-level-foo
PUT /tools/log-level-jobs foo
PUT /tools/log-level foo
PUT /tools/log-level
POST /tools/log-level trace
PUT /tools/log-level default
GET /tools/reset
GET /tools/shutdown
GET /tools/execute-script
POST /tools/execute-script print(1)
POST /tools x
GET /tools/foo
"""

#: Calls of a server with one instance that may not write.
_READ_ONLY = """
GET /system
POST /instances x
GET /instances
DELETE /instances/{instance}
DELETE /patients/{patient}
DELETE /patients/nope
PUT /patients/{patient}/protected 1
GET /patients/{patient}/protected
PUT /studies/{study}/metadata/1024 x
PUT /studies/{study}/metadata/LastUpdate x
PUT /studies/nope/metadata/1024 x
GET /studies/{study}/metadata
PUT /studies/{study}/attachments/1024 x
DELETE /instances/{instance}/attachments/dicom
POST /instances/{instance}/attachments/dicom/verify-md5
PUT /studies/{study}/labels/a
DELETE /studies/{study}/labels/a
GET /studies/{study}/labels
GET /studies/{study}
GET /instances/{instance}/tags?short
DELETE /changes
GET /changes
DELETE /exports
GET /exports
PUT /tools/default-encoding Utf8
PUT /tools/log-level default
PUT /tools/unknown-sop-class-accepted 1
POST /tools/find {"Level":"Study","Query":{}}
"""

#: Calls of a server with one instance, without patients and without error bodies.
_NO_PATIENTS = """
GET /system
GET /patients
GET /patients/{patient}
GET /patients/{patient}/studies
DELETE /patients/{patient}
GET /studies
GET /studies/{study}
GET /studies/{study}/patient
GET /studies/{study}/module-patient
GET /series/{series}/patient
GET /instances/{instance}/patient
GET /statistics
GET /changes
POST /tools/find {"Level":"Patient","Query":{}}
GET /studies/nope/series
GET /foo
PUT /tools/log-level foo
POST /instances x
"""

_OPTIONS: dict[str, dict[str, Any]] = {
    "tools": {"Name": "Tools", "UserMetadata": {"mine": 2000}},
    "read-only": {"ReadOnly": True, "OverwriteInstances": "Always"},
    "no-patients": {"PatientLevelEnabled": False, "HttpDescribeErrors": False},
}
_CALLS = {"tools": _TOOLS, "read-only": _READ_ONLY, "no-patients": _NO_PATIENTS}


def play_tools(command: Sequence[str], folder: Path) -> Iterator[tuple[Call, Any]]:
    """Run servers with several options, and yield each call with its answer."""
    for name, options in _OPTIONS.items():
        ids = {}
        if name != "tools":
            with running_server(command, folder / name) as server:
                ids = _store(server.url)
        with running_server(command, folder / name, **options) as server:
            peer = Peer(server.url)
            for number, line in enumerate(_CALLS[name].strip().splitlines()):
                call = _call(name, number, line, ids)
                answer, _ = peer.send(call)
                yield call, normalise(call, answer.to_json())
            peer.close()


def _store(url: str) -> dict[str, str]:
    peer = Peer(url)
    body = make_instance(1)
    answer, _ = peer.send(Call("POST", "/instances", "/instances", "", body))
    peer.close()
    ids = {"instance": answer.body["ID"]}
    for name in ("Patient", "Study", "Series"):
        ids[name.lower()] = answer.body[f"Parent{name}"]
    return ids


def _call(name: str, number: int, line: str, ids: dict[str, str]) -> Call:
    method, path, *rest = line.split(" ", 2)
    for level, id_ in ids.items():
        path = path.replace(f"{{{level}}}", id_)
    route = path.partition("?")[0]
    body = rest[0].encode() if rest else None
    if method in {"PUT", "POST"}:
        body = body or b""
    return Call(method, path, route, f"{name} {number}: {line}", body)


def main() -> None:
    """Record every call again."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer", required=True, metavar="COMMAND")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        played = play_tools(shlex.split(arguments.peer), Path(folder))
        save("tools", [(call.key, value) for call, value in played])


if __name__ == "__main__":
    main()
