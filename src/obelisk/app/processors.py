"""How many processors this process may use."""

import math
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

_ROOT = Path("/")
_VERSION_2 = "cgroup2"
_FILES = {
    _VERSION_2: ("cpu.max",),
    "cgroup": ("cpu.cfs_quota_us", "cpu.cfs_period_us"),
}


def processor_count(root: Path = _ROOT) -> int:
    """Return how many processors this process may use at the same time.

    Parameters
    ----------
    root
        The folder in which the system tells of control groups.
    """
    limit = math.inf
    with suppress(OSError, ValueError):  # nothing is told, or in another way
        limit = min(_limits(root), default=math.inf)
    allowed = len(os.sched_getaffinity(0))
    return allowed if limit >= allowed else max(1, math.ceil(limit))


def _limits(root: Path) -> Iterator[float]:
    """Yield how many processors the control groups of this process allow it to use."""
    groups = dict(_groups(root))
    for mount in (root / "proc/self/mountinfo").read_text().splitlines():
        left, _, right = mount.partition(" - ")
        top, place = left.split()[3:5]
        kind, _, *options = right.split()
        is_meant = kind == _VERSION_2 or "cpu" in ",".join(options).split(",")
        if kind in groups and is_meant:
            group = PurePosixPath(groups[kind])
            below = group.relative_to(top) if group.is_relative_to(top) else "."
            folder = root / place.lstrip("/")
            yield from _limits_of(folder, folder / below, _FILES[kind])


def _groups(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the paths of the groups of this process, by kinds of file systems."""
    for line in (root / "proc/self/cgroup").read_text().splitlines():
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            yield _VERSION_2, path
        elif "cpu" in controllers.split(","):
            yield "cgroup", path


def _limits_of(top: Path, folder: Path, names: Sequence[str]) -> Iterator[float]:
    """Yield the limits of a group and of those that it belongs to."""
    while True:
        with suppress(OSError, ValueError):  # "max" is no number
            text = " ".join((folder / name).read_text() for name in names)
            quota, period = map(int, text.split())
            if quota > 0 and period > 0:
                yield quota / period
        if folder == top:
            return
        folder = folder.parent
