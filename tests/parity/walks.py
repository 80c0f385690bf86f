"""Random walks: two servers side by side, asked for the same until they part.

What is asked for next follows from a seed and from what the left server holds, so that
the same seed with the same number of steps takes the same way again.
"""

import random
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from exchange import COMPARED_HEADERS, Answer, Call, Peer
from launching import RunningServer, start_server, wait_until
from parity.calls import LEVELS, UNKNOWN_ID
from parity.differences import normalise
from parity.route_calls import ROUTE_OPTIONS
from parity.walk_files import walk_files
from parity.walk_steps import next_calls, overview

STEPS_DEFAULT = 400

#: What has a revision; Orthanc has ETags for ranges that are none, too.
_TAGGED = r".*/(metadata|attachments)/\{name\}(/.*)?"

#: Orthanc has another compressor, and keeps the header of what it compresses once more.
_HEADER, _HEADER_TYPE = "dicom-until-pixel-data", 3
_OF_COMPRESSION = {
    *("CompressedMD5", "CompressedSize", "DicomDiskSize", "DicomDiskSizeMB"),
    *("DiskSize", "DiskSizeMB", "TotalDiskSize", "TotalDiskSizeMB"),
    *("TotalUncompressedSize", "TotalUncompressedSizeMB"),
    *("UncompressedSize", "UncompressedSizeMB"),
}

_OVERVIEW_STEPS = 40
_RESTART_STEPS = 130
_WAITING_STEPS = 5


