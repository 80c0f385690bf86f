"""The process for what Pillow cannot do: `python -m obelisk.imaging.codec_process`.

NumPy and imagecodecs take half a second to import, so that it is a process of its own.
"""

from typing import Any

from obelisk.imaging.decoding import check_size, decode
from obelisk.imaging.encoding import encode
from obelisk.imaging.frame_encoding import transcode_frame
from obelisk.imaging.frames import FrameTask
from obelisk.imaging.lossless import encode_lossless
from obelisk.imaging.pictures import LOSSLESS, Picture, PixelEncoding
from obelisk.imaging.serving import serve
from obelisk.imaging.tiff import read_deep_tiff


def _work(content: bytes, fields: dict[str, Any]) -> Picture:
    if "target" in fields:
        return transcode_frame(content, FrameTask.of(fields))
    is_tiff = fields["format"] == "TIFF"
    deep = read_deep_tiff(content, check_size) if is_tiff else None
    picture = deep or decode(content, fields["format"])
    encoding = PixelEncoding(fields["encoding"])
    if encoding in LOSSLESS:
        return encode_lossless(picture, encoding)
    return encode(picture, encoding)


if __name__ == "__main__":
    serve(_work)
