import re
from pathlib import Path
from typing import Any

import pytest

from churn.recounting import discrepancies
from churn.workload import churn
from exchange import Peer
from launching import OBELISK, running_server

_CLIENT_COUNT = 16


def _churned(folder: Path, seconds: float, **options: Any) -> dict[str, int]:
    """Run the clients; check what they were told, and what is stored at last."""
    with running_server(OBELISK, folder, **options) as server:
        outcome = churn(server, _CLIENT_COUNT, seconds)
        peer = Peer(server.url)
        statistics: dict[str, int] = peer.get_json("/statistics")
        peer.close()

    assert outcome.surprises[:10] == []
    assert outcome.counts["POST", 200] > 0
    assert outcome.counts["DELETE", 200] > 0
    assert discrepancies(server.storage) == []
    assert not re.search(r"Traceback| failed:", server.log.read_text())
    return statistics


def test_clients_that_change_the_same_studies(tmp_path: Path) -> None:
    """No request fails, and counters, rows and files agree with a recount."""
    statistics = _churned(tmp_path, 4)

    assert statistics["CountStudies"] <= 50


def test_clients_that_overwrite_and_recycle(tmp_path: Path) -> None:
    """The same with instances that are replaced, and a quota that is used up."""
    statistics = _churned(
        tmp_path, 4, OverwriteInstances=True, MaximumPatientCount=6, StableAge=1
    )

    assert statistics["CountPatients"] <= 6


@pytest.mark.long
@pytest.mark.timeout(300)
def test_two_minutes_of_changes(tmp_path: Path) -> None:
    """What holds for seconds holds for two minutes."""
    _churned(tmp_path, 120, StableAge=1)
