"""`app.supervisor`: it starts worker processes, and tells why they fail."""

import subprocess
import sys

_PROGRAM = """
import os
from obelisk.app.supervisor import _Supervisor

def fail():
    raise LookupError

_Supervisor(fail, [], bool)._fork()
os.wait()
"""


def test_the_log_tells_why_a_worker_fails():
    """With the place in the code."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True
    )

    assert "The worker process failed" in done.stderr
    assert "LookupError" in done.stderr
