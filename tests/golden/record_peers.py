"""Record Orthanc's answers below /peers, and what its peers get, for `test_peers.py`.

Usage: ``python tests/golden/record_peers.py --peer COMMAND``, with a command that
starts Orthanc 1.13 when the path of a configuration file follows it.
"""

import argparse
import gzip
import hashlib
import json
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
from peer_server import PeerServer, Received, Reply, running_peer

#: What a peer below such a path answers.
_REPLIES = {
    "stored": Reply(b'{"ID": "x", "Status": "AlreadyStored"}'),
    "created": Reply(b'{"Status": "Success"}', 201),
    "list": Reply(b"[1]"),
    "text": Reply(b"hello"),
    "unauthorized": Reply(b"no", 401),
    "missing": Reply(b"no", 404),
    "failing": Reply(b"no", 501),
    "moved": Reply(b"", 302, (("Location", "/stored/instances"),)),
}

_GONE = "-".join(["00000000"] * 5)

#: What `PUT /peers/new` gets.
_PEERS = (
    '["http://x"]',
    '["http://x/", "u", "p"]',
    '["http://x", "", ""]',
    '["http://x", "u"]',
    "[]",
    "{}",
    "5",
    "{nope",
    "",
    '{"Url": "http://x"}',
    '{"URL": "http://x"}',
    '{"url": "http://x"}',
    '{"Url": "ftp://x"}',
    '{"Url": 5}',
    '{"Url": "http://x", "Username": "u"}',
    '{"Url": "http://x", "Password": "p"}',
    '{"Url": "http://x", "Username": 5}',
    '{"Url": "http://x", "Timeout": 7}',
    '{"Url": "http://x", "Timeout": "7"}',
    '{"Url": "http://x", "Timeout": 2.5}',
    '{"Url": "http://x", "Timeout": -1}',
    '{"Url": "http://x", "HttpHeaders": {"b": "1", "A": "2"}}',
    '{"Url": "http://x", "HttpHeaders": []}',
    '{"Url": "http://x", "HttpHeaders": {"a": 5}}',
    '{"Url": "http://x", "Mine": "a", "Number": 5, "Truth": true}',
    '{"Url": "http://x", "Mine": null}',
    '{"Url": "http://x", "Mine": {"a": "b"}}',
    '{"Url": "http://x", "Pkcs11": false}',
    '{"Url": "http://x", "Pkcs11": true}',
    '{"Url": "http://x", "Pkcs11": "yes"}',
    '{"Url": "http://x", "CertificateFile": "/nonexistent"}',
    '{"Url": "http://x", "CertificateKeyFile": "/nonexistent"}',
)

#: What is sent, below /peers/{name}/store.
_ORDERS = (
    "{instance}",
    " {study}\n",
    '"{series}"',
    '["{instance}", "{other}"]',
    '["{other}", "{patient}"]',
    '["{instance}", "{instance}"]',
    '["{patient}", "{instance}"]',
    "[]",
    '{"Resources": []}',
    '{"Resources": ["{study}"], "Permissive": true, "Priority": 5}',
    '{"Resources": ["{study}"], "Compress": true}',
    '{"Resources": ["{study}"], "Synchronous": true}',
    '{"Resources": ["{study}"], "UserData": {"a": 1}}',
    '{"Resources": ["{instance}"], "Transcode": "1.2.840.10008.1.2.1"}',
    '{"Resources": ["{instance}"], "Transcode": "1.2.840.10008.1.2.2"}',
    '{"Resources": ["{instance}"], "Transcode": "1.2"}',
    '{"Resources": ["{instance}"], "Transcode": 5}',
    '{"Resources": ["{instance}"], "Compress": "yes"}',
    '{"Resources": ["{instance}"], "Permissive": "yes"}',
    '{"Resources": ["{instance}"], "Priority": "high"}',
    '{"Resources": ["{instance}"], "Asynchronous": 1}',
    '{"Resources": "{instance}"}',
    '{"Resources": [5]}',
    "",
    "{}",
    "5",
    "[5]",
    "nope",
    '["nope"]',
    f'["{_GONE}"]',
)

_PERMISSIVE = '{"Resources": ["{study}"], "Permissive": true}'
_JOB_KEYS = ("Content", "ErrorCode", "Priority", "Progress", "State", "Type")


