"""Record how Orthanc writes datasets as JSON and XML of DICOMweb, for `test_models.py`.

Usage: ``python tests/golden/record_models.py --peer COMMAND``, with a command that
starts Orthanc 1.13 when the path of a configuration file follows it.
"""

import argparse
import base64
import gzip
import hashlib
import json
import shlex
import struct
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from corpora import pydicom_files
from crafted import crafted_files
from exchange import Call, Peer
from golden.recording import ANSWERS
from launching import running_server

GOLDEN = ANSWERS / "models.json.gz"
FORMS = ("application/dicom+json", "application/dicom+xml")

#: Values that Orthanc gives as numbers, though they are to be Base64: what they pack.
CODES = {"OW": "H", "OF": "f", "OL": "I", "OD": "d", "OV": "Q"}

_LONG = 64


def model_files() -> dict[str, bytes]:
    """Return the files by name, without those of file-sets, which are much alike."""
    others = {
        name: content
        for name, content in pydicom_files().items()
        if "dicomdirtests" not in name
    }
    return crafted_files() | others


def summary(value: str) -> str:
    """Return a value in Base64, or its digest if it is long."""
    if len(value) <= _LONG:
        return value
    return hashlib.sha256(base64.b64decode(value)).hexdigest()


def read_json(content: bytes) -> Any:
    """Read the JSON model, with summaries of binary values, also as Base64."""
    return _brief(json.loads(content))


def _brief(node: Any) -> Any:
    if isinstance(node, list):
        return [_brief(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("vr") in CODES and "Value" in node:
        values = node["Value"]
        packed = struct.pack(f"<{len(values)}{CODES[node['vr']]}", *values)
        encoded = base64.b64encode(packed).decode()
        return {"vr": node["vr"], "InlineBinary": summary(encoded)}
    return {
        key: summary(value) if key == "InlineBinary" else _brief(value)
        for key, value in node.items()
    }


def read_xml(content: bytes) -> Any:
    """Read the XML model: names, attributes, text without indentation, children.

    Values of `CODES` are left out.
    """
    return _tree(ET.fromstring(content))


def _tree(node: ET.Element) -> list[Any]:
    is_binary = node.get("vr") in CODES
    children = [] if is_binary else list(map(_tree, node))
    name = node.tag.partition("}")[2]
    text = "" if children else node.text or ""
    if name == "InlineBinary":
        text = summary(text)
    if name in {"DicomAttribute", "Item"}:
        text = ""
    attributes = {key: value for key, value in node.items() if "}" not in key}
    return [name, attributes, text, children]


def record(command: Sequence[str]) -> dict[str, Any]:
    """Store each file in turn, and ask for it in both forms; doubles are left out."""
    recorded: dict[str, Any] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(command, Path(folder)) as server,
    ):
        peer = Peer(server.url)
        for name, file in model_files().items():
            answer, _ = peer.send(Call("POST", "/instances", "", "", file))
            if answer.status != 200 or answer.body["Status"] != "Success":
                continue
            path = f"/instances/{answer.body['ID']}/file"
            bodies = [
                peer.send(Call("GET", path, "", "", None, {"Accept": form}))[1]
                for form in FORMS
            ]
            recorded[name] = [read_json(bodies[0]), _xml_or_none(bodies[1])]
        peer.close()
    return recorded


def _xml_or_none(content: bytes) -> Any:
    try:
        return read_xml(content)
    except ET.ParseError:
        return None  # characters that XML does not allow


def load() -> dict[str, Any]:
    """Return what was recorded, by the names of the files."""
    return dict(json.loads(gzip.decompress(GOLDEN.read_bytes())))


def main() -> None:
    """Record all files again."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer", required=True, metavar="COMMAND")
    recorded = record(shlex.split(parser.parse_args().peer))
    content = json.dumps(recorded, separators=(",", ":"))
    GOLDEN.write_bytes(gzip.compress(content.encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
