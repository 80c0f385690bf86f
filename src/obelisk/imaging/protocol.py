"""How the server and a process that decodes images talk: a header, then bytes."""

import struct
from typing import IO, Any

import orjson

_LENGTHS = struct.Struct("<IQ")


def send(stream: IO[bytes], header: bytes, content: bytes) -> None:
    """Send a message: a JSON object, already encoded, and bytes."""
    stream.write(_LENGTHS.pack(len(header), len(content)) + header)
    stream.write(content)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """Receive a message, `None` if the other side is gone."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    header_size, size = _LENGTHS.unpack(lengths)
    header, content = stream.read(header_size), stream.read(size)
    if len(content) < size:
        return None
    return orjson.loads(header), content
