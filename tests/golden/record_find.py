"""Record what Orthanc finds, for `test_find.py`.

Usage: ``python tests/golden/record_find.py --peer COMMAND``, with a command that starts
Orthanc 1.13 when the path of a configuration file follows it.
"""

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from exchange import Call, Peer
from golden.recording import save
from launching import running_server
from parity.differences import normalise
from parity.find_archive import find_files
from parity.find_queries import find_queries


def play_find(url: str) -> Iterator[tuple[Call, Any]]:
    """Fill an empty server, then yield every search with its normalised answer."""
    peer = Peer(url)
    for name, content in find_files().items():
        answer, _ = peer.send(Call("POST", "/instances", "/instances", name, content))
        assert answer.status == 200, name
    for path, name, body in find_queries():
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        call = Call("POST", path, path, name, content)
        answer, _ = peer.send(call)
        yield call, normalise(call, answer.to_json())
    peer.close()


def main() -> None:
    """Record every search again."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer", required=True, metavar="COMMAND")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(shlex.split(arguments.peer), Path(folder)) as server,
    ):
        save("find", [(call.key, value) for call, value in play_find(server.url)])


if __name__ == "__main__":
    main()
