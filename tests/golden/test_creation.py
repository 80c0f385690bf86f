"""What Orthanc made of orders for new instances, compared with what we make."""

from pathlib import Path
from typing import Any

from golden.record_creation import play_creation
from golden.recording import load
from launching import OBELISK

#: What the SOP classes of contents need, and Orthanc leaves out.
FILLED_IN = frozenset(
    {
        "0008,0016",
        "0008,002a",
        "0008,0050",
        "0008,0060",
        "0008,0064",
        "0008,0070",
        "0008,0090",
        "0008,1090",
        "0010,0010",
        "0010,0030",
        "0010,0040",
        "0018,1000",
        "0018,1020",
        "0020,0010",
        "0020,0011",
        "0020,0013",
        "0020,0020",
        "0020,0052",
        "0020,0060",
        "0020,1040",
        "0028,0301",
        "0040,08ea",
        "0040,a043",
        "0042,0010",
        "0042,0015",
    }
)

#: Orders whose answers differ, by name: Orthanc's, ours, and the reason.
DIFFERENT = {
    "bad-date": ((200, None), (400, 15), "a value that its VR forbids needs Force"),
    "empty": ((400, 15), (200, None), "null is no value, whatever the VR"),
    "no-payload": ((404, 17), (400, 2022), "Orthanc cleans up what it never made"),
    "text": ((500, 2), (400, 3), "the client is wrong, not the server"),
    "unknown-tag": ((500, 27), (400, 27), "the client is wrong, not the server"),
}

#: Orders of which Orthanc makes something else, and why.
MADE_OTHERWISE = {
    "private": "Orthanc forgets the names of private attributes that it just made",
    "characters": "Orthanc leaves out characters that Latin 1 lacks",
}


def _code(answer: dict[str, Any]) -> tuple[int, int | None]:
    body = answer["body"]
    return answer["status"], body if isinstance(body, int) else None


def _without_extras(
    made: list[dict[str, Any]], expected: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Leave out what was filled in, where Orthanc has nothing."""
    return [
        {tag: one for tag, one in tags.items() if tag in its or tag not in FILLED_IN}
        for tags, its in zip(made, expected, strict=True)
    ]


def test_instances_are_made_as_by_orthanc(tmp_path: Path) -> None:
    """Tags and errors are equal, but for those with a reason, which do differ."""
    recorded = dict(load("creation"))
    for name, found in play_creation(OBELISK, tmp_path):
        expected = recorded.pop(name)
        if name in DIFFERENT:
            theirs, ours, _ = DIFFERENT[name]
            assert (_code(expected), _code(found)) == (theirs, ours), name
            continue
        assert _code(found) == _code(expected), name
        if not isinstance(expected["body"], dict):
            continue
        assert found["body"]["keys"] == expected["body"]["keys"], name
        tags = expected["body"]["tags"]
        is_equal = _without_extras(found["body"]["tags"], tags) == tags
        assert is_equal is (name not in MADE_OTHERWISE), name

    assert not recorded
