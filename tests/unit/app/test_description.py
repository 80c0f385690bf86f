"""`app.description`: what is described is there wherever the server is installed."""

import re
import tomllib
from pathlib import Path

from obelisk.app.description import _LIBRARIES

_PROJECT = Path(__file__).parents[3] / "pyproject.toml"


def test_the_libraries_are_those_that_the_server_needs():
    """Those of the tests are missing elsewhere."""
    project = tomllib.loads(_PROJECT.read_text())["project"]
    needed = {re.split("[<>=~!]", one)[0] for one in project["dependencies"]}

    assert set(_LIBRARIES) == needed
