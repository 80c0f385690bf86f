import importlib.util
from pathlib import Path

import pytest

from obelisk.cli.arguments import make_parser
from obelisk.config.loading import declared_options
from obelisk.rest.routes import ROUTES
from obelisk.rest.routing import concrete_paths

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def pages():
    """The pages that `make docs` would write now."""
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    return generate.pages()


def test_the_generated_pages_are_fresh(pages):
    """`make docs` would change nothing."""
    assert {path: path.read_text() for path in pages} == pages


def test_every_option_is_in_the_reference():
    """With its name as a heading."""
    text = (DOCS / "reference" / "configuration.md").read_text()

    for one in declared_options():
        assert f"\n### {one.facts.name}\n" in text


def test_every_option_of_the_command_line_is_in_the_reference():
    """Those for one category of the log stand there as one."""
    text = (DOCS / "reference" / "command-line.md").read_text()

    for name in make_parser().option_names():
        verbosity, _, category = name.removeprefix("--").partition("-")
        if verbosity in ("verbose", "trace") and category:
            assert f"--{verbosity}-CATEGORY" in text
        else:
            assert name in text


def test_every_route_is_in_the_reference():
    """With all the paths that it stands for."""
    text = (DOCS / "reference" / "rest-api.md").read_text()

    for route in ROUTES:
        assert f"\n### {', '.join(route.methods)} {route.path}\n" in text
        for path, _, _ in concrete_paths(route):
            assert f"`{path}`" in text
