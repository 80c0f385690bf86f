"""The list of what was not called."""

from exchange import Call
from parity.coverage import not_called

_DESCRIPTION = {
    "paths": {
        "/studies": {"get": {"parameters": [{"name": "since", "in": "query"}]}},
        "/studies/{id}": {
            "get": {"parameters": [{"name": "id", "in": "path"}]},
            "delete": {},
        },
        "/tools/find": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"properties": {"Level": {}, "Query": {}}}
                        }
                    }
                }
            }
        },
        "/peers": {"get": {}},
    }
}


def test_routes_and_arguments_that_were_not_called_are_listed() -> None:
    """Arguments of query strings and of bodies; what is aside is left out."""
    calls = [
        Call("GET", "/studies?expand", "/studies", "expand"),
        Call("GET", "/studies/x", "/studies/{id}"),
        Call("POST", "/tools/find", "/tools/find", "", b'{"Level": "Study"}'),
    ]

    assert list(not_called(_DESCRIPTION, calls)) == [
        "GET /studies [since]",
        "DELETE /studies/{id}",
        "POST /tools/find [Query]",
    ]


def test_nothing_is_listed_when_all_was_called() -> None:
    """An argument counts even without a value."""
    calls = [
        Call("GET", "/studies?since=", "/studies", ""),
        Call("GET", "/studies/x", "/studies/{id}"),
        Call("DELETE", "/studies/x", "/studies/{id}"),
        Call("POST", "/tools/find", "/tools/find", "", b'{"Level":1, "Query":2}'),
    ]

    assert list(not_called(_DESCRIPTION, calls)) == []
