"""Real processes: the code runs in an interpreter of its own, which has no threads."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

from launching import wait_until

_HEAD = """
    import os, signal, socket, sys, threading
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

    def wait_until(condition):
        pause = threading.Event()
        while not condition():
            pause.wait(0.01)

    def stat(pid):
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ["Z", "0"]  # others come and go while this is read

    def parent_of(pid):
        return int(stat(pid)[1])

    def is_running(pid):
        return stat(pid)[0] != "Z"
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


def test_another_process_forks_when_one_is_killed():
    """However often; its workers end with it, and new ones come from the other."""
    found = run(
        """
        for place in range(4):
            channel = nursery.bear(place)
            worker = pid_of(channel)[1]
            nurse = parent_of(worker)
            os.kill(nurse, signal.SIGKILL)
            wait_until(lambda: not is_running(worker))
            print(place, channel.receive(), nurse == os.getpid())
            nursery.heal()
        print(pid_of(nursery.bear(4))[0])
        nursery.close()
        """
    )

    assert found == "0 None False\n1 None False\n2 None False\n3 None False\n4\n"


def test_the_process_that_waits_is_replaced_too():
    """It is seen as soon as somebody looks, not only when it is needed."""
    found = run(
        """
        worker = nursery.bear(0)
        pid = pid_of(worker)[1]
        nurse = parent_of(pid)

        def others():
            pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
            return [one for one in pids if one != pid and parent_of(one) == nurse]

        for _ in range(3):
            wait_until(lambda: len(others()) == 1)
            spare = others()[0]
            os.kill(spare, signal.SIGKILL)
            wait_until(lambda: not is_running(spare))
            nursery.heal()
        wait_until(lambda: len(others()) == 1)
        os.kill(nurse, signal.SIGKILL)
        wait_until(lambda: not is_running(pid))
        print(pid_of(nursery.bear(1))[0])
        nursery.close()
        """
    )

    assert found == "1\n"


def test_no_process_is_left_that_forks():
    """Whoever wants a worker is told."""
    found = run(
        """
        for _ in range(2):
            worker = nursery.bear(0)
            os.kill(parent_of(pid_of(worker)[1]), signal.SIGKILL)
            channel = nursery._channels.pop(0)
            wait_until(lambda: channel.is_severed)
            channel.close()
            nursery.heal = lambda: None  # too late
        try:
            nursery.bear(0)
        except ConnectionError:
            print("none")
        nursery.close()
        """
    )

    assert found == "none\n"


def test_all_end_with_the_main_process():
    """Also those that were forked in place of others."""
    found = run(
        """
        main = os.fork()
        if not main:
            nursery = Nursery(work, [listener])
            for place in range(2):
                channel = nursery.bear(place)
                worker = pid_of(channel)[1]
                nurse = parent_of(worker)
                if not place:
                    os.kill(nurse, signal.SIGKILL)
                    wait_until(lambda: not is_running(worker))
            print(nurse, worker, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(main, 0)
        nursery.close()
        """
    )

    def state(pid: str) -> str:
        with suppress(FileNotFoundError, ProcessLookupError):
            return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
        return "Z"

    wait_until(lambda: {state(pid) for pid in found.split()} == {"Z"})