@dataclass(frozen=True, slots=True)
class Course:
    """The options of a walk.

    Parameters
    ----------
    name
        For reports.
    options
        Those that hold all the time.
    changes
        What else may hold; each start of the servers chooses one.
    waits
        Whether to wait every few steps until all is stable.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    changes: Sequence[Mapping[str, Any]] = ({},)
    waits: bool = False


COURSES = (
    Course(
        "random",
        changes=(
            {},
            {"OverwriteInstances": True},
            {"StorageAccessOnFind": "Never"},
            {"StorageAccessOnFind": "Answers"},
            {
                "LimitFindResults": 3,
                "LimitFindInstances": 4,
                "StorageAccessOnFind": "Never",
            },
            {"DefaultEncoding": "Utf8"},
        ),
    ),
    Course(
        "random with revisions",
        {"CheckRevisions": True},
        ({}, {"OverwriteInstances": True}),
    ),
    Course(
        "random with attributes",
        {},
        (
            {},
            {"ExtraMainDicomTags": {"Patient": ["Occupation"]}},
            {
                "ExtraMainDicomTags": {
                    "Patient": ["Occupation"],
                    "Study": ["Occupation", "PatientName", "InstitutionName"],
                    "Series": ["Rows"],
                    "Instance": ["Rows", "SOPClassUID", "InstitutionName"],
                }
            },
            {
                "OverwriteInstances": True,
                "ExtraMainDicomTags": {
                    "Patient": ["SmokingStatus"],
                    "Study": ["StudyDate", "Columns"],
                    "Series": ["Columns"],
                },
            },
        ),
    ),
    Course(
        "random with compression",
        {},
        ({"StorageCompression": True}, {}, {"OverwriteInstances": True}),
    ),
    Course("random with few patients", {"MaximumPatientCount": 3}),
    Course("random with little space", {"MaximumStorageSize": 1}),
    Course(
        "random without space",
        {"MaximumPatientCount": 4, "MaximumStorageMode": "Reject"},
    ),
    Course(
        "random until stable",
        {"StableAge": 1},
        ({}, {"OverwriteInstances": True}),
        waits=True,
    ),
)


class Walk:
    """Two servers that take the same steps.

    Parameters
    ----------
    course
        With which options.
    commands
        What starts the left server, and the right one.
    folder
        For their data; it is emptied.
    seed
        What chance depends on.
    """

    def __init__(
        self,
        course: Course,
        commands: Sequence[Sequence[str]],
        folder: Path,
        seed: int,
    ) -> None:
        self._seed = f"{course.name} {seed}"
        self.files = walk_files(self._seed)
        self._course = course
        self._commands = commands
        self._folders = [folder / side for side in ("left", "right")]
        self._servers: list[RunningServer] = []
        self._peers: list[Peer] = []
        self._hidden: set[str] = set()
        self._is_compressed = False

    def __enter__(self) -> Self:
        """Start the servers on empty folders."""
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)
        self._start(random.Random(f"{self._seed} start"))
        return self

    def __exit__(self, *_: object) -> None:
        """End the servers."""
        for peer in self._peers:
            peer.close()
        for server in self._servers:
            server.kill()

    def pick(self, chance: random.Random, level: str) -> str:
        """Return the id of a resource of a level, now and then one that is unknown."""
        ids = self._peers[0].get_json(f"/{level}")
        return chance.choice(ids) if ids and chance.random() < 0.97 else UNKNOWN_ID

    def tag(self, path: str) -> str:
        """Return the ETag of what is at a path, or none of any."""
        answer, _ = self._peers[0].send(Call("GET", path, path))
        return answer.headers.get("ETag", "")

    def answers(self, step_count: int) -> Iterator[tuple[int, Call, Any, Any]]:
        """Yield the number of the step, the call, and what each server answered."""
        for step in range(1, step_count + 1):
            chance = random.Random(f"{self._seed} {step}")
            for call in next_calls(chance, self):
                yield step, call, *self._ask(call)
            if self._course.waits and step % _WAITING_STEPS == 0:
                self._wait()
                yield from self._overview(step)
            elif step % _OVERVIEW_STEPS == 0:
                yield from self._overview(step)
            if step % _RESTART_STEPS == 0:
                self._restart(chance)
                yield from self._overview(step)

    def _overview(self, step: int) -> Iterator[tuple[int, Call, Any, Any]]:
        for call in overview():
            yield step, call, *self._ask(call)

    def _ask(self, call: Call) -> list[Any]:
        if call.route.endswith("/compress"):
            self._hide_compression()
        return [self._seen(call, *peer.send(call)) for peer in self._peers]

    def _hide_compression(self) -> None:
        self._is_compressed = True
        self._hidden |= _OF_COMPRESSION

    def _seen(self, call: Call, answer: Answer, _content: bytes) -> Any:
        value = normalise(call, answer.to_json())
        if self._is_compressed and call.route.endswith("/compressed-data"):
            value["body"] = "*"
        if answer.status == 416 or not re.fullmatch(_TAGGED, call.route):
            value["headers"].pop("ETag", None)
        value["body"] = self._hidden_in(value["body"])
        if call.route == "/changes" and self._course.waits:
            value["body"] = _without_moments(value["body"])
        return value

    def _hidden_in(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self._hidden_in(item) for item in node if not _is_header(item)]
        if not isinstance(node, dict):
            return node
        return {
            key: "*" if key in self._hidden else self._hidden_in(item)
            for key, item in node.items()
            if key != _HEADER
        }

    def _wait(self) -> None:
        """Wait until nothing is unstable."""
        for peer in self._peers:
            wait_until(
                lambda peer=peer: all(  # type: ignore[misc]
                    one["IsStable"]
                    for level in list(LEVELS)[:3]
                    for one in peer.get_json(f"/{level}?expand")
                )
            )

    def _start(self, chance: random.Random) -> None:
        change = chance.choice(self._course.changes)
        options = {**ROUTE_OPTIONS, **self._course.options, **change}
        if options.get("StorageCompression"):
            self._hide_compression()
        self._servers, self._peers = [], []
        for command, folder in zip(self._commands, self._folders, strict=True):
            server = start_server(command, folder, **options)
            self._servers.append(server)
            headers = (*COMPARED_HEADERS, "ETag")
            self._peers.append(Peer(server.url, headers=headers))

    def _restart(self, chance: random.Random) -> None:
        for server, peer in zip(self._servers, self._peers, strict=True):
            peer.close()
            server.terminate()
        if not self._course.waits:
            self._hidden.add("IsStable")  # Orthanc forgets what was not stable yet
        self._start(chance)


def _is_header(attachment: Any) -> bool:
    """Tell whether an item of a list is that attachment, by its name or in full."""
    if isinstance(attachment, dict):
        return attachment.get("ContentType") == _HEADER_TYPE
    return bool(attachment == _HEADER)


def _without_moments(changes: Any) -> Any:
    """Return changes with those of stability, which timers make, in a fixed place.

    All is stable when this is asked for.
    """
    if not isinstance(changes, dict):
        return changes
    listed = [{**one, "Seq": "*"} for one in changes["Changes"]]
    timed = [one for one in listed if one["ChangeType"].startswith("Stable")]
    others = [one for one in listed if not one["ChangeType"].startswith("Stable")]
    timed.sort(key=lambda one: (one["ChangeType"], one["ID"]))
    return {"Changes": others, "Stable": timed}
