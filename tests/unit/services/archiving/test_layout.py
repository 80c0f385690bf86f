import io
import random
import zipfile
import zlib

import pytest

from obelisk.services.archiving.layout import Layout
from obelisk.services.archiving.zip_format import Member, dos_time

_HUGE = 5 * 2**30


def _lay_out(contents, names=None):
    opened = []

    def read(number, start, stop):
        opened.append(number)
        yield contents[number][start:stop]

    layout = Layout(read)
    for number, content in enumerate(contents):
        name = names[number] if names else f"folder/{number}.dcm"
        time = dos_time("20240506T070810")
        layout.add(Member(name, time, zlib.crc32(content), len(content)), str(number))
    layout.finish()
    return layout, opened


def _bytes(layout, start=0, stop=None):
    return b"".join(layout.read(start, layout.size if stop is None else stop))


def test_an_archive_has_its_members():
    """Names, contents, sums and times are those that were given."""
    contents = [b"", b"x", bytes(100_000), random.Random(1).randbytes(300_000)]
    names = ["empty", "a/b.dcm", "ü/日本", "rest"]
    layout, _ = _lay_out(contents, names)
    content = _bytes(layout)

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == names
        assert [archive.read(name) for name in names] == contents
        assert archive.infolist()[0].date_time == (2024, 5, 6, 7, 8, 10)
    assert len(content) == layout.size


def test_an_archive_of_nothing_is_an_archive():
    """Without members there is only the end."""
    layout, _ = _lay_out([])

    with zipfile.ZipFile(io.BytesIO(_bytes(layout))) as archive:
        assert archive.namelist() == []


def test_any_range_is_that_part_of_the_whole():
    """What is read from any place on equals what follows there in the whole."""
    chance = random.Random(2)
    contents = [chance.randbytes(chance.randrange(3000)) for _ in range(40)]
    layout, opened = _lay_out(contents)
    whole = _bytes(layout)
    for _ in range(300):
        start = chance.randrange(layout.size)
        stop = chance.randrange(start, layout.size) + 1
        assert _bytes(layout, start, stop) == whole[start:stop]
    opened.clear()
    _bytes(layout, layout.size - 100, layout.size)

    assert not opened


def test_the_size_is_known_before_anything_is_opened():
    """Making a layout reads no content."""
    layout, opened = _lay_out([bytes(1000)] * 3)

    assert layout.size > 3000
    assert not opened


def test_the_tag_changes_with_content_and_name():
    """The same members have the same tag, others have another one."""
    tags = {
        _lay_out([b"a", b"b"])[0].etag,
        _lay_out([b"a", b"b"])[0].etag,
        _lay_out([b"a", b"c"])[0].etag,
        _lay_out([b"a", b"b"], ["x", "y"])[0].etag,
        _lay_out([b"a"])[0].etag,
    }

    assert len(tags) == 4


class _Virtual(io.RawIOBase):
    """An archive as a file, of which only what is asked for is made."""

    def __init__(self, layout):
        self._layout = layout
        self._position = 0

    def seekable(self):
        return True

    def readable(self):
        return True

    def seek(self, offset, whence=0):
        base = (0, self._position, self._layout.size)[whence]
        self._position = base + offset
        return self._position

    def tell(self):
        return self._position

    def read(self, size=-1):
        stop = self._layout.size if size < 0 else self._position + size
        content = _bytes(self._layout, self._position, min(stop, self._layout.size))
        self._position += len(content)
        return content


def test_sizes_and_offsets_beyond_4_gb_are_in_zip64():
    """A member of 5 GB and one behind it are found (.ZIP specification, 4.5.3)."""
    layout = Layout(lambda _number, start, stop: iter((b"x" * (stop - start),)))
    layout.add(Member("large", (0, 33), 0, _HUGE), "1")
    layout.add(Member("small", (0, 33), zlib.crc32(b"xxx"), 3), "2")
    layout.finish()

    with zipfile.ZipFile(_Virtual(layout)) as archive:
        large, small = archive.infolist()
        assert (large.file_size, large.compress_size) == (_HUGE, _HUGE)
        assert small.header_offset > _HUGE
        assert archive.read("small") == b"xxx"
        with archive.open("large") as file:
            assert file.read(10) == b"x" * 10


@pytest.mark.parametrize("count", [65_534, 65_535, 70_000])
def test_many_members_are_counted_in_zip64(count):
    """An archive may have more members than 16 bits count."""
    layout = Layout(lambda _number, _start, _stop: iter(()))
    for number in range(count):
        layout.add(Member(f"{number}", (0, 33), 0, 0), "")
    layout.finish()

    with zipfile.ZipFile(_Virtual(layout)) as archive:
        assert len(archive.infolist()) == count


@pytest.mark.parametrize("text", [None, "", "nonsense", "19700101T000000"])
def test_a_time_that_a_member_cannot_have_is_the_first_one(text):
    """Members start in 1980."""
    assert dos_time(text) == (0, 33)