def _lines() -> Iterator[str]:
    """Yield the calls, one a line: method, path, body."""
    for path in ("", "?expand", "?expand=false", "?expand=true", "?expand=maybe"):
        yield f"GET /peers{path}"
    for leaf in ("", "/configuration", "/system", "/nonsense"):
        for name in ("stored", "rich", "nobody"):
            yield f"GET /peers/{name}{leaf}"
    for name in (*_REPLIES, "away"):
        yield f"GET /peers/{name}/system"
        yield f'POST /peers/{name}/store ["{{instance}}"]'
        yield f"POST /peers/{name}/store {_PERMISSIVE}"
        yield f"POST /peers/{name}/store-straight abc"
    for body in _ORDERS:
        yield f"POST /peers/stored/store {body}"
    yield "POST /peers/rich/store {study}"
    yield "POST /peers/nobody/store {study}"
    yield "POST /peers/nobody/store-straight abc"
    for body in _PEERS:
        yield f"PUT /peers/new {body}"
        yield "GET /peers/new/configuration"
        yield "DELETE /peers/new"
    for name in ("a%20b", "%C3%A9", "a.b", "a_-9"):
        yield f'PUT /peers/{name} ["http://x"]'
    yield "GET /peers"
    yield "DELETE /peers/a_-9"
    yield "DELETE /peers/a_-9"
    yield from ("POST /peers x", "PUT /peers/a/store x", "GET /peers/stored/store")


def play_peers(command: Sequence[str], folder: Path) -> Iterator[tuple[Call, Any]]:
    """Run a server with peers; yield each call with its answer, and what they got."""
    with running_peer() as peer:
        peer.reply = lambda _method, path: _REPLIES[path.split("/")[1]]
        options = {"OrthancPeers": _peers(peer.url)}
        with running_server(command, folder, **options) as server:
            client = Peer(server.url)
            ids, last = _store(client), _last_job(client)
            for number, line in enumerate(_lines()):
                call = _call(number, line, ids)
                answer, _ = client.send(call)
                yield call, _settled(call, answer.to_json(), peer)
                yield _got(call, peer)
                if (job := _last_job(client))["ID"] != last["ID"]:
                    shown = {key: job[key] for key in _JOB_KEYS}
                    value = {"status": 0, "headers": {}, "body": shown}
                    yield _about(call, "job"), _settled(call, value, peer)
                    last = job
            client.close()


def _peers(url: str) -> dict[str, Any]:
    rich = {
        "Url": f"{url}stored/",
        "Username": "alice",
        "Password": "secret",
        "Timeout": 20,
        "Mine": "text",
    }
    plain = {name: [f"{url}{name}", "alice", "secret"] for name in _REPLIES}
    return plain | {"rich": rich, "away": ["http://127.0.0.1:1"]}


def _store(client: Peer) -> dict[str, str]:
    """Store two instances of a study; return what stands for ids in the calls."""
    found = {}
    for name, number in (("other", 2), ("instance", 1)):
        call = Call("POST", "/instances", "", "", make_instance(1, number=number))
        body = client.send(call)[0].body
        found[name] = body["ID"]
        for level in ("Patient", "Study", "Series"):
            found[level.lower()] = body[f"Parent{level}"]
    return found


def _call(number: int, line: str, ids: dict[str, str]) -> Call:
    method, path, *rest = line.split(" ", 2)
    content = rest[0] if rest else ""
    for name, id_ in ids.items():
        content = content.replace(f"{{{name}}}", id_)
    body = content.encode() if method in ("PUT", "POST") else None
    if line.endswith("/store-straight abc"):
        body = make_instance(3)
    return Call(method, path, path.partition("?")[0], f"{number}: {line}", body)


def _settled(call: Call, value: Any, peer: PeerServer) -> Any:
    """Return an answer without the port of the peer and the size of what is packed."""
    text = json.dumps(normalise(call, value)).replace(peer.url, "http://peer/")
    settled = json.loads(text)
    _hide_size(settled)
    return settled


def _hide_size(node: Any) -> None:
    if isinstance(node, dict):
        if node.get("Compress"):
            node["Size"] = "*"
        for item in node.values():
            _hide_size(item)


def _got(call: Call, peer: PeerServer) -> tuple[Call, Any]:
    """Return what peers got because of a call."""
    got = sorted(map(_described, peer.received))
    peer.received.clear()
    return _about(call, "received"), {"status": 0, "headers": {}, "body": got}


def _described(one: Received) -> list[str]:
    is_packed = one.headers.get("content-encoding") == "gzip"
    body = gzip.decompress(one.body) if is_packed else one.body
    return [
        one.method,
        one.path,
        one.headers.get("authorization", ""),
        one.headers.get("content-encoding", ""),
        hashlib.sha256(body).hexdigest(),
    ]


def _last_job(client: Peer) -> dict[str, Any]:
    """Return the job that was submitted last."""
    jobs = client.get_json("/jobs?expand")
    return max(jobs, key=lambda job: job["CreationTime"], default={"ID": ""})


def _about(call: Call, what: str) -> Call:
    return Call(what, call.path, call.route, f"{call.argument} ({what})")


def main() -> None:
    """Record every call again."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer", required=True, metavar="COMMAND")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        played = play_peers(shlex.split(arguments.peer), Path(folder))
        save("peers", [(call.key, value) for call, value in played])


if __name__ == "__main__":
    main()
