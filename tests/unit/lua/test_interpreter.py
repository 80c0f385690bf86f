import logging
import re
import threading
from contextlib import nullcontext

import pytest

from obelisk.errors import ForbiddenError, UnavailableError
from obelisk.lua.interpreter import CALLBACKS, Interpreter, ScriptError

_ENDLESS = "while true do end"
#: What would go on for ever if an error were enough to end it.
_STUBBORN = "while true do pcall(function() while true do end end) end"
_IN_COROUTINE = "coroutine.wrap(function() while true do end end)()"


class _Waiting(nullcontext):
    """Tells when a script is about to wait."""

    def __init__(self):
        super().__init__()
        self.is_entered = threading.Event()

    def __enter__(self):
        self.is_entered.set()


def run(interpreter, script):
    """Return what a script prints, as text."""
    return interpreter.run(script.encode(), nullcontext()).decode()


def failure(interpreter, script):
    """Return why a script fails."""
    with pytest.raises(ScriptError) as caught:
        run(interpreter, script)
    return caught.value.message


@pytest.fixture(scope="module")
def lua():
    """An interpreter."""
    return Interpreter({"Name": "A", "Nested": {"List": [1, "x"]}})


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ('print(1) error("boom")', '[string "line"]:1: boom'),
        ('\n\nerror("boom")', '[string "line"]:3: boom'),
        ('error("é", 0)', "é"),
        ("error(5)", "5"),
        ("error({})", "the error is no text"),
        ("x = = 2", "[string \"line\"]:1: unexpected symbol near '='"),
        ("nothing()", "attempt to call a nil value (global 'nothing')"),
        ("HttpGet('http://x/')", "attempt to call a nil value (global 'HttpGet')"),
        ("local function f() return f() + 1 end f()", "stack overflow"),
        ("coroutine.yield(1)", "attempt to yield from outside a coroutine"),
        ("\x1bLua", "attempt to load a binary chunk (mode is 't')"),
        ("local t = {} t.t = t DumpJson(t)", "the tables are too deep"),
        ("DumpJson({[true]=1})", "a key is neither text nor a number"),
    ],
)
def test_what_is_said_of_errors(lua, script, reason):
    """The line, and what is wrong; it is not in the words of the error itself."""
    with pytest.raises(ScriptError) as caught:
        run(lua, script)

    assert reason in caught.value.message
    assert str(caught.value) == "A script failed"


def test_what_was_printed_before_an_error_is_gone(lua):
    """The next script prints its own words only."""
    failure(lua, 'print("before") error("x")')

    assert run(lua, "print(1)") == "1\n"


def test_the_configuration(lua):
    """Each script gets its own copy."""
    run(lua, 'GetOrthancConfiguration()["Name"] = "B"')
    told = run(lua, "c = GetOrthancConfiguration() print(c.Name, c.Nested.List[2])")

    assert told == "A, x\n"


@pytest.mark.parametrize("script", [_ENDLESS, _STUBBORN, _IN_COROUTINE])
def test_time_is_limited(script):
    """Scripts that do not end are ended, and others can follow."""
    interpreter = Interpreter({}, seconds_max=0)

    assert "the script took too long" in failure(interpreter, script)
    assert run(interpreter, "print(1)") == "1\n"


@pytest.mark.parametrize(
    "script",
    [
        'x = ("x"):rep(1 << 30)',
        't = {} while true do t[#t + 1] = ("x"):rep(100000) .. #t end',
        'for i = 1, 1000 do print(("x"):rep(100000) .. i) end',
        'RestApiGet("/large")',
        'local x = ("x"):rep(3000000) while true do x = DumpJson(x .. x) end',
    ],
)
def test_memory_is_limited(script):
    """What takes too much fails, and others can follow."""
    interpreter = Interpreter({}, memory_max=8_000_000)
    interpreter.ask = lambda *_: bytes(9_000_000)

    assert "not enough memory" in failure(interpreter, script)
    assert run(interpreter, "print(1)") == "1\n"


def test_large_answers_fit_into_what_unused_values_take():
    """They are thrown away for it."""
    interpreter = Interpreter({}, memory_max=8_000_000)
    interpreter.ask = lambda *_: bytes(1_000_000)
    script = 'collectgarbage("stop") for i = 1, 50 do x = RestApiGet("/") end print(#x)'

    assert run(interpreter, script) == "1000000\n"


def test_large_global_variables_do_not_live_on(caplog):
    """Else the next scripts would have too little memory; the log tells."""
    interpreter = Interpreter({}, memory_max=8_000_000)
    run(
        interpreter,
        'small = 1 large = {} for i = 1, 50 do large[i] = ("x"):rep(99999) .. i end',
    )

    assert run(interpreter, "print(small, large)") == "nil, nil\n"
    assert "global variables of scripts are too large" in caplog.text


