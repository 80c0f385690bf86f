"""`app.health`: each thing that can hang makes the server not ready."""

import json
from contextlib import ExitStack

import pytest

from launching import free_port
from obelisk.app import health
from obelisk.app.node import Node
from obelisk.config import load_config
from obelisk.services.health import OK

_THREADS = 3


@pytest.fixture
def node(tmp_path):
    """A node that works."""
    path = tmp_path / "configuration.json"
    options = {
        "StorageDirectory": str(tmp_path / "storage"),
        "DicomPort": free_port(),
        "HttpThreadsCount": _THREADS,
    }
    path.write_text(json.dumps(options))
    node = Node(load_config([path], {})[0])
    node.start()
    yield node
    node.refuse(10)
    node.close()


def test_a_node_that_works_is_well(node):
    """All checks say so."""
    names = ("Index", "Http", "Storage", "Jobs", "Steps", "Dicom")

    assert node.health.check() == dict.fromkeys(names, OK)
    assert not node.health.is_hanging()


def test_a_listener_that_is_dead_is_seen(node):
    """Only a new process can help."""
    node._dicom.stop(0)

    assert node.health.check()["Dicom"] == "does not listen"
    assert node.health.is_hanging()


def test_a_job_that_hangs_is_seen(node, monkeypatch):
    """A new process would hang, too."""
    monkeypatch.setattr(node._jobs._engine, "hanging_count", lambda _seconds: 2)

    assert node.health.check()["Steps"] == "jobs that hang: 2"
    assert not node.health.is_hanging()


def test_an_engine_that_is_silent_is_seen(node, monkeypatch):
    """It looks for work twice in a second."""
    monkeypatch.setattr(node._jobs._engine, "_wake", node._jobs._engine._stop)
    monkeypatch.setattr(health, "_SILENCE_SECONDS_MAX", 0.0)

    assert node.health.check()["Jobs"] == "no sign of life"
    assert node.health.is_hanging()


@pytest.mark.parametrize(
    ("busy", "found"), [(_THREADS - 1, OK), (_THREADS, "no request gets on")]
)
def test_requests_that_all_hang_are_seen(node, monkeypatch, busy, found):
    """One that works is enough."""
    monkeypatch.setattr(health, "_SILENCE_SECONDS_MAX", 0.0)
    with ExitStack() as stack:
        for _ in range(busy):
            stack.enter_context(node.admission.work())

        assert node.health.check()["Http"] == found
