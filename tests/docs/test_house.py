import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "obelisk"
TESTS = ROOT / "tests"

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 40
LONG_FUNCTION_LINES_MAX = 70
HANDLER_LINES_MAX = 15
ARGUMENTS_MAX = 7
BROAD_EXCEPTS_MAX = 5

#: Modules that may be longer, with the reason.
LONG_MODULES: dict[str, str] = {}

#: Functions that may be longer, up to 70 lines, with the reason.
LONG_FUNCTIONS = {
    "app/description.py:describe": "one JSON object, key by key",
    "dicom/reading/sequences.py:_pass": "the hottest loop; calls would double its time",
}

#: Functions that may have more arguments, with the reason.
MANY_ARGUMENTS = {"config/options.py:option": "each keyword is one fact of an option"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
MODULES = sorted(SOURCE.rglob("*.py"))
TEST_MODULES = sorted(TESTS.rglob("*.py"))
PAGES = sorted(
    page
    for folder in (ROOT, ROOT / "docs", ROOT / "benchmarks")
    for page in (folder.glob("*.md") if folder == ROOT else folder.rglob("*.md"))
)


def name_of(path: Path) -> str:
    """Return the path of a file inside the package or the repository."""
    return str(path.relative_to(SOURCE if path.is_relative_to(SOURCE) else ROOT))


def functions_of(path: Path) -> Iterator[Function]:
    """Yield every function of a module, methods and nested ones included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, Function):
            yield node


def code_line_count(path: Path, function: Function) -> int:
    """Return the lines of a function without docstring, comments and blank lines."""
    lines = path.read_text().splitlines()
    skipped = range(0)
    if ast.get_docstring(function) is not None:
        first = function.body[0]
        skipped = range(first.lineno, (first.end_lineno or 0) + 1)
    numbers = range(function.lineno, (function.end_lineno or 0) + 1)
    texts = [lines[number - 1].strip() for number in numbers if number not in skipped]
    return sum(bool(text) and not text.startswith("#") for text in texts)


def is_public(name: str) -> bool:
    """Return whether a name has no underscore in front."""
    return not name.startswith("_")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_short(path):
    """Past the limit it becomes a package with the same public names."""
    if name_of(path) not in LONG_MODULES:
        assert len(path.read_text().splitlines()) <= MODULE_LINES_MAX


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_is_short(path):
    """One screen."""
    too_long = {}
    for function in functions_of(path):
        is_allowed = f"{name_of(path)}:{function.name}" in LONG_FUNCTIONS
        limit = LONG_FUNCTION_LINES_MAX if is_allowed else FUNCTION_LINES_MAX
        if code_line_count(path, function) > limit:
            too_long[function.name] = code_line_count(path, function)

    assert too_long == {}


@pytest.mark.parametrize("path", sorted((SOURCE / "rest").glob("*.py")), ids=name_of)
def test_a_handler_is_short(path):
    """Parse parameters, call one service, make a response."""
    too_long = {
        function.name: code_line_count(path, function)
        for function in functions_of(path)
        if {"request", "services"} <= {one.arg for one in function.args.args}
        and code_line_count(path, function) > HANDLER_LINES_MAX
    }

    assert too_long == {}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_has_few_arguments(path):
    """Many arguments that travel together are a dataclass."""
    too_many = [
        function.name
        for function in functions_of(path)
        if len(function.args.args) + len(function.args.kwonlyargs) > ARGUMENTS_MAX + 1
        and f"{name_of(path)}:{function.name}" not in MANY_ARGUMENTS
    ]

    assert too_many == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_public_names_have_docstrings(path):
    """Modules, classes, functions and methods."""
    tree = ast.parse(path.read_text())
    scopes = [
        tree,
        *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)),
    ]
    silent = [
        node.name
        for scope in scopes
        if not isinstance(scope, ast.ClassDef) or is_public(scope.name)
        for node in scope.body
        if isinstance(node, ast.ClassDef | Function)
        and is_public(node.name)
        and not ast.get_docstring(node)
        and "overload" not in map(ast.unparse, node.decorator_list)
    ]

    assert ast.get_docstring(tree) or not tree.body
    assert silent == []


@pytest.mark.parametrize("path", TEST_MODULES, ids=name_of)
def test_every_test_says_what_it_shows(path):
    """In one sentence, so that the suite reads as a specification."""
    silent = [
        function.name
        for function in functions_of(path)
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]

    assert silent == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_stand_at_the_top(path):
    """A late import hides a wrong direction, and so does one for types only."""
    tree = ast.parse(path.read_text())
    late = [
        ast.unparse(node)
        for scope in ast.walk(tree)
        if isinstance(scope, Function | ast.If)
        for node in ast.walk(scope)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]

    assert late == []


def is_swallowing(handler: ast.ExceptHandler) -> bool:
    """Return whether an `except` takes everything and does not raise it again."""
    is_broad = handler.type is None or ast.unparse(handler.type) in (
        "Exception",
        "BaseException",
    )
    last = handler.body[-1]
    return is_broad and not (isinstance(last, ast.Raise) and last.exc is None)


def test_broad_excepts_are_few():
    """Only where a thread or a request must survive anything."""
    broad = [
        f"{name_of(path)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler) and is_swallowing(node)
    ]

    assert len(broad) <= BROAD_EXCEPTS_MAX, broad


@pytest.mark.parametrize("path", [*MODULES, *TEST_MODULES], ids=name_of)
def test_nothing_is_left_for_later_and_nothing_sleeps(path):
    """What is missing is an issue; what waits, waits for an event."""
    text = path.read_text()
    words = ("TO" + "DO", "FIX" + "ME", "X" + "XX")

    assert not re.search(rf"\b({'|'.join(words)})\b", text)
    assert "time." + "sleep(" not in text


def test_imports_point_one_way():
    """The layers of the architecture, as import-linter reads them."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def test_every_module_has_a_place_in_the_architecture():
    """In the table of the page, and in the layers that are checked."""
    page = (ROOT / "docs" / "explanation" / "architecture.md").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (contract,) = project["tool"]["importlinter"]["contracts"]
    layered = re.findall(r"obelisk\.(\w+)", " ".join(contract["layers"]))
    table = "\n".join(line for line in page.splitlines() if line.startswith("|"))

    present = {
        path.stem
        for path in SOURCE.iterdir()
        if not path.name.startswith("_") and path.suffix in ("", ".py")
    }

    assert present == set(layered)
    assert present == set(re.findall(r"`(\w+)`", table))


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").iterdir()), ids=name_of)
def test_a_lock_file_names_versions_and_hashes_but_no_host(path):
    """Where packages come from is the business of who installs."""
    text = path.read_text()

    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    assert (
        re.findall(r"(?m)^(?!\S+==\S+ \\$|    --hash=sha256:[0-9a-f]{64}).+", text)
        == []
    )


def test_the_lock_files_hold_every_dependency():
    """A fresh environment has all that the project asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    wanted = {
        "run": project["project"]["dependencies"],
        "build": groups["build"],
        "dev": [*groups["dev"], *groups["test"]],
    }

    for lock, requirements in wanted.items():
        text = (ROOT / "requirements" / f"{lock}.lock").read_text()
        locked = set(re.findall(r"(?m)^([\w.-]+)==", text))
        texts = [one for one in requirements if isinstance(one, str)]
        names = {re.split(r"[><=\[]", one)[0] for one in texts}
        assert names <= locked


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_lead_somewhere(page):
    """Every relative link names a file, and every anchor a heading."""
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"(?m)^#+ (.*)$", target.read_text())
            slugs = [re.sub(r"[^\w -]", "", one.lower()) for one in headings]
            assert anchor in [slug.replace(" ", "-") for slug in slugs], link


def test_every_target_that_a_page_names_exists():
    """A command in the docs can be typed as it stands."""
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"(?m)^([a-z-]+):", makefile))

    for page in PAGES:
        named = re.findall(r"(?m)(?:^|`)make ([a-z-]+)", page.read_text())
        assert set(named) <= targets, page


def test_every_target_has_a_help_text():
    """So that `make help` lists it."""
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"(?m)^\.PHONY: (.*)$", makefile)

    assert sorted(phony.split()) == sorted(
        re.findall(r"(?m)^([a-z-]+):.*## ", makefile)
    )
