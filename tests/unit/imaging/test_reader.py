"""Tests of the processes that decode images."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from images import make_bomb, make_pixels, make_tiff, rgb_image, save
from obelisk.imaging.pictures import LOSSLESS, PixelEncoding, UnreadableImageError
from obelisk.imaging.reader import _CODECS, _PLAIN, ImageReader
from obelisk.metrics.registry import Metrics

_PNG = save(rgb_image(), "PNG")


@pytest.fixture
def reader():
    """Return a reader whose processes end with the test."""
    made = ImageReader()
    yield made
    made.close()


def test_an_image(reader):
    """The pixels come back."""
    picture = reader.read(_PNG, "image/png")

    assert picture.pixels == rgb_image().tobytes()
    assert (picture.columns, picture.rows, picture.samples) == (9, 11, 3)


def test_images_are_noted():
    """By format, encoding and outcome."""
    metrics = Metrics()
    reader = ImageReader(metrics=metrics)
    reader.read(_PNG, "image/png", PixelEncoding.JPEG)
    with pytest.raises(UnreadableImageError):
        reader.read(b"nonsense", "image/jpeg")
    reader.close()

    noted = {labels: sum(times.dump()[0]) for labels, times in metrics.codecs.items()}
    assert noted == {
        ("PNG", "JPEG", "done"): 1,
        ("JPEG", "native", "refused"): 1,
    }


def test_an_encoded_image(reader):
    """So do frames in another encoding."""
    picture = reader.read(_PNG, "image/png", PixelEncoding.JPEG)

    assert picture.frame_sizes == [len(picture.pixels)]
    assert picture.pixels.startswith(b"\xff\xd8")


@pytest.mark.parametrize("encoding", LOSSLESS)
def test_an_image_encoded_without_loss(reader, encoding):
    """Another program does it, which takes longer to start."""
    picture = reader.read(_PNG, "image/png", encoding)

    assert picture.frame_sizes == [len(picture.pixels)]
    assert not picture.is_lossy
    assert (len(reader._idle[_PLAIN]), len(reader._idle[_CODECS])) == (0, 1)


@pytest.mark.parametrize("encoding", [PixelEncoding.NATIVE, PixelEncoding.JPEG])
def test_tiff(reader, encoding):
    """The other program also decodes what it need not encode."""
    picture = reader.read(save(rgb_image(), "TIFF"), "image/tiff", encoding)
    deep = reader.read(make_tiff(make_pixels(2, 16)), "image/tiff")

    assert (picture.columns, picture.rows, picture.bits) == (9, 11, 8)
    assert deep.pixels == make_pixels(2, 16).astype("<u2").tobytes()
    assert (len(reader._idle[_PLAIN]), len(reader._idle[_CODECS])) == (0, 1)


def test_processes_are_used_again(reader):
    """Threads share the processes, of which there are two at most."""
    with ThreadPoolExecutor(6) as pool:
        pictures = list(pool.map(lambda _: reader.read(_PNG, "image/png"), range(12)))

    assert len({picture.pixels for picture in pictures}) == 1
    assert 1 <= len(reader._idle[_PLAIN]) <= 2


@pytest.mark.parametrize("content", [b"", b"x" * 100, make_bomb()])
def test_a_bad_image(reader, content):
    """It is refused, and the process goes on."""
    reader.read(_PNG, "image/png")
    (process,) = reader._idle[_PLAIN]
    with pytest.raises(UnreadableImageError):
        reader.read(content, "image/png")

    assert reader._idle[_PLAIN] == [process]
    assert reader.read(_PNG, "image/png").pixels


def test_a_process_that_died(reader):
    """Another one takes its place."""
    reader.read(_PNG, "image/png")
    (process,) = reader._idle[_PLAIN]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    assert reader.read(_PNG, "image/png").pixels


def test_a_process_that_takes_too_long():
    """It is killed, and the image is refused."""
    reader = ImageReader(seconds_max=0.0)

    with pytest.raises(UnreadableImageError):
        reader.read(_PNG, "image/png")
    assert reader._idle == {_PLAIN: [], _CODECS: []}
    reader.close()


def test_the_server_imports_no_decoder():
    """They would cost every start half a second, and see the bytes of strangers."""
    program = (
        "import sys, obelisk.app.node; "
        "print([one for one in ('PIL', 'numpy', 'imagecodecs') if one in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"
