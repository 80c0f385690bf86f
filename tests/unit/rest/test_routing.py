import json
from typing import Any

import pytest

from obelisk.dicom.levels import LEVELS, Level
from obelisk.errors import NotFoundError
from obelisk.rest.messages import Request, Response, Services, text_response
from obelisk.rest.routes import ROUTES
from obelisk.rest.routing import MethodNotAllowedError, Route, Router, paths_of


def _handler(_request: Request, _services: Services) -> Response:
    """Do nothing."""
    return text_response()


def test_no_route_shadows_another() -> None:
    """The route table can be compiled, and no two paths of one method are the same."""
    Router(ROUTES)
    seen = [
        (method, path)
        for route in ROUTES
        for path in paths_of(route)
        for method in route.methods
    ]

    assert len(seen) == len(set(seen))


def test_shadowing_is_refused() -> None:
    """Two routes for the same path and method are a mistake."""
    twice = [Route("/x/{id}", _handler, ("GET",), name) for name in ("a", "b")]

    with pytest.raises(ValueError, match="shadowed"):
        Router(twice)


def test_names_are_unique_and_handlers_documented() -> None:
    """Each route has its own name, and a handler whose docstring explains it."""
    assert len({route.name for route in ROUTES}) == len(ROUTES)
    assert all((route.handler.__doc__ or "").strip() for route in ROUTES)


def test_levels_and_relatives() -> None:
    """One line stands for the four levels, and for each pair of levels."""
    router = Router(ROUTES)
    for level in LEVELS:
        match = router.match("GET", f"/{level.plural}/abc")
        assert (match.level, match.id) == (level, "abc")
        for other in LEVELS:
            path = f"/{level.plural}/abc/{other.plural}"
            if other.depth > level.depth:
                assert router.match("GET", path).relative is other
    match = router.match("GET", "/instances/abc/series")

    assert (match.level, match.relative) == (Level.INSTANCE, Level.SERIES)


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/studies/x/nope",
        "/studies/x/file",
        "/patients/x/patient",
        "/studies/x/studies",
        "/studies/x/patients",
        "/instances/x/tags/y",
        "/STUDIES",
        "/{level}",
    ],
)
def test_unknown_routes(path: str) -> None:
    """What is not in the table is not found."""
    with pytest.raises(NotFoundError):
        Router(ROUTES).match("GET", path)


def test_slashes_do_not_matter() -> None:
    """Repeated and trailing slashes are as if they were not there."""
    assert Router(ROUTES).match("GET", "//studies//x/").id == "x"


@pytest.mark.parametrize(
    "path",
    [
        "/./studies/x",
        "/studies/./x/.",
        "/instances/../studies/x",
        "/../../studies/x",
        "/studies/x/series/../",
        "/studies/x/nope/../../x",
    ],
)
def test_segments_of_dots_are_resolved(path: str) -> None:
    """As in relative references; none leads above the root."""
    match = Router(ROUTES).match("GET", path)

    assert (match.route, match.id) == ("/{level}/{id}", "x")


def test_three_dots_are_a_name() -> None:
    """Only one or two are special."""
    assert Router(ROUTES).match("GET", "/studies/...").id == "..."


def test_wrong_method() -> None:
    """The error lists the methods in the order of Orthanc."""
    with pytest.raises(MethodNotAllowedError) as caught:
        Router(ROUTES).match("PUT", "/studies/x")

    assert caught.value.allowed == ("GET", "DELETE")


def test_head_goes_where_get_goes() -> None:
    """A HEAD request finds the route of GET."""
    router = Router(ROUTES)

    assert (
        router.match("HEAD", "/system").handler
        is router.match("GET", "/system").handler
    )


def test_a_directory_lists_what_is_below() -> None:
    """A path that is no route itself answers with the names of those below."""
    paths = (("/tools/b", "POST"), ("/tools/a/x", "GET"))
    router = Router([Route(path, _handler, (how,), path) for path, how in paths])
    listing = router.match("GET", "/tools/").handler
    services: Any = None
    body = listing(Request({}), services).body

    assert isinstance(body, bytes)
    assert json.loads(body) == ["a", "b"]
    with pytest.raises(MethodNotAllowedError) as caught:
        router.match("PUT", "/tools")
    assert caught.value.allowed == ("GET",)
    with pytest.raises(NotFoundError):
        router.match("GET", "/")


def test_a_route_may_take_the_rest_of_the_path() -> None:
    """However many segments there are, and also none."""
    router = Router(ROUTES)

    assert router.match("GET", "/instances/x/content").rest == ""
    match = router.match("GET", "/instances/x/content//0008-1140/1/0008-1155/")
    assert (match.id, match.rest) == ("x", "0008-1140/1/0008-1155")


def test_groups_are_all_levels_but_instances() -> None:
    """An instance has no tags to share."""
    router = Router(ROUTES)

    for level in LEVELS[:-1]:
        match = router.match("GET", f"/{level.plural}/x/shared-tags")
        assert (match.level, match.id) == (level, "x")
    with pytest.raises(NotFoundError):
        router.match("GET", "/instances/x/shared-tags")
