"""The one place that builds and wires: from a configuration to a running server."""

from obelisk.app.supervisor import run

__all__ = ["run"]
