"""The options about scripts that clients send."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from obelisk.config.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptSection:
    """Scripts of clients."""

    execution_enabled: bool = option("ExecuteLuaEnabled", default=False)
    """Whether clients may have scripts in Lua run, by `POST /tools/execute-script`.
    Those can read and write files and start programs on this machine, with the rights
    of the server."""

    configuration: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the files and the environment say, as scripts see it; empty unless they are
    run."""
