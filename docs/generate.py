"""Write the pages of docs/reference that are made from the code: `make docs`."""

from pathlib import Path

from obelisk.cli.arguments import make_parser
from obelisk.config import reference_tables
from obelisk.jobs.state import TABLE, Event, State
from obelisk.rest.openapi.document import group_of, texts_of
from obelisk.rest.openapi.operation import Argument
from obelisk.rest.openapi.operations import operation_of
from obelisk.rest.routes import ROUTES
from obelisk.rest.routing import Route, concrete_paths

REFERENCE = Path(__file__).parent / "reference"
EXPLANATION = Path(__file__).parent / "explanation"

_START, _STOP = "<!-- states: made by `make docs` -->", "<!-- end of states -->"

CONFIGURATION = """\
# Configuration

<!-- Made by `make docs` from src/obelisk/config/sections.py; do not edit. -->

## Files

A configuration is a JSON file as Orthanc reads it. `obelisk --config=FILE` writes one
that says what holds by default.

- `//` and `/* */` comments and a comma after the last member are allowed.
- `${NAME}` is replaced by the variable of the environment, and `${NAME:-default}` by
  the default if the variable does not exist. It is replaced before the file is read as
  JSON, so it works for numbers too: `"HttpPort" : ${PORT:-8042}`.
- Several files, and folders whose `*.json` files count (not those deeper inside), may
  be given. An option may stand in one of them only.
- Relative paths start at the folder of the first file, or at the current folder if no
  file is given.

## Environment

A variable sets one option and wins over the files: `ORTHANC__DICOM_AET=ARCHIVE` sets
`DicomAet`. `OBELISK__` does the same as `ORTHANC__`. Objects and lists are given as
JSON: `ORTHANC__REGISTERED_USERS='{"alice": "secret"}'`.

## What is checked

The server does not start if a value has a wrong type or is out of range; the message
lists every problem. Options of Orthanc that are not supported yet, sections of its
plugins and unknown names are reported and have no effect. Those that protect something
(`DicomTlsEnabled`, `SslVerifyPeers`) stop the start.

With `RemoteAccessAllowed` and authentication, `RegisteredUsers` must be given.
`obelisk check-config FILE` prints the effective values, without passwords.

"""

COMMAND_LINE = """\
# Command line

<!-- Made by `make docs` from src/obelisk/cli/arguments.py; do not edit. -->

```text
{help}```

## Exit status

| status | meaning |
|---|---|
| 0 | success |
| 1 | the server failed while running |
| 2 | the command line is wrong; the message names the closest option |
| 3 | the configuration is wrong; the message lists every problem |
| 4 | a port is taken, a folder cannot be written to, a certificate cannot be read |

## Log

Lines go to standard error, to a new file in `--logdir` (`Obelisk.log` is a link to the
newest), or to `--logfile`, which wins. They have Orthanc's shape: a letter for the
level (`E`rror, `W`arning, `I`nformation, `T`race), month and day, time, thread, source,
category, text.

```text
W0704 10:15:22.123456             MAIN app.py:71] Obelisk has started
```
"""

REST_API = """\
# REST API

<!-- Made by `make docs` from src/obelisk/rest/routes.py; do not edit. -->

A running server shows these routes at `/api/`, and describes them for programs as
OpenAPI 3.1 at `/api/openapi.json`.

- `{id}` stands for the id of a patient, study, series or instance.
- Arguments in the query string that are marked *present* hold whatever their value is;
  Boolean ones are `true`, `1` or nothing, or `false` or `0`.
- Every `GET` route answers `HEAD`. A path that is no route, but has routes below, lists
  their names.
- `Accept: application/xml` gives XML instead of JSON: members under their names, items
  of lists as `item`, as Orthanc writes it. Who takes anything else too gets JSON.
- A wrong method is answered by 405 and `Allow`, anything else that fails by a JSON
  object with `HttpStatus`, `Message`, `OrthancStatus` and, where there is more to say,
  `Details`. `HttpDescribeErrors` switches these bodies off.
- `?_method=PUT` or the header `X-HTTP-Method-Override` names another method, unless
  `HttpMethodOverrideEnabled` is switched off.
"""


def rest_api() -> str:
    """Return the page about the routes."""
    groups: dict[str, list[Route]] = {}
    for route in ROUTES:
        path = route.path
        is_shared = path.startswith(("/{level}", "/{group}"))
        groups.setdefault("Resources" if is_shared else group_of(path), []).append(
            route
        )
    return REST_API + "".join(
        f"\n## {group}\n" + "".join(map(_section, routes))
        for group, routes in groups.items()
    )


def _section(route: Route) -> str:
    """Return what stands about one route: its paths, its text, its arguments."""
    operation = operation_of(route)
    method = ", ".join(route.methods)
    paths = " · ".join(f"`{path}`" for path, _, _ in concrete_paths(route))
    parts = [
        f"### {method} {route.path}",
        paths,
        "\n\n".join(filter(None, texts_of(route))),
    ]
    if operation.body:
        parts.append("Body: " + ", ".join(f"`{kind}`" for kind in operation.body) + ".")
    if operation.answer:
        kinds = ", ".join(f"`{kind}`" for kind in operation.answer)
        parts.append(f"Answer: {kinds}{', in parts too' * operation.is_partial}.")
    rows = [(one, _kind(one)) for one in operation.query]
    rows += [(one, "header") for one in operation.headers]
    if rows:
        lines = [f"| `{one.name}` | {kind} | {one.text} |" for one, kind in rows]
        parts.append("\n".join(["| argument | | |", "|---|---|---|", *lines]))
    return "\n" + "\n\n".join(parts) + "\n"


def _kind(argument: Argument) -> str:
    return "present" if "const" in argument.schema else str(argument.schema["type"])


def states() -> str:
    """Return the state table of jobs, as a diagram and as a table."""
    arrows = [
        f"    {before.value} --> {after.value}: {event.value}"
        for (before, event), after in TABLE.items()
        if before is not after
    ]
    diagram = ["```mermaid", "stateDiagram-v2", "    [*] --> Pending", *arrows, "```"]
    head = f"| event | {' | '.join(state.value for state in State)} |"
    rows = [
        f"| {event.value} | {' | '.join(_cell(state, event) for state in State)} |"
        for event in Event
    ]
    table = [head, "|---" * (len(State) + 1) + "|", *rows]
    return "\n".join([*diagram, "", *table])


def _cell(state: State, event: Event) -> str:
    after = TABLE.get((state, event))
    return "" if after is None else "stays" if after is state else f"→ {after.value}"


def jobs_page() -> str:
    """Return the page about jobs with the states as they are in the code."""
    text = (EXPLANATION / "jobs.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(_START)
    _, _, after = rest.partition(_STOP)
    return f"{before}{_START}\n\n{states()}\n\n{_STOP}{after}"


def pages() -> dict[Path, str]:
    """Return the text of each generated page."""
    return {
        EXPLANATION / "jobs.md": jobs_page(),
        REFERENCE / "configuration.md": CONFIGURATION + reference_tables(),
        REFERENCE / "command-line.md": COMMAND_LINE.format(
            help=make_parser().format_help()
        ),
        REFERENCE / "rest-api.md": rest_api(),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
