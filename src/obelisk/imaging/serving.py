"""What a process does that works on images: it answers until nobody asks."""

import resource
import sys
from collections.abc import Callable
from typing import Any

import orjson

from obelisk.imaging.pictures import Picture, UnreadableImageError
from obelisk.imaging.protocol import receive, send

#: How much memory the process may take.
_MEMORY_MAX = 3 << 30


def serve(work: Callable[[bytes, dict[str, Any]], Picture]) -> None:
    """Answer requests on standard input until it ends.

    Parameters
    ----------
    work
        Makes a picture of an image file and the fields of its request.
    """
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_MAX, _MEMORY_MAX))
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while (message := receive(requests)) is not None:
        fields, content = message
        try:
            picture = work(content, fields)
        except UnreadableImageError as error:
            send(answers, orjson.dumps({"error": error.message}), b"")
        except MemoryError:
            send(answers, orjson.dumps({"error": "The image is too large"}), b"")
        else:
            send(answers, picture.header(), picture.pixels)
