"""Record what Orthanc answers to scripts in Lua, for `test_scripts.py`.

Usage: ``python tests/golden/record_scripts.py --peer COMMAND``, with a command that
starts Orthanc 1.13 when the path of a configuration file follows it.
"""

import argparse
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from exchange import Call, Peer
from golden.recording import save
from launching import running_server
from parity.differences import normalise

_ROUTE = "/tools/execute-script"

#: One a line; all run in the same server.
_SCRIPTS = r"""
print(_VERSION)
function OnStoredInstance(instanceId, tags, metadata) end
return 5
print("Hello")
print()
print("", "a", "", "b") print("a", "") print("", "")
print(1, 2.5, 1e100, 1/0, -1/0, 10//3, 3.0, 1e15, 2^53, -0.0, 100000000000000)
print(true, false, nil, "x")
print("a\0b", "c")
print("é ☃")
print("a\n") print(2)
print(setmetatable({}, {__tostring=function() return "mine" end}))
print(("x"):rep(100000))
print(pcall(error, "caught"))
print(coroutine.wrap(function() print("in") coroutine.yield(4) end)())
print(type(os.execute), type(io.open), type(require), type(utf8.char))
keep = 77
print(keep)
print(7) error("boom")
print(8)
error("no position", 0)
error(5)
error("é")
error({1})
error()
x = = 2
print("unfinished
local a = nil; a.b = 1
x = y.z
print(setmetatable({}, {__tostring=function() error("in") end}))
coroutine.wrap(function() error("co") end)()
local function f() return f() + 1 end f()
goto x
assert(false)
print(RestApiGet("/instances"), RestApiGet("/instances", true, {a="b"}))
print(RestApiGet("/nope"), RestApiGet("instances"), RestApiGet("/"))
print(RestApiGet("/tools/execute-script"), RestApiGet(1))
print(RestApiGet(), RestApiGet("/instances", "x"), RestApiGet("/instances", nil))
print(RestApiGet("/instances", false, nil), RestApiGet("/instances", false, nil, 1))
print(RestApiGet("/tools/generate-uid?level=pat%69ent"))
print(RestApiGet("/inst%61nces"), RestApiGet("/instances/"))
print(RestApiPost("/tools/lookup", "a"), RestApiPost("/tools/lookup", 5, true, {a="b"}))
print(RestApiPost("/tools/lookup"), RestApiPost("/tools/lookup", {}))
print(RestApiPost("/tools/find", '{"Level":"Study","Query":{}}'))
print(RestApiPost("/tools/find", "bad"), RestApiPost("/instances", "nonsense"))
print(RestApiPut("/tools/log-level", "default"), RestApiPut("/tools/log-level", "x"))
print(RestApiPut("/peers/x", '["http://localhost:1/"]'), RestApiDelete("/peers/x"))
print(RestApiDelete("/instances/none"), RestApiDelete("/tools/metrics"))
print(RestApiPost("/tools/execute-script", "print(42)"))
print(GetOrthancConfiguration()["Name"], GetOrthancConfiguration()["StableAge"])
PrintRecursive(GetOrthancConfiguration()["UserMetadata"])
PrintRecursive({1, "b", true, {x={z=2}}})
PrintRecursive("x") PrintRecursive(nil) PrintRecursive(5) PrintRecursive()
PrintRecursive({b={c=1}}, 0) PrintRecursive({b=1}, 1) PrintRecursive("a", 2, "pre")
PrintRecursive(ParseJson('[1,2.5,"x",null,true,{"b":[]}]'))
print(ParseJson("bad"), ParseJson(""), ParseJson(5), ParseJson(nil), ParseJson())
print(ParseJson("5"), ParseJson('"a"'), ParseJson("null"), ParseJson("true"))
local t = ParseJson("[2.0,2.5,1e3,4294967296,-3000000000,-5]") print(table.unpack(t))
print(#ParseJson("[1,null,3]"), ParseJson('"a\\u00e9"'), ParseJson('{"1":5}')["1"])
print(ParseJson('{"a":1} trailing') ~= nil)
print(DumpJson(nil), DumpJson(true), DumpJson(5), DumpJson(5.5), DumpJson("abc"))
print(DumpJson("5"), DumpJson("0x10"), DumpJson(" 5 "), DumpJson("1e3"), DumpJson(""))
print(DumpJson({}), DumpJson({1,2,3}), DumpJson({a=1,b="x",c={1,{d=2}}}))
print(DumpJson({"5", "a", 5, 5.0, 2^53, true}, true))
print(DumpJson({1.0, 1e20, -0.0, 0.1, 3000000000, -2147483649, 0/0, 1/0}))
print(DumpJson({[1]=1, [3]=3}), DumpJson({[0]="a", b=1, [1.5]=2}), DumpJson(print))
print(DumpJson("é\n\"\\/\1☃😀"))
print(DumpJson(), DumpJson(1, 2, 3), DumpJson({a="5"}, "x"))
print(DumpJson({[true]=4}))
print(bit32.band(7, 3), math.pow(2, 3))
"""

_OPTIONS = {"ExecuteLuaEnabled": True, "Name": "Lua", "UserMetadata": {"mine": 2000}}


def play_scripts(command: Sequence[str], folder: Path) -> Iterator[tuple[Call, Any]]:
    """Run a server, and yield each script with its answer."""
    with running_server(command, folder, **_OPTIONS) as server:
        peer = Peer(server.url)
        scripts = ["", *_SCRIPTS.strip().splitlines(), "line1()\nline2()", "\x1bLua"]
        for script in scripts:
            call = Call("POST", _ROUTE, _ROUTE, repr(script), script.encode())
            answer, _ = peer.send(call)
            yield call, normalise(call, answer.to_json())
        peer.close()


def main() -> None:
    """Record every script again."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peer", required=True, metavar="COMMAND")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        played = play_scripts(shlex.split(arguments.peer), Path(folder))
        save("scripts", [(call.key, value) for call, value in played])


if __name__ == "__main__":
    main()
