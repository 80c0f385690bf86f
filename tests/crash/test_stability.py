import threading
from pathlib import Path
from typing import Any

from exchange import Call, Peer
from factories import make_study
from launching import OBELISK, RunningServer, start_server

#: Time enough to store a study, and to kill the server.
_FIRST_STABLE_AGE_SECONDS = 6
_STABLE_AGE_SECONDS = 2
_POLL_SECONDS = 0.1
_SECONDS_MAX = 30

_EXPECTED = ["StablePatient", "StableSeries", "StableSeries", "StableStudy"]


def _stable(server: RunningServer) -> list[str]:
    """Return the kinds of Stable events in the change log, sorted."""
    peer = Peer(server.url)
    changes: list[dict[str, Any]] = peer.get_json("/changes?limit=1000")["Changes"]
    peer.close()
    kinds = (one["ChangeType"] for one in changes)
    return sorted(kind for kind in kinds if kind.startswith("Stable"))


def _wait_until_stable(server: RunningServer) -> None:
    pause = threading.Event()
    for _ in range(int(_SECONDS_MAX / _POLL_SECONDS)):
        if len(_stable(server)) >= len(_EXPECTED):
            break
        pause.wait(_POLL_SECONDS)
    # Time enough for an event that must not come.
    pause.wait(_STABLE_AGE_SECONDS + 1)


def test_a_kill_before_the_stable_age_doubles_and_loses_no_event(
    tmp_path: Path,
) -> None:
    """Each resource becomes stable once, whenever the server was killed."""
    server = start_server(OBELISK, tmp_path, StableAge=_FIRST_STABLE_AGE_SECONDS)
    try:
        peer = Peer(server.url)
        for content in make_study(instance_count=2):
            peer.send(Call("POST", "/instances", "", body=content))
        peer.close()
        before = _stable(server)
        server.kill()
        server = start_server(OBELISK, tmp_path, StableAge=_STABLE_AGE_SECONDS)
        _wait_until_stable(server)
        first = _stable(server)
        server.kill()
        server = start_server(OBELISK, tmp_path, StableAge=_STABLE_AGE_SECONDS)
        _wait_until_stable(server)

        assert (before, first) == ([], _EXPECTED)
        assert _stable(server) == _EXPECTED
        assert server.terminate() == 0
    finally:
        server.kill()
