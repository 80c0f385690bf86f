"""Has images decoded by processes that are started when they are needed."""

import subprocess
import sys
import threading
from contextlib import suppress

import orjson

from obelisk.errors import UnavailableError
from obelisk.imaging.frames import FrameTask
from obelisk.imaging.pictures import (
    FORMATS,
    LOSSLESS,
    Picture,
    PixelEncoding,
    UnreadableImageError,
)
from obelisk.imaging.protocol import receive, send
from obelisk.metrics.registry import OFF, Metrics

#: How many images are decoded at the same time, and how many processes of a program.
_PROCESSES_MAX = 2

#: How long an image may take.
_SECONDS_MAX = 60.0

#: The programs that decode; the second one can do more, but takes longer to start.
_PLAIN, _CODECS = "obelisk.imaging", "obelisk.imaging.codec_process"

_Process = subprocess.Popen[bytes]


class ImageReader:
    """Decodes images; safe to use from several threads.

    The processes stay for the next images. One that dies, or that an image keeps busy
    for too long, takes only that image with it.

    Parameters
    ----------
    seconds_max
        How long an image may take.
    metrics
        Where images are noted.
    """

    def __init__(
        self, seconds_max: float = _SECONDS_MAX, metrics: Metrics = OFF
    ) -> None:
        self._metrics = metrics
        self._turns = threading.BoundedSemaphore(_PROCESSES_MAX)
        self._lock = threading.Lock()
        self._idle: dict[str, list[_Process]] = {_PLAIN: [], _CODECS: []}
        self._seconds_max = seconds_max

    def read(
        self,
        content: bytes,
        media_type: str,
        encoding: PixelEncoding = PixelEncoding.NATIVE,
    ) -> Picture:
        """Decode an image file of one of the media types of `FORMATS`.

        Raises
        ------
        UnreadableImageError
            If it is damaged, of another format, too large, or takes too long.
        UnavailableError
            If no process can be started.
        """
        file_format = FORMATS[media_type]
        header = orjson.dumps({"format": file_format, "encoding": encoding.value})
        is_plain = encoding not in LOSSLESS and file_format != "TIFF"
        program = _PLAIN if is_plain else _CODECS
        return self._work(program, (header, content), (file_format, encoding.value))

    def transcode(self, content: bytes, task: FrameTask) -> bytes:
        """Encode a frame of Pixel Data in another way.

        Raises
        ------
        UnreadableImageError
            If it is damaged, cannot be encoded so, or takes too long.
        UnavailableError
            If no process can be started.
        """
        request = orjson.dumps(task.fields()), content
        names = task.source.value, task.target.value
        return self._work(_CODECS, request, names).pixels

    def _work(
        self, program: str, request: tuple[bytes, bytes], names: tuple[str, str]
    ) -> Picture:
        """Have a process work on a request; `names` say on what, for the metrics."""
        laps = self._metrics.laps()
        with self._turns:
            process = self._take(program)
            answer = self._ask(process, *request)
            outcome = _outcome(answer)
            noted = self._metrics.codecs.of(*names, outcome)
            laps.total(noted)
            if answer is None:
                _end(process)
                raise UnreadableImageError("The image cannot be decoded")
            with self._lock:
                self._idle[program].append(process)
        fields, pixels = answer
        if "error" in fields:
            raise UnreadableImageError(str(fields["error"]))
        return Picture.of(fields, pixels)

    def close(self) -> None:
        """End the processes; what is being decoded goes on."""
        with self._lock:
            idle = [one for waiting in self._idle.values() for one in waiting]
            self._idle = {_PLAIN: [], _CODECS: []}
        for process in idle:
            _end(process)

    def _take(self, program: str) -> _Process:
        with self._lock:
            while self._idle[program]:
                process = self._idle[program].pop()
                if process.poll() is None:
                    return process
                _end(process)
        try:
            return subprocess.Popen(  # noqa: S603 -- one of our own programs
                [sys.executable, "-m", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise UnavailableError("No process can be started for images") from error

    def _ask(
        self, process: _Process, header: bytes, content: bytes
    ) -> tuple[dict[str, object], bytes] | None:
        """Send an image to a process; `None` if it dies, or is killed for its time."""
        assert process.stdin is not None
        assert process.stdout is not None
        timer = threading.Timer(self._seconds_max, process.kill)
        timer.start()
        try:
            send(process.stdin, header, content)
            return receive(process.stdout)
        except OSError:
            return None
        finally:
            timer.cancel()


def _outcome(answer: tuple[dict[str, object], bytes] | None) -> str:
    """Return what became of an image, for the metrics."""
    if answer is None:
        return "died"
    return "refused" if "error" in answer[0] else "done"


def _end(process: _Process) -> None:
    process.kill()
    for stream in (process.stdin, process.stdout):
        with suppress(OSError):
            assert stream is not None
            stream.close()
    process.wait()
