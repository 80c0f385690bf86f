import socket
import threading

import pytest

from obelisk.app.notifying import Notifier


@pytest.fixture
def systemd(tmp_path):
    """The socket that systemd reads."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.settimeout(30)
        yield receiver


def test_states_are_sent(systemd):
    """When the server serves, and when it stops."""
    notifier = Notifier({"NOTIFY_SOCKET": systemd.getsockname()})
    notifier.start(lambda: False)
    notifier.stop()

    assert [systemd.recv(100) for _ in range(2)] == [b"READY=1", b"STOPPING=1"]


def test_a_sign_of_life_is_sent_while_nothing_hangs(systemd):
    """Often enough for systemd."""
    environ = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "20000"}
    answers = iter([False, True, True])
    has_hung = threading.Event()

    def is_hanging():
        found = next(answers, None)
        if found is None:
            has_hung.set()
        return found is not False

    notifier = Notifier(environ)
    notifier.start(is_hanging)
    assert has_hung.wait(30)
    notifier.stop()
    received = [systemd.recv(100) for _ in range(3)]

    assert received == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_a_reset_is_no_stop(systemd):
    """For systemd, the server serves on; it lives while it ends what is in progress."""
    environ = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "20000"}
    notifier = Notifier(environ)
    notifier.start(lambda: True)
    notifier.restart()
    received = [systemd.recv(100) for _ in range(3)]
    notifier.stop()

    assert received[0] == b"READY=1"
    assert received[1].startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    assert received[2] == b"WATCHDOG=1"


def test_nothing_is_sent_without_systemd():
    """There is no socket in the environment."""
    notifier = Notifier({})
    notifier.start(lambda: False)
    notifier.stop()
