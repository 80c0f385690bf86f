"""Who runs the scripts of clients, if anybody does."""

from obelisk.app.sharing import Share
from obelisk.config import Config
from obelisk.lua.interpreter import Interpreter


def interpreter_of(config: Config, share: Share) -> Interpreter | None:
    """Return the interpreter of the main process, if clients may have scripts run."""
    scripts = config.scripts
    if not scripts.execution_enabled or not share.is_main:
        return None
    return Interpreter(scripts.configuration)
