"""Fixtures: running servers with their own folders and ports, and dcmtk's tools."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from launching import OBELISK, RunningServer, start_server
from scanning import SCAN, keep_errors

if SCAN in os.environ:
    keep_errors(Path(os.environ[SCAN]))

# A loaded machine is slow, not wrong. Each run tries the same examples; those that look
# for others are the long ones (`make long`).
settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")

#: dcmtk is searched here: the environment of the project has pynetdicom's namesakes.
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., RunningServer]]:
    """Return a function that starts a server with some options; all end at last."""
    servers: list[RunningServer] = []

    def start(**options: Any) -> RunningServer:
        folder = tmp_path / f"server-{len(servers)}"
        server = start_server(OBELISK, folder, **options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.terminate()
        server.kill()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Run one server with default options for all tests that leave others alone."""
    running = start_server(OBELISK, tmp_path_factory.mktemp("server"))
    yield running
    running.terminate()


@pytest.fixture(scope="session")
def dcmtk() -> Callable[[str], str]:
    """Return a function that finds a program of dcmtk by its name."""

    def find(name: str) -> str:
        path = shutil.which(name, path=_SYSTEM_PATH)
        assert path is not None, f"{name} of dcmtk is not installed"
        version = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=True
        )
        assert version.stdout.startswith("$dcmtk:"), f"{path} is not dcmtk's"
        return path

    return find
