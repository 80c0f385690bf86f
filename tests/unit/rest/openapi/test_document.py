import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.test import Client

from factories import make_instance
from obelisk.app.node import Node
from obelisk.config import load_config
from obelisk.rest import messages
from obelisk.rest.messages import Request
from obelisk.rest.openapi.document import describe_api, group_of
from obelisk.rest.openapi.operations import OPERATIONS
from obelisk.rest.routes import ROUTES
from obelisk.rest.routing import Router, paths_of

DOCUMENT: dict[str, Any] = json.loads(json.dumps(describe_api(ROUTES)))
READING = sorted(path for path, one in DOCUMENT["paths"].items() if "get" in one)

#: What is read on the way to every handler.
_EVERYWHERE = {"_method"}
#: What does not answer with success here, or needs an argument.
_OTHER_STATUSES = {
    "/": 307,
    "/app": 307,
    "/app/explorer.html": 307,
    "/favicon.ico": 307,
    "/tools/create-archive": 400,
    "/tools/create-media": 400,
    "/tools/create-media-extended": 400,
    "/instances/{id}/pdf": 404,
    "/instances/{id}/stl": 404,
    "/jobs/{id}": 404,
    "/jobs/{id}/events": 404,
    "/jobs/{id}/{name}": 404,
    "/peers/{id}/system": 500,
    "/plugins/{id}": 404,
    "/tools/generate-uid": 404,
}
#: What placeholders behind the id stand for, by the segment before them.
_NAMES = {"metadata": "1024", "attachments": "1024", "labels": "mine"}


class _RecordingArguments(ImmutableMultiDict[str, str]):
    """Notes the names of the arguments that are asked for."""

    read: set[str] = set()  # noqa: RUF012  # shared on purpose

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        """Return an argument."""
        self.read.add(key)
        return super().get(key, *args, **kwargs)

    def __contains__(self, key: object) -> bool:
        self.read.add(str(key))
        return super().__contains__(key)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Return a client of a server that listens nowhere and holds one instance."""
    folder = tmp_path_factory.mktemp("node")
    file = folder / "configuration.json"
    options = {
        "StorageDirectory": str(folder / "storage"),
        "DicomServerEnabled": False,
        "RemoteAccessAllowed": True,
        "AuthenticationEnabled": False,
        "OrthancPeers": {"unknown": ["http://127.0.0.1:1/"]},
    }
    file.write_text(json.dumps(options))
    node = Node(load_config([file], {})[0])
    node.start()
    client = Client(node.application)
    answer = client.post("/instances", data=make_instance()).get_json()
    for level, key in _IDS.items():
        path = f"/{level}/{answer[key]}"
        for leaf, name in _NAMES.items():
            assert client.put(f"{path}/{leaf}/{name}", data=b"x").status_code == 200
    yield client
    node.refuse(1)
    node.close()


_IDS = {
    "patients": "ParentPatient",
    "studies": "ParentStudy",
    "series": "ParentSeries",
    "instances": "ID",
}


def _fill(path: str, client: Client) -> str:
    """Return a path that there is."""
    segments = path.split("/")
    for index, segment in enumerate(segments):
        if segment == "{id}":
            listed = client.get(f"/{segments[index - 1]}").get_json()
            segments[index] = listed[0] if segments[1] in _IDS else "unknown"
        elif segment == "{name}":
            segments[index] = _NAMES.get(segments[index - 1], "none")
        elif segment == "{path}":
            segments[index] = "0010-0010"
    return "/".join(segments)


def test_the_description_is_valid() -> None:
    """It follows OpenAPI 3.1, and its references all lead somewhere."""
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_every_route_is_described() -> None:
    """Each concrete path with each method, and nothing that is no route."""
    router = Router(ROUTES)
    described = {
        (path, method.upper())
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
    }

    for route in ROUTES:
        for path in paths_of(route):
            assert {(path, method) for method in route.methods} <= described
    for path, method in described:
        router.match(method, re.sub(r"\{\w+\}", "x", path))


def test_nothing_else_is_described() -> None:
    """What no route leads to has no place among the operations."""
    assert OPERATIONS.keys() == {route.handler for route in ROUTES}


def test_operations_have_names_of_their_own() -> None:
    """Clients that are generated need them."""
    names = [
        one["operationId"]
        for operations in DOCUMENT["paths"].values()
        for one in operations.values()
    ]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-zA-Z0-9_]+", name) for name in names)


def test_what_puts_and_posts_take_is_described() -> None:
    """But for what needs no body."""
    bare = {
        path.rpartition("/")[2]
        for path, operations in DOCUMENT["paths"].items()
        for method in ("put", "post")
        if method in operations and "requestBody" not in operations[method]
    }

    assert bare <= {"compress", "uncompress", "verify-md5", "{name}", *_COMMANDS}


_JOB_COMMANDS = {"cancel", "pause", "resume", "resubmit"}

#: Further operations without a body.
_COMMANDS = {"invalidate-tags", "reset", "shutdown", *_JOB_COMMANDS}


def test_groups() -> None:
    """The server itself is one, each first segment another."""
    assert group_of("/studies") == group_of("/studies/{id}/labels") == "Studies"
    assert group_of("/system") == group_of("/api/openapi.json") == "Server"
    assert group_of("/tools/find") == "Tools"


@pytest.mark.parametrize("path", READING)
def test_the_arguments_are_those_that_are_read(
    path: str, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, and no other."""
    target = _fill(path, client)
    read: set[str] = set()
    monkeypatch.setattr(_RecordingArguments, "read", read)
    monkeypatch.setattr(Request, "parameter_storage_class", _RecordingArguments)
    monkeypatch.setattr(messages, "_NO_ARGUMENTS", _RecordingArguments())

    client.get(target)

    parameters = DOCUMENT["paths"][path]["get"]["parameters"]
    described = {one["name"] for one in parameters if one["in"] == "query"}
    assert read - _EVERYWHERE == described


@pytest.mark.parametrize("path", READING)
def test_answers_are_as_described(path: str, client: Client) -> None:
    """In their media type, and JSON in its shape; expanded, too."""
    success = DOCUMENT["paths"][path]["get"]["responses"]["200"]
    contents = success.get("content", {})

    for argument in ("", "?expand", "?full", "?short"):
        answer = client.get(_fill(path, client) + argument)
        status = _OTHER_STATUSES.get(path, 200)
        assert answer.status_code == status
        if status == 200:
            assert answer.mimetype in contents
        if answer.status_code == 200 and answer.mimetype == "application/json":
            schema = contents["application/json"]["schema"]
            jsonschema.validate(answer.get_json(), DOCUMENT | schema)


def test_failures_are_as_described(client: Client) -> None:
    """JSON in plain text."""
    answer = client.get("/instances/none/file")
    response = DOCUMENT["components"]["responses"]["Error"]["content"]["text/plain"]

    schema = DOCUMENT | response["schema"]["contentSchema"]
    jsonschema.validate(json.loads(answer.text), schema)


def test_the_page_is_self_contained(client: Client) -> None:
    """It loads the description, and nothing from elsewhere."""
    page = client.get("/api/")

    assert page.mimetype == "text/html"
    assert "openapi.json" in page.text
    assert not re.search(r"(src|href)\s*=|https?:|@import|url\(", page.text)


def test_the_description_is_served(client: Client) -> None:
    """As it was made from the route table."""
    assert client.get("/api/openapi.json").get_json() == DOCUMENT
