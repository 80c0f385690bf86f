"""The process that decodes images: `python -m obelisk.imaging`."""

import resource
import sys

import orjson

from obelisk.imaging.decoding import decode
from obelisk.imaging.encoding import encode
from obelisk.imaging.pictures import PixelEncoding, UnreadableImageError
from obelisk.imaging.protocol import receive, send

#: How much memory the process may take.
_MEMORY_MAX = 3 << 30


def main() -> None:
    """Answer requests on standard input until it ends."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_MAX, _MEMORY_MAX))
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while (message := receive(requests)) is not None:
        header, content = message
        try:
            picture = decode(content, header["format"])
            picture = encode(picture, PixelEncoding(header["encoding"]))
        except UnreadableImageError as error:
            send(answers, orjson.dumps({"error": error.message}), b"")
        except MemoryError:
            send(answers, orjson.dumps({"error": "The image is too large"}), b"")
        else:
            send(answers, picture.header(), picture.pixels)


if __name__ == "__main__":
    main()
