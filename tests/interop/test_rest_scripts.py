"""Scripts in Lua, run by a server."""

import threading

import pytest
import requests

from factories import make_instance
from launching import OBELISK, running_server, wait_until

_USER = {"AuthenticationEnabled": True, "RegisteredUsers": {"alice": "secret"}}
_ALICE = ("alice", "secret")
_SECONDS = 60


def execute(server, script, **arguments):
    """Return the answer to a script."""
    url = f"{server.url}/tools/execute-script"
    return requests.post(url, data=script.encode(), timeout=_SECONDS, **arguments)


def printed(server, script):
    """Return what a script prints."""
    answer = execute(server, script, auth=_ALICE)
    answer.raise_for_status()
    assert answer.headers["Content-Type"] == "text/plain"
    return answer.text


@pytest.fixture(scope="module")
def scripting(tmp_path_factory):
    """Run a server that runs scripts; there are other processes beside it."""
    folder = tmp_path_factory.mktemp("scripting")
    options = _USER | {"ExecuteLuaEnabled": True, "HttpWorkers": 2, "Mine": {"a": 1}}
    with running_server(OBELISK, folder, **options) as server:
        yield server


def test_scripts_are_off_by_default(launch):
    """They are refused without a word, by those who must not ask before."""
    server = launch(**_USER)

    answer = execute(server, "print(1)", auth=_ALICE)
    assert (answer.status_code, answer.content) == (403, b"")
    assert execute(server, "print(1)").status_code == 401


def test_scripts_need_credentials(scripting):
    """As all requests do; the log names the danger."""
    assert execute(scripting, "print(1)").status_code == 401
    assert printed(scripting, "print(1)") == "1\n"
    assert '"ExecuteLuaEnabled" is true' in scripting.log.read_text()


def test_scripts_use_the_rest_api(scripting):
    """They need no credentials for that, and see what other processes did."""
    body = make_instance(3, PatientName="Script^Reads")
    script = """
        local id = RestApiPost("/instances", body)
        id = ParseJson(id)["ID"]
        print(ParseJson(RestApiGet("/instances/" .. id .. "/simplified-tags"))
          ["PatientName"])
        print(#RestApiGet("/instances/" .. id .. "/file") == #body)
        print(RestApiGet("/instances/" .. id .. "/metadata/Origin"))
        print(RestApiGet("/instances/" .. id .. "/metadata/RemoteIP"))
        print(RestApiPut("/instances/" .. id .. "/metadata/1024", "x"))
        print(RestApiGet("/instances/" .. id .. "/metadata/1024"))
        print(RestApiDelete("/instances/" .. id), RestApiGet("/instances/" .. id))
        print(RestApiGet("/instances"))
    """
    escaped = "".join(f"\\{byte:03}" for byte in body)
    told = printed(scripting, f'local body = "{escaped}" {script}')

    assert told == "Script^Reads\ntrue\nLua\nnil\n\nx\ntrue, nil\n[]\n"


def test_scripts_see_the_configuration(scripting):
    """Also what the server does not know."""
    script = "local c = GetOrthancConfiguration() print(c.HttpPort, c.Mine.a)"

    assert printed(scripting, script) == f"{scripting.http_port}, 1\n"


def test_an_error_of_a_script(scripting):
    """The client is told, the log is not."""
    answer = execute(scripting, 'error("Secret^Name")', auth=_ALICE)

    assert answer.status_code == 500
    assert answer.json()["OrthancStatus"] == 2031
    assert answer.json()["Details"] == '[string "line"]:1: Secret^Name'
    assert "Secret" not in scripting.log.read_text()


def test_a_callback_is_not_called(scripting):
    """It is only warned of."""
    script = "function OnStoredInstance(id, tags, metadata) error(id) end"

    assert printed(scripting, script) == ""
    assert "defines OnStoredInstance" in scripting.log.read_text()


def test_scripts_that_wait_hinder_nobody(launch):
    """Not even the one that runs, though requests have one turn only."""
    server = launch(ExecuteLuaEnabled=True, HttpThreadsCount=1, HttpWorkers=1)
    script = 'for i = 1, 20 do x = RestApiPost("/tools/lookup", "none") end print(x)'
    told = []
    threads = [
        threading.Thread(target=lambda: told.append(execute(server, script).text))
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert told == ["[]\n"] * 5


def test_a_stop_ends_scripts(launch, tmp_path):
    """The server serves others until then, and ends in an orderly way."""
    server = launch(ExecuteLuaEnabled=True)
    mark = tmp_path / "mark"
    answers = []
    script = f'io.open("{mark}", "w"):close() while true do pcall(error) end'
    thread = threading.Thread(target=lambda: answers.append(execute(server, script)))
    thread.start()
    wait_until(mark.exists)
    system = requests.get(f"{server.url}/tools/now", timeout=_SECONDS)

    assert system.status_code == 200
    assert server.terminate() == 0
    thread.join()
    assert answers[0].status_code == 500
    assert answers[0].json()["Details"] == "the server stops"
