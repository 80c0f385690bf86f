import os

from obelisk.storage.writeback import begin_writing


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