def test_global_variables_live_on(lua):
    """From script to script."""
    run(lua, "kept = 77")

    assert run(lua, "print(kept)") == "77\n"


def test_nothing_of_the_server_is_reachable(lua):
    """Neither Python nor its objects, from whatever a script can lay hands on."""
    script = """
        local seen = {}
        local function walk(value, path)
          if type(value) == "userdata" then print(path) end
          if type(value) ~= "table" or seen[value] then return end
          seen[value] = true
          for key, member in pairs(value) do
            walk(key, path .. ".key")
            walk(member, path .. "." .. tostring(key))
          end
          walk(getmetatable(value), path .. ".meta")
        end
        walk(_G, "_G")
        print(python, package.loaded.python, debug.getregistry, debug.getupvalue)
    """
    *places, names = run(lua, script).splitlines()

    assert all(re.search(r"\.io\.std(in|out|err)$", place) for place in places)
    assert names == "nil, nil, nil, nil"


def test_errors_of_the_server_are_not_those_of_scripts():
    """They come out as they are, and tell a script that catches them nothing."""
    interpreter = Interpreter({})

    def fail(*_):
        raise ZeroDivisionError

    interpreter.ask = fail
    with pytest.raises(ZeroDivisionError):
        run(interpreter, 'RestApiGet("/")')

    script = """
        local _, error = pcall(RestApiGet, "/")
        for _, name in ipairs({"args", "__class__", "__traceback__"}) do
          print(pcall(function() return error[name] end), pcall(function()
            error[name] = 1 end))
        end
    """
    assert "true" not in run(interpreter, script)


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        ('RestApiGet("/a")', ("GET", "/a", b"", {})),
        ('RestApiGet("/a", true, {x="y"})', ("GET", "/a", b"", {"x": "y"})),
        ('RestApiDelete("/a", false)', ("DELETE", "/a", b"", {})),
        (r'RestApiPost("/é", "\0\255")', ("POST", "/Ã©", b"\0\xff", {})),
        ('RestApiPut("/a", 5, false, {x=1})', ("PUT", "/a", b"5", {"x": "1"})),
    ],
)
def test_what_is_asked(call, asked):
    """The method, the URI, the body and the headers."""
    interpreter = Interpreter({})
    noted = []
    interpreter.ask = lambda *said: noted.append(said)

    assert run(interpreter, f"print({call})") == "nil\n"
    assert noted == [asked]


def test_one_script_at_a_time():
    """Others wait; a script cannot run another one."""
    interpreter = Interpreter({})
    is_asked, may_go_on = threading.Event(), threading.Event()
    refusals = []

    def ask(*_):
        is_asked.set()
        may_go_on.wait(30)
        with pytest.raises(ForbiddenError) as caught:
            run(interpreter, "print(1)")
        refusals.append(caught.value)
        return b"first"

    interpreter.ask = ask
    printed = []
    first = threading.Thread(
        target=lambda: printed.append(run(interpreter, 'print(RestApiGet("/"))'))
    )
    first.start()
    assert is_asked.wait(30)
    waiting = _Waiting()
    second = threading.Thread(
        target=lambda: printed.append(interpreter.run(b"print(2)", waiting).decode())
    )
    second.start()
    assert waiting.is_entered.wait(30)
    assert not printed

    may_go_on.set()
    first.join()
    second.join()
    assert printed == ["first\n", "2\n"]
    assert len(refusals) == 1


def test_a_stop_ends_the_script_that_runs():
    """And no other one begins."""
    interpreter = Interpreter({})
    interpreter.ask = lambda *_: interpreter.stop()

    assert "the server stops" in failure(interpreter, f'RestApiGet("/") {_STUBBORN}')
    with pytest.raises(UnavailableError):
        run(interpreter, "print(1)")


def test_callbacks_are_named_in_the_log(caplog):
    """Once each, as nobody calls them."""
    interpreter = Interpreter({})
    for _ in range(2):
        run(interpreter, "function OnStoredInstance() end OnStableStudy = 5")
    run(interpreter, "function IncomingHttpRequestFilter() end")

    lines = [one.getMessage() for one in caplog.records]
    assert [line for line in lines if "OnStoredInstance" in line] == lines[:1]
    assert "IncomingHttpRequestFilter" in lines[1]
    assert len(lines) == 2
    assert caplog.records[0].levelno == logging.WARNING
    assert "OnStableStudy" in CALLBACKS
