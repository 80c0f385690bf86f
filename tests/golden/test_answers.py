"""Orthanc's recorded answers, asked again of this server."""

from collections import defaultdict
from pathlib import Path

import pytest

from golden.recording import NAMES, load, play
from launching import OBELISK, running_server
from parity.differences import explain, iter_differences, mend, normalise

_ROWS_MAX = 200


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_answers_equal_the_recorded_ones(name: str, tmp_path: Path) -> None:
    """Every answer equals Orthanc's, but for what is listed with its reason."""
    recorded = dict(load(name))
    faults: dict[str, list[str]] = defaultdict(list)
    with running_server(OBELISK, tmp_path) as server:
        for call, value in play(name, server.url):
            expected = mend(normalise(call, recorded.pop(call.key, None)), value)
            difference = next(iter_differences(expected, value), None)
            if difference and not explain(call, expected, value):
                row = f"{call.method} {call.route} [{call.argument}]"
                faults[row].append(f"{call.path}: {difference}")
    for key in recorded:
        faults["not asked"].append(key)
    shown = [f"{row}: {len(keys)}, {keys[0]}" for row, keys in faults.items()]

    assert not faults, f"{len(shown)} kinds of faults\n" + "\n".join(shown[:_ROWS_MAX])
