import ctypes
import errno
import multiprocessing
import os
import struct

import pytest

from obelisk.storage import writeback
from obelisk.storage.writeback import Sync, begin_sync, begin_writing

NUMBERS = (1, 2, 3)


@pytest.fixture
def file(tmp_path):
    """A file with something in it."""
    with (tmp_path / "file").open("wb", buffering=0) as file:
        file.write(b"abc")
        yield file


def system(result=0, failing=(), interrupted=()):
    """Stand in for the system: syncs have a result, some calls fail."""
    interruptions = list(interrupted)

    def call(number, *arguments):
        if number in interruptions:
            interruptions.remove(number)
            ctypes.set_errno(errno.EINTR)
            return -1
        if number in failing:
            ctypes.set_errno(errno.ENOSYS)
            return -1
        if number == NUMBERS[1]:
            arguments[3].raw = struct.pack("=QQqq", 0, 0, result, 0)
        return 0 if number == NUMBERS[0] else 1

    return call


def test_a_file_stays_as_it_is(tmp_path):
    """What is on its way to the disk can be read, and added to."""
    path = tmp_path / "file"
    with path.open("wb", buffering=0) as file:
        file.write(b"a" * 1_000_000)
        begin_writing(file.fileno())
        file.write(b"b" * 10)
        os.fsync(file.fileno())

    assert path.read_bytes() == b"a" * 1_000_000 + b"b" * 10


def test_what_cannot_be_written_early_is_no_error():
    """A pipe has no place on a disk."""
    reader, writer = os.pipe()
    try:
        begin_writing(writer)
        os.write(writer, b"x")

        assert os.read(reader, 1) == b"x"
    finally:
        os.close(reader)
        os.close(writer)


def test_syncs_that_nobody_waits_for_any_more_are_used_again(file, monkeypatch):
    """One is made for each file at a time, and no more."""
    monkeypatch.setattr(writeback, "_idle", [])
    made = []

    def make(*arguments):
        made.append(Sync(*arguments))
        return made[-1]

    monkeypatch.setattr(writeback, "Sync", make)
    for _ in range(3):
        syncs = [begin_sync(file.fileno()), begin_sync(file.fileno())]
        for sync in filter(None, syncs):
            sync.wait()

    assert len(made) in {0, 2}  # none where the system does not do that


def test_a_sync_outlives_the_descriptor(tmp_path):
    """A file that is closed meanwhile reaches the disk all the same."""
    with (tmp_path / "file").open("wb", buffering=0) as file:
        file.write(b"abc")
        sync = begin_sync(file.fileno())
    if sync is not None:
        sync.wait()

    assert (tmp_path / "file").read_bytes() == b"abc"


def test_what_cannot_be_synced_is_left_to_others(monkeypatch):
    """A pipe has no `fsync`; that does no harm to the next file."""
    monkeypatch.setattr(writeback, "_idle", [])
    reader, writer = os.pipe()
    try:
        assert begin_sync(writer) is None
        assert len(writeback._idle) <= 1
    finally:
        os.close(reader)
        os.close(writer)


def sync_in_child(descriptor, pipe):
    """Sync a file in a process that inherited what was idle."""
    inherited = len(writeback._idle)
    sync = begin_sync(descriptor)
    if sync is not None:
        sync.wait()
    pipe.send(inherited)


def test_a_child_has_syncs_of_its_own(file):
    """What the parent made does not work in another process."""
    sync = begin_sync(file.fileno())
    if sync is not None:
        sync.wait()
    receiver, sender = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=sync_in_child, args=(file.fileno(), sender)
    )
    process.start()
    process.join()

    assert process.exitcode == 0
    assert receiver.recv() == 0


@pytest.mark.parametrize("failing", [NUMBERS[0], NUMBERS[2]])
def test_a_system_that_does_not_do_it_leaves_it_to_others(monkeypatch, file, failing):
    """In some containers these calls are not there."""
    monkeypatch.setattr(writeback, "_idle", [])
    monkeypatch.setattr(writeback, "_numbers", NUMBERS)
    monkeypatch.setattr(writeback, "_syscall", system(failing=[failing]))

    assert begin_sync(file.fileno()) is None


def test_an_unknown_machine_leaves_it_to_others(monkeypatch, file):
    """The numbers of system calls differ from machine to machine."""
    monkeypatch.setattr(writeback, "_numbers", None)

    assert begin_sync(file.fileno()) is None


def test_a_failure_is_told_by_waiting(monkeypatch, file):
    """A sync that fails later than it begins is an error like that of `fsync`."""
    monkeypatch.setattr(writeback, "_idle", [])
    sync = Sync(system(result=-errno.EIO), NUMBERS)
    sync.begin(file.fileno())

    with pytest.raises(OSError, match="Input/output") as caught:
        sync.wait()

    assert caught.value.errno == errno.EIO


def test_signals_do_not_end_the_wait(monkeypatch, file):
    """A call that a signal interrupts is made again; another failure is told."""
    monkeypatch.setattr(writeback, "_idle", [])
    patient = Sync(system(interrupted=[NUMBERS[1]] * 2), NUMBERS)
    broken = Sync(system(failing=[NUMBERS[1]]), NUMBERS)
    for sync in (patient, broken):
        sync.begin(file.fileno())

    patient.wait()

    assert writeback._idle == [patient]
    with pytest.raises(OSError, match="not implemented"):
        broken.wait()
