from collections.abc import Iterator
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from werkzeug.test import EnvironBuilder

from obelisk.errors import NotFoundError
from obelisk.rest.admission import Admission
from obelisk.rest.application import Application
from obelisk.rest.auth import Access
from obelisk.rest.json_members import JSONMembers
from obelisk.rest.messages import JSONResponse, Response, json_response
from obelisk.rest.routing import Route, Router

XML = "application/xml"
START = '<?xml version="1.0" encoding="utf-8"?>\n'


def ask(response, accept=XML, method="GET"):
    """Return media type and text of a response, as a client gets it."""
    services = SimpleNamespace(admission=Admission(1, 1))

    def handler(_request, _services):
        if isinstance(response, Exception):
            raise response
        return response

    router = Router((Route("/x", handler, ("GET",), "x"),))
    headers = {} if accept is None else {"Accept": accept}
    environ = EnvironBuilder("/x", method=method, headers=headers).get_environ()
    environ["REMOTE_ADDR"] = "127.0.0.1"
    kept = {}
    body = Application(services, Access(), router=router)(
        environ, lambda _, headers: kept.update(headers)
    )
    return kept["Content-Type"], b"".join(body).decode()


def xml(value):
    """Return a JSON value as the XML that a client gets."""
    kind, text = ask(json_response(value))
    assert kind == "application/xml; charset=utf-8"
    return text


def test_xml_is_that_of_orthanc():
    """Members in the order of their names, lists as items, what is empty closed."""
    value = {
        "b": [None, True, False, 7, 1.5],
        "a": {"0008,0005": "ISO_IR 100"},
        "c": [[], {}, "", [[]], [1, [2]], {"d": []}],
        "": "  ",
    }
    assert xml(value) == (
        START + "<root>\n"
        "  <:anonymous>  </:anonymous>\n"
        "  <a>\n    <0008,0005>ISO_IR 100</0008,0005>\n  </a>\n"
        "  <b>\n    <item>null</item>\n    <item>true</item>\n"
        "    <item>false</item>\n    <item>7</item>\n    <item>1.5</item>\n  </b>\n"
        "  <c>\n    <item />\n    <item />\n    <item />\n"
        "    <item>\n      <item />\n    </item>\n"
        "    <item>\n      <item>1</item>\n"
        "      <item>\n        <item>2</item>\n      </item>\n    </item>\n"
        "    <item>\n      <d />\n    </item>\n  </c>\n"
        "</root>\n"
    )


@pytest.mark.parametrize("value", [[], {}])
def test_an_empty_value_is_an_empty_document(value):
    """Whether it is a list or an object."""
    assert xml(value) == START + "<root />\n"


@pytest.mark.parametrize("text", ["<b>&\"c'", "]]>", "é 山", "\t\r\n", " a "])
def test_text_comes_back_from_a_parser(text):
    """Also what has a meaning in XML, and ends of lines."""
    assert ET.fromstring(xml([text])).findtext("item") == text


def test_a_parser_can_read_what_has_forbidden_characters():
    """They are left out; Orthanc writes what no parser takes."""
    assert ET.fromstring(xml(["a\x00\x01b"])).findtext("item") == "ab"


def test_large_numbers_are_exact():
    """Orthanc fails with those beyond 32 bits, and rounds others to nine digits."""
    value = [3_000_000_000, 0.1234567890123]

    found = [item.text for item in ET.fromstring(xml(value))]
    assert found == ["3000000000", "0.1234567890123"]


def test_names_cannot_end_their_element():
    """A client that sends what others read cannot add elements."""
    assert "<x>" not in xml({"a><x>": 1})


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/*",
        "text/xml",
        "application/xml+x",
        "application/json, application/xml",
        "application/xml, text/html",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ],
)
def test_json_is_the_rule(accept):
    """Only who names XML before all else gets it, as with Orthanc."""
    assert ask(json_response([1]), accept)[0].startswith("application/json")


def test_parameters_of_the_media_type_do_not_count():
    """As with Orthanc, whatever comes behind them."""
    kind, text = ask(json_response([]), "application/xml;q=0.1, application/json")

    assert kind == "application/xml; charset=utf-8"
    assert text == START + "<root />\n"


def test_other_answers_stay_as_they_are():
    """Files that happen to be JSON, and errors."""
    file = Response(b"{}", [("Content-Type", "application/json")])

    assert ask(file) == ("application/json", "{}")
    kind, text = ask(NotFoundError("resource", "x"))
    assert kind == "text/plain"
    assert text.startswith("{")


def members(count: int) -> Iterator[tuple[str, object]]:
    """Yield members of a large value."""
    for number in range(count):
        yield f"k{number}", {"n": [number]}


@pytest.mark.parametrize("is_list", [False, True])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_large_values_are_written_like_small_ones(count, is_list):
    """In both forms, for objects and lists."""
    value = [one for _, one in members(count)] if is_list else dict(members(count))

    for accept in (None, XML):
        large = JSONResponse(JSONMembers(members(count), is_list=is_list))
        expected = ask(json_response(value), accept)
        if count or accept is None:
            assert ask(large, accept) == expected
        else:
            assert ET.fromstring(ask(large, accept)[1]).tag == "root"


def test_a_head_request_reads_no_large_value():
    """It tells the media type that a GET would have."""
    assert ask(JSONResponse(b""), method="HEAD") == (
        "application/xml; charset=utf-8",
        "",
    )
