"""The process that decodes images with Pillow: `python -m obelisk.imaging`."""

from typing import Any

from obelisk.imaging.decoding import decode
from obelisk.imaging.encoding import encode
from obelisk.imaging.pictures import Picture, PixelEncoding
from obelisk.imaging.serving import serve


def _work(content: bytes, fields: dict[str, Any]) -> Picture:
    picture = decode(content, fields["format"])
    return encode(picture, PixelEncoding(fields["encoding"]))


if __name__ == "__main__":
    serve(_work)
