"""Where a process may open few files, clients that say nothing must keep nobody out."""

import contextlib
import socket
from pathlib import Path
from time import monotonic
from typing import Any

import requests

from association_peer import Peer
from factories import make_instance
from launching import OBELISK, running_server, wait_until
from obelisk.dimse.pdu import AssociateAccept

_SECONDS = 30

#: Within which an answer is prompt, on a machine that others use: it waits for none of
#: those who are cut off when they have said nothing for ten seconds, or thirty.
_PROMPT_SECONDS = 9.0


def test_idle_clients_keep_nobody_out(tmp_path: Path) -> None:
    """Hundreds of connections, idle or half-open, and as many associations."""
    command = ("bash", "-c", 'ulimit -n 256; exec "$@"', "bash", *OBELISK)
    with (
        running_server(command, tmp_path, HttpWorkers=2) as server,
        contextlib.ExitStack() as opened,
    ):
        for number in range(600):
            client = opened.enter_context(
                socket.create_connection(("127.0.0.1", server.http_port), _SECONDS)
            )
            client.sendall(b"GET /system HTTP/1.1\r\n" * (number % 3 == 0))
            if number % 5 == 0:
                peer: Any = opened.enter_context(Peer(server.dicom_port))
                with contextlib.suppress(OSError):
                    peer.associate()

        def is_associated() -> bool:
            with Peer(server.dicom_port) as peer, contextlib.suppress(OSError):
                return isinstance(peer.associate(), AssociateAccept)
            return False

        begun = monotonic()
        for number in range(5):
            requests.post(
                f"{server.url}/instances", make_instance(number), timeout=_SECONDS
            ).raise_for_status()
            requests.get(f"{server.url}/jobs", timeout=_SECONDS).raise_for_status()
        wait_until(is_associated)

        assert monotonic() - begun < _PROMPT_SECONDS
        assert requests.get(f"{server.url}/statistics", timeout=_SECONDS).ok
        wait_until(lambda: "connections made room for" in server.log.read_text())
    log = server.log.read_text()

    assert "Only 256 files may be open" in log
    assert "Too many open files" not in log
    assert "Traceback" not in log
