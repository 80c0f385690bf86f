import inspect

import pytest

from obelisk.rest.offering import offered_routes
from obelisk.rest.routes import ROUTES
from obelisk.rest.stateless import STATELESS, Statelessness

#: What the main process only has.
_STATEFUL = {
    *("jobs", "streams", "archiving", "creation", "lifecycle", "health"),
    *("monitoring", "acceptance", "reconstruction"),
}


def test_each_entry_is_a_route():
    """A route that is renamed cannot be forgotten here."""
    routes = {(method, one.path) for one in ROUTES for method in one.methods}

    assert routes >= STATELESS


@pytest.mark.parametrize(
    "route",
    [
        one
        for one in ROUTES
        if any((method, one.path) in STATELESS for method in one.methods)
    ],
    ids=lambda one: one.name,
)
def test_no_handler_needs_what_one_process_has(route):
    """Neither jobs nor archives; what a handler calls is named in its module."""
    source = inspect.getsource(inspect.getmodule(route.handler))
    used = {name for name in _STATEFUL if f"services.{name}" in source}
    module = route.handler.__module__

    # These modules have handlers of both kinds: look at the one that counts.
    if module.rpartition(".")[2] in {"tools", "bulk"}:
        source = inspect.getsource(route.handler)
        used = {name for name in _STATEFUL if f"services.{name}" in source}
    assert used == set()


@pytest.mark.parametrize(
    ("method", "path", "is_covered"),
    [
        ("GET", "/statistics", True),
        ("HEAD", "/instances/a/file", True),
        ("POST", "/instances", True),
        ("POST", "/instances/", True),
        ("GET", "/studies/a/series", True),
        ("GET", "/instances/a/content/0008-1140/0", True),
        ("DELETE", "/instances/a", False),
        ("GET", "/studies/a/archive", False),
        ("GET", "/jobs", False),
        ("GET", "/system", False),
        ("PUT", "/tools/default-encoding", False),
        ("GET", "/nothing/of/the/kind", False),
        ("PATCH", "/instances", False),
        ("OPTIONS", "*", False),
    ],
)
def test_which_requests_any_process_may_answer(method, path, is_covered):
    """By the route, whatever stands in for its parts."""
    assert Statelessness(offered_routes()).covers(method, path) is is_covered


def test_options_take_routes_away():
    """A request without a route is answered by the main process."""
    covers = Statelessness(offered_routes(is_read_only=True)).covers

    assert covers("GET", "/instances")
    assert not covers("POST", "/instances")
