"""Random walks: that they can be repeated, and what they take for a difference."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange import Call
from launching import OBELISK
from parity.compare import Report, walk
from parity.walk_queries import KINDS, search
from parity.walk_steps import STEPS, is_overview, next_calls, overview
from parity.walks import COURSES, _without_moments


class Nowhere:
    """A world that holds one resource of each level, which is never changed."""

    files = tuple(bytes([number]) for number in range(9))

    def pick(self, _chance: random.Random, level: str) -> str:
        """Return the id of the only resource of a level."""
        return f"id-of-{level}"

    def tag(self, _path: str) -> str:
        """Return the tag of everything."""
        return '"0-tag"'


def _steps(count: int) -> Iterator[list[Call]]:
    for number in range(count):
        yield list(next_calls(random.Random(f"7 {number}"), Nowhere()))


def test_a_seed_takes_the_same_way_again() -> None:
    """Calls follow from the seed and from what the servers hold, and differ."""
    steps = list(_steps(60))

    assert list(_steps(60)) == steps
    assert len({call.route for calls in steps for call in calls}) > 15


def test_every_step_is_taken() -> None:
    """With calls that a report can name; bodies that look like JSON are."""
    for step in STEPS:
        calls = [c for seed in range(20) for c in step(random.Random(seed), Nowhere())]
        assert all(call.route and call.path.startswith("/") for call in calls)
        bodies = [c.body for c in calls if c.route in {"/tools/find", "/tools/lookup"}]
        assert all(body is not None for body in bodies)


@pytest.mark.parametrize("counts", [True, False])
def test_searches_have_many_forms(counts: bool) -> None:  # noqa: FBT001 - a case
    """Every level and every part comes up; only a find has a form."""
    picked: Counter[str] = Counter()
    pick = lambda level: picked.update([level]) or level  # noqa: E731 - it counts
    bodies = [search(random.Random(n), pick, counts=counts) for n in range(400)]

    assert {body["Level"] for body in bodies} == set(KINDS.values())
    parts = {key for body in bodies for key in body}
    assert parts >= {"Labels", "LabelsConstraint", "MetadataQuery", "ParentStudy"}
    assert ("OrderBy" in parts) is ("Expand" in parts) is not counts
    assert json.dumps(bodies)
    assert picked


def test_an_overview_is_known() -> None:
    """A walk ends with the first difference in it."""
    assert all(map(is_overview, overview()))
    assert not any(is_overview(call) for calls in _steps(60) for call in calls)


def test_the_order_of_timers_is_forgiven() -> None:
    """That of other changes is not."""

    def changes(*types: str) -> dict[str, object]:
        listed = [
            {"ChangeType": type_, "ID": "x", "Seq": seq}
            for seq, type_ in enumerate(types)
        ]
        return {"Changes": listed, "Done": True, "Last": len(types)}

    one = _without_moments(changes("NewStudy", "StablePatient", "StableStudy"))

    assert one == _without_moments(changes("StableStudy", "StablePatient", "NewStudy"))
    assert one != _without_moments(changes("NewSeries", "StablePatient", "StableStudy"))
    assert one != _without_moments(changes("NewStudy", "StablePatient"))


def test_searches_are_one_row() -> None:
    """Each of them would be one otherwise."""
    report = Report()
    for name in ("random {1.5}", "random {2}"):
        call = Call("POST", "/tools/find", "/tools/find", name)
        assert report.add(call, {"status": 200}, {"status": 200})
    assert not report.add(call, {"status": 200}, {"status": 404}, "step 3: ")

    row = ("POST /tools/find", "random")
    assert report.counts == {row: {"equal": 2, "different": 1}}
    (example,) = report.examples[row]
    assert example.startswith("step 3: POST /tools/find [random {2}]")


def test_a_server_does_not_part_from_itself(tmp_path: Path) -> None:
    """Two of ours answer alike, so that what differs is no accident."""
    report = walk(COURSES[1], [list(OBELISK)] * 2, 5, 25, tmp_path)

    assert report.different_count == 0
    assert len(report.calls) > 25
