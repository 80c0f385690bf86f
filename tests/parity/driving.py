"""Drives one server through a scenario: feed it, then call all it has to answer."""

import io
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from exchange import Answer, Call, Peer, archive_members, describe
from obelisk.dicom.parsing import parse_instance
from obelisk.errors import InvalidDICOMError
from parity import calls
from parity.differences import normalise
from parity.transcoding import transcoded

STORESCU = "/usr/bin/storescu"

_TRIES_MAX = 200

#: storescu's options that propose a transfer syntax; without one: all uncompressed.
PROPOSALS = {
    "1.2.840.10008.1.2.1.99": "-xd",
    "1.2.840.10008.1.2.4.50": "-xy",
    "1.2.840.10008.1.2.4.51": "-xx",
    "1.2.840.10008.1.2.4.70": "-xs",
    "1.2.840.10008.1.2.4.80": "-xt",
    "1.2.840.10008.1.2.4.81": "-xu",
    "1.2.840.10008.1.2.4.90": "-xv",
    "1.2.840.10008.1.2.4.91": "-xw",
    "1.2.840.10008.1.2.5": "-xr",
}


#: The ids of each level.
Inventory: TypeAlias = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """How a server is fed, and what it is asked then.

    Parameters
    ----------
    name
        For reports.
    files
        What to upload, by name, in this order.
    way
        ``post``, ``gzip``, ``zip``, ``multipart``, or ``store`` (C-STORE by dcmtk).
    brief
        Whether to ask for the main things only.
    refused
        Bodies to upload after the files, none of them DICOM.
    deletes
        Whether to end with deletions.
    asks
        What to ask instead of all that is in `calls`, given the ids of each level.
    options
        Those that the server has to run with.
    """

    name: str
    files: Mapping[str, bytes]
    way: str = "post"
    brief: bool = False
    refused: Mapping[str, bytes] | None = None
    deletes: bool = False
    asks: Callable[[Inventory], Iterator[Call]] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def drive(
    scenario: Scenario,
    url: str,
    dicom: tuple[str, int] | None = None,
) -> Iterator[tuple[Call, Any]]:
    """Yield every call of a scenario with its normalised answer.

    The server must be empty; `empty` makes it so.

    Parameters
    ----------
    scenario
        What to do.
    url
        Where the server listens for HTTP, without a slash at the end.
    dicom
        Host and port of the DICOM server; for the way ``store`` only.
    """
    peer = Peer(url)
    offset = int(peer.get_json("/changes?last")["Last"])
    after_store = scenario.way == "store"
    try:
        if after_store:
            assert dicom is not None, "C-STORE needs a DICOM host and port"
            yield _store(scenario, *dicom)
        for call in _calls(scenario, peer, offset):
            answer, content = _send(peer, call)
            value = answer.to_json()
            if after_store and call.route.endswith("/file") and answer.status == 200:
                value["body"] = _pixel_data(content)
            kind = answer.headers.get("Content-Type")
            if call.argument.startswith("transcode=") and kind == "application/dicom":
                value["body"] = transcoded(content, call.argument)
            if kind == "application/zip":
                value["body"] = archive_members(content)
            yield (
                call,
                normalise(call, value, offset=offset, after_store=after_store),
            )
    finally:
        peer.close()


def empty(url: str) -> None:
    """Delete everything that a server holds, and its changes."""
    peer = Peer(url)
    for identifier in peer.get_json("/patients"):
        path = f"/patients/{identifier}"
        peer.send(Call("DELETE", path, "/patients/{id}"))
    peer.send(Call("DELETE", "/changes", "/changes"))
    peer.close()


def is_read(content: bytes) -> bool:
    """Return whether content is a DICOM file that can be stored."""
    try:
        parse_instance(content)
    except InvalidDICOMError:
        return False
    return True


def _calls(scenario: Scenario, peer: Peer, offset: int) -> Iterator[Call]:
    yield from calls.uploads(scenario.files, scenario.way)
    if scenario.asks is not None:
        yield from scenario.asks(_inventory(peer))
        return
    yield from calls.collections()
    if scenario.way not in {"store", "zip"}:
        yield from calls.changes(offset)
    yield from calls.system()
    inventory = _inventory(peer)
    ask = calls.brief_resource if scenario.brief else calls.resource
    for level, identifiers in inventory.items():
        for identifier in identifiers:
            yield from ask(level, identifier)
    if scenario.refused:
        yield from calls.mistakes({level: ids[0] for level, ids in inventory.items()})
        yield from calls.bad_uploads(scenario.refused, scenario.files)
    if scenario.deletes:
        yield from calls.deletions(inventory)


def _inventory(peer: Peer) -> Inventory:
    return {level: peer.get_json(f"/{level}") for level in calls.LEVELS}


def _send(peer: Peer, call: Call) -> tuple[Answer, bytes]:
    """Send a call; wait for the server, if one before has started it again."""
    pause = threading.Event()
    for _ in range(_TRIES_MAX):
        try:
            return peer.send(call)
        except OSError:
            pause.wait(0.1)
    return peer.send(call)


def _store(scenario: Scenario, host: str, port: int) -> tuple[Call, Any]:
    """Send the files with dcmtk's storescu, each in its own transfer syntax."""
    statuses = []
    with tempfile.TemporaryDirectory() as folder:
        for index, content in enumerate(scenario.files.values()):
            option = PROPOSALS.get(_transfer_syntax(content), "-x=")
            Path(folder, option).mkdir(exist_ok=True)
            Path(folder, option, f"{index:06d}.dcm").write_bytes(content)
        for option in sorted(path.name for path in Path(folder).iterdir()):
            command = [STORESCU, option, "-R", host, str(port), "--no-halt"]
            result = subprocess.run(
                [*command, "+sd", "+r", str(Path(folder, option))],
                check=False,
                capture_output=True,
                timeout=600,
            )
            statuses.append(f"{option} {result.returncode}")
    call = Call("C-STORE", "storescu", "C-STORE", scenario.name)
    return call, {"status": 0, "body": statuses}


def _transfer_syntax(content: bytes) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the oddities are on purpose
        try:
            meta = dcmread(io.BytesIO(content), specific_tags=[]).file_meta
        except (InvalidDicomError, EOFError):
            return ""
    return str(meta.get("TransferSyntaxUID", ""))


def _pixel_data(content: bytes) -> Any:
    """Return the digest of Pixel Data, the rest being compared as tags.

    After C-STORE the files themselves differ: Orthanc parses what it receives and
    writes it again, where we keep what was received behind a file meta group of ours.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the oddities are on purpose
        dataset = dcmread(io.BytesIO(content), force=True)
    return describe(dataset.PixelData) if "PixelData" in dataset else None
