import http.client
import itertools
import threading
from pathlib import Path

import pytest

from churn.recounting import discrepancies
from exchange import Call, Peer
from factories import make_instance
from launching import OBELISK, RunningServer, start_server

_CLIENT_COUNT = 4
_KILL_COUNT = 3
_PATIENT_COUNT_MAX = 3
_ANSWER_COUNT = 15


class Sender(threading.Thread):
    """Uploads instances of ever new patients until the server dies."""

    def __init__(self, server: RunningServer, number: int, progress: threading.Event):
        super().__init__()
        self._server = server
        self._number = number
        self._progress = progress
        self.statuses: set[int] = set()

    def run(self) -> None:
        """Send one after the other."""
        peer = Peer(self._server.url)
        for count in itertools.count():
            content = make_instance(count // 3 * _CLIENT_COUNT + self._number)
            try:
                answer, _ = peer.send(Call("POST", "/instances", "", body=content))
            except (OSError, http.client.HTTPException):
                break
            self.statuses.add(answer.status)
            if count == _ANSWER_COUNT:
                self._progress.set()
        peer.close()


@pytest.mark.parametrize("mode", ["Recycle", "Reject"])
def test_a_kill_while_patients_are_recycled_leaves_no_orphan(
    tmp_path: Path, mode: str
) -> None:
    """Rows and files of recycled patients go together, however the server ends."""
    options = {"MaximumPatientCount": _PATIENT_COUNT_MAX, "MaximumStorageMode": mode}
    statuses: set[int] = set()
    server = start_server(OBELISK, tmp_path, **options)
    try:
        for _ in range(_KILL_COUNT):
            progress = threading.Event()
            senders = [Sender(server, one, progress) for one in range(_CLIENT_COUNT)]
            for sender in senders:
                sender.start()
            assert progress.wait(60)
            server.kill()
            for sender in senders:
                sender.join()
                statuses |= sender.statuses
            server = start_server(OBELISK, tmp_path, **options)
        peer = Peer(server.url)
        patients = peer.get_json("/patients")
        peer.close()

        assert server.terminate() == 0
        assert len(patients) == _PATIENT_COUNT_MAX
        assert statuses == ({200} if mode == "Recycle" else {200, 507})
        assert discrepancies(server.storage) == []
    finally:
        server.kill()
