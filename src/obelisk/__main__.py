"""Lets `python -m obelisk` do what the command `obelisk` does."""

import sys

from obelisk.cli import main

if __name__ == "__main__":
    sys.exit(main())
