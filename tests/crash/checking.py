"""What must hold of a server that was started again after it was killed."""

import hashlib
import re
import threading
from collections.abc import Collection
from pathlib import Path

from crash.ingesting import Ledger, dataset_sha256
from exchange import Call, Peer
from launching import RunningServer

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: Files of a storage folder that hold no instance: the index, and locks.
_OTHER_FILES = re.compile(r"obelisk\.sqlite3(-wal|-shm|-reserve)?|lock|1\.journal")

_SWEEP_SECONDS_MAX = 20
_POLL_SECONDS = 0.05


def check(server: RunningServer, ledger: Ledger, fresh: Collection[str]) -> None:
    """Assert that nothing was lost, doubled or left behind.

    Parameters
    ----------
    server
        The server, started again.
    ledger
        Everything that was sent and acknowledged so far.
    fresh
        The SOP Instance UIDs of which the bytes are compared.
    """
    peer = Peer(server.url)
    instances = peer.get_json("/instances?expand")
    by_uid = {item["MainDicomTags"]["SOPInstanceUID"]: item for item in instances}
    lost = ledger.acknowledged - by_uid.keys()

    assert not lost, f"{len(lost)} acknowledged instances are lost"
    assert len(by_uid) == len(instances), "an instance is there twice"
    assert by_uid.keys() <= ledger.sent.keys(), "an instance was never sent"
    for uid in fresh:
        if uid in by_uid:
            _check_bytes(peer, by_uid[uid]["ID"], ledger, uid)
    _check_counts(peer, instances)
    _check_files(server.storage, {item["FileUuid"] for item in instances})
    peer.close()


def _check_bytes(peer: Peer, identifier: str, ledger: Ledger, uid: str) -> None:
    path = f"/instances/{identifier}/file"
    answer, content = peer.send(Call("GET", path, path))
    sent = ledger.sent[uid]

    assert answer.status == 200, (uid, answer.status)
    if hashlib.sha256(content).digest() != hashlib.sha256(sent.content).digest():
        # C-STORE: the receiver writes the file meta group, the rest is as sent.
        assert dataset_sha256(content) == sent.dataset_sha256, uid
    size = int(peer.get_json(f"/instances/{identifier}")["FileSize"])
    assert size == len(content), uid


def _check_counts(peer: Peer, instances: list[dict[str, object]]) -> None:
    statistics = peer.get_json("/statistics")

    for level in ("Patients", "Studies", "Series", "Instances"):
        identifiers = peer.get_json(f"/{level.lower()}")
        assert len(set(identifiers)) == len(identifiers), level
        assert statistics[f"Count{level}"] == len(identifiers), level
    total = sum(int(str(item["FileSize"])) for item in instances)
    assert int(statistics["TotalDiskSize"]) == total
    children: list[str] = []
    for series in peer.get_json("/series?expand"):
        children += series["Instances"]
        path = f"/series/{series['ID']}/statistics"
        assert peer.get_json(path)["CountInstances"] == len(series["Instances"])
    assert sorted(children) == sorted(str(item["ID"]) for item in instances)


def _check_files(storage: Path, expected: set[str]) -> None:
    """Wait for the sweep of the start; then every file must be one of the index."""
    pause = threading.Event()
    for _ in range(int(_SWEEP_SECONDS_MAX / _POLL_SECONDS)):
        contents, strays = _survey(storage)
        if contents == expected and not strays:
            return
        pause.wait(_POLL_SECONDS)
    contents, strays = _survey(storage)

    assert not expected - contents, "a file of the index is missing"
    assert not contents - expected, f"{len(contents - expected)} orphan files"
    assert not strays, f"left behind: {strays[:5]}"


def _survey(storage: Path) -> tuple[set[str], list[str]]:
    contents, strays = set(), []
    for path in storage.rglob("*"):
        if not path.is_file():
            continue
        name = path.name
        if _UUID.fullmatch(name) and path.parent.parts[-2:] == (name[:2], name[2:4]):
            contents.add(name)
        elif not _OTHER_FILES.fullmatch(name):
            strays.append(path.relative_to(storage).as_posix())
    return contents, strays
