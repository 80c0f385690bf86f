"""Real processes: the code runs in an interpreter of its own, which has no threads."""

import subprocess
import sys
from textwrap import dedent

_HEAD = """
    import os, signal, socket, sys
    from obelisk.workers.channel import Channel
    from obelisk.workers.nursery import Nursery

    def work(place, channel):
        while (message := channel.receive()) is not None:
            channel.send("pid", [place, os.getpid()])
        return 0

    listener = socket.create_server(("127.0.0.1", 0))
    nursery = Nursery(work, [listener])

    def pid_of(channel):
        channel.send("who")
        return channel.receive().facts
"""


def run(code: str) -> str:
    """Run a program that has a nursery; return what it says."""
    done = subprocess.run(
        [sys.executable, "-c", dedent(_HEAD) + dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_workers_are_processes_with_places():
    """Each has its own channel, and the death of one harms no other."""
    found = run(
        """
        one, two = nursery.bear(0), nursery.bear(1)
        (a, first), (b, second) = pid_of(one), pid_of(two)
        os.kill(first, signal.SIGKILL)
        print(a, b, first != second, one.receive(), pid_of(two)[1] == second)
        three = nursery.bear(0)
        print(pid_of(three)[1] not in (first, second))
        nursery.close()
        """
    )

    assert found == "0 1 True None True\nTrue\n"


def test_the_failure_of_a_worker_is_told():
    """Whatever it was, with the place in the code."""
    found = run(
        """
        import logging
        from contextlib import redirect_stderr

        logging.basicConfig(stream=sys.stdout, format="%(message)s")
        failing = Nursery(lambda *_: [][1], [listener])
        print(failing.bear(0).receive())
        failing.close()
        """
    )

    assert found.startswith("An HTTP worker failed\nTraceback")
    assert found.endswith("IndexError: list index out of range\nNone\n")


def test_workers_end_with_the_nursery():
    """When the main process closes it, or is killed, none is left."""
    found = run(
        """
        one = nursery.bear(0)
        pid = pid_of(one)[1]
        nursery.close()
        print(one.receive())
        """
    )

    assert found == "None\n"


def test_workers_keep_no_listener():
    """An address is free when the main process has closed its socket."""
    found = run(
        """
        one = nursery.bear(0)
        pid_of(one)
        address = listener.getsockname()
        listener.close()
        with socket.socket() as probe:
            print(probe.connect_ex(address) != 0)
        nursery.close()
        """
    )

    assert found == "True\n"
