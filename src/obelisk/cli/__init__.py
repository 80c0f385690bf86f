"""The command `obelisk`."""

from obelisk.cli.command import main

__all__ = ["main"]
