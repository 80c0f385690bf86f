"""The interpreter of Lua: one script at a time, in bounded time and memory."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from importlib import resources
from typing import Any, NoReturn

import orjson
from lupa import lua53  # type: ignore[import-untyped]

from obelisk.errors import ForbiddenError, ServerError, UnavailableError
from obelisk.lua.literals import literal

#: Asks the REST API of this server: a method, a URI, a body, the headers. It returns
#: the body of the answer, `None` if the request failed.
Ask = Callable[[str, str, bytes, Mapping[str, str]], bytes | None]

SECONDS_MAX = 60.0
MEMORY_BYTES_MAX = 268_435_456

#: Functions of scripts that Orthanc calls.
CALLBACKS = (
    *("Initialize", "Finalize", "OnHeartBeat", "ReceivedInstanceFilter"),
    *("ReceivedCStoreInstanceFilter", "OutgoingCStoreInstanceFilter"),
    *("IncomingHttpRequestFilter", "IncomingFindRequestFilter"),
    *("IncomingWorklistRequestFilter", "OutgoingFindRequestFilter"),
    *("OnStoredInstance", "OnStablePatient", "OnStableStudy", "OnStableSeries"),
    *("OnUpdatedPatient", "OnUpdatedStudy", "OnUpdatedSeries", "OnUpdatedInstance"),
    *("OnDeletedPatient", "OnDeletedStudy", "OnDeletedSeries", "OnDeletedInstance"),
    *("OnJobSubmitted", "OnJobSuccess", "OnJobFailure"),
)

_PRELUDE = resources.files("obelisk.lua").joinpath("prelude.lua").read_bytes()

_log = logging.getLogger(__name__)


class ScriptError(ServerError):
    """A script failed.

    Parameters
    ----------
    reason
        What the interpreter said. The script may have put anything into it, so that
        it is told to the client only, and to no log.
    """

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.message = reason


class Interpreter:
    """Runs scripts, one at a time; their global variables live on.

    Parameters
    ----------
    configuration
        What scripts see as the configuration of the server.
    seconds_max
        How long a script may run.
    memory_max
        How many bytes all that lives on, and a script, may take.
    """

    def __init__(
        self,
        configuration: Mapping[str, Any],
        seconds_max: float = SECONDS_MAX,
        memory_max: int = MEMORY_BYTES_MAX,
    ) -> None:
        self._configuration = literal(dict(configuration))
        self._seconds_max = seconds_max
        self._memory_max = memory_max
        self._lock = threading.Lock()
        self._owner = 0
        self._deadline = 0.0
        self._stopping = threading.Event()
        self._named: set[str] = set()
        self._kept = b""
        #: Asks the REST API.
        self.ask: Ask = _ask_nobody
        self._begin()

    def _begin(self) -> None:
        """Make an interpreter that knows no script yet."""
        self._runtime = lua53.LuaRuntime(
            encoding=None,
            register_eval=False,
            register_builtins=False,
            attribute_filter=_refuse_access,
            max_memory=self._memory_max,
        )
        self._execute = self._runtime.execute(
            _PRELUDE,
            self._fetch,
            self._is_over,
            self._ask,
            self._parse,
            lambda: self._keep(self._configuration),
            " ".join(CALLBACKS).encode(),
            name=b"=prelude",
            mode=b"t",
        )

    def run(self, script: bytes, waiting: AbstractContextManager[None]) -> bytes:
        """Run a script; return what it printed.

        Parameters
        ----------
        script
            Its text.
        waiting
            Is entered while other scripts run.

        Raises
        ------
        ScriptError
            If it is wrong, ends in an error, or takes too much time or memory.
        ForbiddenError
            If it is run by a script.
        UnavailableError
            If the server stops.
        """
        if self._owner == threading.get_ident():
            raise ForbiddenError("A script cannot run another one")
        with waiting:
            self._lock.acquire()
        try:
            self._owner = threading.get_ident()
            return self._run(script)
        finally:
            self._owner = 0
            self._lock.release()

    def stop(self) -> None:
        """End the script that runs, and run no more."""
        self._stopping.set()

    def _run(self, script: bytes) -> bytes:
        if self._stopping.is_set():
            raise UnavailableError("The server stops")
        self._deadline = time.monotonic() + self._seconds_max
        try:
            is_right, result, *names = self._execute(self._keep(script))
        except lua53.LuaError as error:
            raise ScriptError(str(error) or "not enough memory") from None
        finally:
            self._kept = b""
            self._forget_if_full()
        if isinstance(result, Exception):  # of a function of the server
            raise result
        if not is_right:
            raise ScriptError(result.decode(errors="replace"))
        self._warn(names[0].decode())
        assert isinstance(result, bytes)
        return result

    def _forget_if_full(self) -> None:
        if self._runtime.get_memory_used() > self._memory_max // 2:
            _log.warning("The global variables of scripts are too large: they are gone")
            self._begin()

    def _warn(self, names: str) -> None:
        for name in names.split():
            if name not in self._named:
                _log.warning("A script defines %s, which the server never calls", name)
                self._named.add(name)

    # What follows is called by Lua. It may not allocate memory of Lua: see prelude.lua.

    def _keep(self, content: bytes) -> int:
        """Keep bytes that Lua fetches when it has memory for them."""
        self._kept = content
        return len(content)

    def _fetch(self) -> bytes:
        content, self._kept = self._kept, b""
        return content

    def _is_over(self) -> int | None:
        if self._stopping.is_set():
            return 2
        return 1 if time.monotonic() > self._deadline else None

    def _ask(
        self, method: bytes, uri: bytes, body: bytes, headers: bytes
    ) -> int | None:
        parts = iter(headers.decode("latin-1").split("\0") if headers else ())
        fields = dict(zip(parts, parts, strict=True))
        answer = self.ask(method.decode(), uri.decode("latin-1"), body, fields)
        return None if answer is None else self._keep(answer)

    def _parse(self, text: bytes) -> int | None:
        try:
            return self._keep(literal(orjson.loads(text)))
        except ValueError:
            return None


def _ask_nobody(
    _method: str, _uri: str, _body: bytes, _headers: Mapping[str, str]
) -> bytes | None:
    return None


def _refuse_access(_object: object, _name: object, _is_setting: bool) -> NoReturn:  # noqa: FBT001  # lupa calls it
    raise AttributeError
