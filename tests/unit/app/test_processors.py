"""Folders that look like those of systems with control groups."""

import os

import pytest

from obelisk.app import processors
from obelisk.app.processors import processor_count

_V2 = "30 23 0:26 {top} /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw,nsdelegate\n"
_V1 = (
    "31 23 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
    "32 31 0:28 {top} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "33 31 0:29 {top} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
)
_CPU = "sys/fs/cgroup/cpu,cpuacct"


def make(folder, mounts, groups, files):
    """Write what a system tells."""
    texts = {"proc/self/mountinfo": mounts, "proc/self/cgroup": groups, **files}
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture(autouse=True)
def _eight_processors(monkeypatch):
    monkeypatch.setattr(processors.os, "sched_getaffinity", lambda _: set(range(8)))


@pytest.mark.parametrize(
    ("quota", "count"),
    [
        ("max 100000", 8),
        ("100000 100000", 1),
        ("20000 100000", 1),
        ("150000 100000", 2),
        ("1600000 100000", 8),
        ("", 8),
        ("100000 0", 8),
    ],
)
def test_a_container_of_version_2(tmp_path, quota, count):
    """Parts of a processor are rounded up."""
    files = {"sys/fs/cgroup/cpu.max": f"{quota}\n"}
    make(tmp_path, _V2.format(top="/"), "0::/\n", files)

    assert processor_count(tmp_path) == count


def test_the_least_limit_of_all_groups_above(tmp_path):
    """A service may have none of its own, but its slice."""
    folder = "sys/fs/cgroup/system.slice"
    files = {
        "sys/fs/cgroup/cpu.max": "500000 100000",
        f"{folder}/cpu.max": "300000 100000",
        f"{folder}/obelisk.service/cpu.max": "max 100000",
    }
    group = "0::/system.slice/obelisk.service\n"
    make(tmp_path, _V2.format(top="/"), group, files)

    assert processor_count(tmp_path) == 3


@pytest.mark.parametrize("top", ["/", "/docker/abc"])
@pytest.mark.parametrize(("quota", "count"), [("-1", 8), ("200000", 2)])
def test_a_container_of_version_1(tmp_path, top, quota, count):
    """Its group may be the root of what is mounted, or below that."""
    folder = f"{_CPU}/docker/abc" if top == "/" else _CPU
    files = {
        f"{folder}/cpu.cfs_quota_us": f"{quota}\n",
        f"{folder}/cpu.cfs_period_us": "100000\n",
    }
    groups = "5:memory:/other\n4:cpu,cpuacct:/docker/abc\n0::/docker/abc\n"
    make(tmp_path, _V1.format(top=top), groups, files)

    assert processor_count(tmp_path) == count


def test_groups_that_are_not_to_be_seen(tmp_path):
    """Those above a container lie outside of what is mounted."""
    files = {"sys/fs/cgroup/cpu.max": "100000 100000"}
    make(tmp_path, _V2.format(top="/"), "0::/../../other\n", files)

    assert processor_count(tmp_path) == 1


def test_a_system_without_groups(tmp_path):
    """All that the process may run on counts, as it does where nothing is told."""
    assert processor_count(tmp_path) == 8
    make(tmp_path, "", "nonsense", {})
    assert processor_count(tmp_path) == 8
    make(tmp_path, "nonsense\n", "0::/\n", {})
    assert processor_count(tmp_path) == 8


def test_this_system(monkeypatch):
    """There is at least one."""
    monkeypatch.undo()

    assert 1 <= processor_count() <= len(os.sched_getaffinity(0))
