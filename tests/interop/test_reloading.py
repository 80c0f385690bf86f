"""SIGHUP: the server reads its configuration again, and goes on if it is the same."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from launching import RunningServer, wait_until

_SECONDS = 30

Launch = Callable[..., RunningServer]


def _configuration(server: RunningServer) -> Path:
    return server.log.parent / "configuration.json"


def _reconfigure(server: RunningServer, **options: Any) -> None:
    path = _configuration(server)
    path.write_text(json.dumps(json.loads(path.read_text()) | options))


def _name(server: RunningServer) -> str:
    name: str = requests.get(f"{server.url}/system", timeout=_SECONDS).json()["Name"]
    return name


def _children(server: RunningServer) -> str:
    pid = server.process.pid
    return Path(f"/proc/{pid}/task/{pid}/children").read_text()


def test_sighup_without_a_change_is_ignored(launch: Launch) -> None:
    """The same main process serves on: a closed terminal ends nobody's upload."""
    server = launch()
    before = _children(server)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "SIGHUP is ignored" in server.log.read_text())

    assert _name(server)
    assert _children(server) == before


def test_sighup_makes_another_configuration_hold(launch: Launch) -> None:
    """As a reset by a client does."""
    server = launch(Name="before")
    _reconfigure(server, Name="after")
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: _name(server) == "after")

    assert server.process.poll() is None


@pytest.mark.parametrize(
    "content", ["{", '{"Name": 7}', '{"ExternalDictionaries": ["/absent.dic"]}']
)
def test_sighup_with_a_wrong_configuration(launch: Launch, content: str) -> None:
    """The same main process serves on, and the log says why."""
    server = launch(Name="before")
    before = _children(server)
    _configuration(server).write_text(content)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "The old configuration stays" in server.log.read_text())

    assert _name(server) == "before"
    assert _children(server) == before
