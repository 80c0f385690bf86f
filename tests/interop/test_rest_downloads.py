"""Archives that are fetched in parts: broken off, resumed, several at a time."""

import hashlib
import random
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from factories import make_sized_instance
from launching import OBELISK, RunningServer, start_server

_SECONDS = 30
_FILE_COUNT = 20
_CUT_COUNT = 20
_CLIENT_COUNT = 8

_ARCHIVE, _MEDIA = "/studies/{study}/archive", "/studies/{study}/media"
_DEFLATED = f"{_MEDIA}?compression=deflate"

#: What is fetched, whether by a job, and whether the files are stored compressed.
_KINDS = [
    (_ARCHIVE, False, False),
    (_ARCHIVE, True, False),
    (_ARCHIVE, True, True),
    (_MEDIA, False, False),
    (_MEDIA, False, True),
    (_MEDIA, True, False),
    (_DEFLATED, True, False),
]


class Place:
    """A server that can be killed, with a study whose archive is fetched."""

    def __init__(self, folder: Path, path: str, *, is_of_job: bool, **options: Any):
        self._folder, self._options = folder, options
        self.server = start_server(OBELISK, folder, **options)
        for number in range(1, _FILE_COUNT + 1):
            content = make_sized_instance(506, 100_000, number=number)
            url = f"{self.server.url}/instances"
            answer = requests.post(url, data=content, timeout=_SECONDS)
        self.path = path.format(study=answer.json()["ParentStudy"])
        if is_of_job:
            self.path = _made(self.server, self.path)

    def fetch(self, **headers: str) -> requests.Response:
        """Get the archive, or a part of it."""
        url = self.server.url + self.path
        return requests.get(url, headers=headers, timeout=_SECONDS)

    def part(self, start: int, stop: int, tag: str) -> bytes:
        """Get a part of the archive that has a tag."""
        asked = {"Range": f"bytes={start}-{stop - 1}", "If-Range": tag}
        answer = self.fetch(**asked)
        assert (answer.status_code, answer.headers["ETag"]) == (206, tag)
        return answer.content

    def crash(self) -> None:
        """Kill the server, and start it again."""
        self.server.kill()
        self.server = start_server(OBELISK, self._folder, **self._options)


def _made(server: RunningServer, path: str) -> str:
    """Let a job make an archive; return the path of that."""
    url = server.url + path
    job = requests.post(url, json={"Asynchronous": True}, timeout=_SECONDS).json()
    pause = threading.Event()
    for _ in range(600):
        url = server.url + job["Path"]
        if requests.get(url, timeout=_SECONDS).json()["State"] == "Success":
            break
        pause.wait(0.05)
    return f"{job['Path']}/archive"


@pytest.fixture(
    params=_KINDS,
    ids=lambda one: f"{one[0].rpartition('/')[2]}{'-job' * one[1]}{'-zlib' * one[2]}",
)
def place(request: Any, tmp_path: Path) -> Iterator[Place]:
    """Return a place for each kind of archive, of files compressed or not."""
    path, is_of_job, is_compressed = request.param
    options = {"StorageCompression": is_compressed}
    place = Place(tmp_path, path, is_of_job=is_of_job, **options)
    yield place
    place.server.kill()


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_download_goes_on_after_a_crash(place: Place) -> None:
    """Broken off at 20 random offsets, and 8 parts at a time: the same bytes."""
    whole = place.fetch()
    size, tag = len(whole.content), whole.headers["ETag"]
    with zipfile.ZipFile(BytesIO(whole.content)) as archive:
        assert archive.testzip() is None
    cuts = sorted(random.Random(3).sample(range(1, size), _CUT_COUNT))
    resumed = b""
    for number, (start, stop) in enumerate(pairwise([0, *cuts, size])):
        if number == _CUT_COUNT // 2:
            place.crash()
        resumed += place.part(start, stop, tag)
    assert _sum(resumed) == _sum(whole.content)

    place.crash()
    step = size // _CLIENT_COUNT + 1
    with ThreadPoolExecutor(_CLIENT_COUNT) as pool:
        parts = pool.map(
            lambda start: place.part(start, min(start + step, size), tag),
            range(0, size, step),
        )
        assert _sum(b"".join(parts)) == _sum(whole.content)


def test_a_download_that_is_cut_by_a_crash_is_resumed(tmp_path: Path) -> None:
    """From where the client has it: the server died while it was sending."""
    place = Place(tmp_path, _ARCHIVE, is_of_job=False)
    for number in range(_FILE_COUNT + 1, _FILE_COUNT + 9):
        content = make_sized_instance(506, 5_000_000, number=number)
        url = f"{place.server.url}/instances"
        requests.post(url, data=content, timeout=_SECONDS)
    try:
        whole = place.fetch()
        tag, size = whole.headers["ETag"], len(whole.content)
        url = place.server.url + place.path
        with requests.get(url, stream=True, timeout=_SECONDS) as answer:
            parts = [answer.raw.read(1_234_567)]
            place.crash()
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                parts.extend(answer.iter_content(65_536))
        received = b"".join(parts)
        received += place.part(len(received), size, tag)
    finally:
        place.server.kill()

    assert _sum(received) == _sum(whole.content)
