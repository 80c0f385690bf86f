"""Image files of every kind, made without decoders of the server."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

_PASSES = (
    (0, 8, 0, 8),
    (4, 8, 0, 8),
    (0, 4, 4, 8),
    (2, 4, 0, 4),
    (0, 2, 2, 4),
    (1, 2, 0, 2),
    (0, 1, 1, 2),
)
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def _chunk(kind, content):
    crc = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)


def _filtered(line, previous, size, kind):
    """Apply one of the filters of PNG to a line."""
    left = bytes(size) + line[:-size]
    corner = bytes(size) + previous[:-size]
    if kind == 1:
        predicted = left
    elif kind == 2:
        predicted = previous
    elif kind == 3:
        predicted = [(a + b) // 2 for a, b in zip(left, previous, strict=True)]
    elif kind == 4:
        predicted = [
            min((a, b, c), key=lambda x, p=a + b - c: abs(p - x))
            for a, b, c in zip(left, previous, corner, strict=True)
        ]
    else:
        predicted = bytes(len(line))
    values = zip(line, predicted, strict=True)
    return bytes([kind]) + bytes((a - b) % 256 for a, b in values)


def _lines(pixels, bits):
    """Pack rows of samples, and filter each in another way."""
    if not pixels.size:
        return b""
    rows, result, previous = len(pixels), [], None
    flat = pixels.reshape(rows, -1)
    for index, row in enumerate(flat):
        if bits == 16:
            line = row.astype(">u2").tobytes()
        elif bits == 8:
            line = row.astype(np.uint8).tobytes()
        else:
            digits = "".join(f"{value:0{bits}b}" for value in row)
            digits += "0" * (-len(digits) % 8)
            line = int(digits, 2).to_bytes(len(digits) // 8, "big")
        size = max(1, bits // 8 * (flat.shape[1] // pixels.shape[1]))
        before = bytes(len(line)) if previous is None else previous
        result.append(_filtered(line, before, size, index % 5))
        previous = line
    return b"".join(result)


def make_png(pixels, colour_type, bits, *, is_interlaced=False, palette=b""):
    """Make a PNG of an array of rows, columns and samples."""
    rows, columns = pixels.shape[:2]
    fields = (columns, rows, bits, colour_type, 0, 0, int(is_interlaced))
    if is_interlaced:
        content = b"".join(
            _lines(pixels[top::step_y, left::step_x], bits)
            for left, step_x, top, step_y in _PASSES
        )
    else:
        content = _lines(pixels, bits)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", *fields))
        + (_chunk(b"PLTE", palette) if palette else b"")
        + _chunk(b"IDAT", zlib.compress(content))
        + _chunk(b"IEND", b"")
    )


def make_pixels(colour_type, bits, rows=11, columns=9):
    """Make samples that differ from each other."""
    count = rows * columns * _SAMPLES[colour_type]
    values = np.random.default_rng(5).integers(0, 1 << bits, count, np.uint16)
    return values.reshape(rows, columns, _SAMPLES[colour_type])


def make_bomb(columns=60_000, rows=60_000):
    """Make a PNG whose header announces more than any machine wants to hold."""
    fields = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    content = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", fields) + _chunk(b"IDAT", content)


def make_pam(pixels, tuple_type, maximum=255):
    """Make a PAM of an array of rows, columns and samples."""
    rows, columns, depth = pixels.shape
    header = (
        f"P7\nWIDTH {columns}\nHEIGHT {rows}\nDEPTH {depth}\nMAXVAL {maximum}\n"
        f"TUPLTYPE {tuple_type}\nENDHDR\n"
    )
    dtype = ">u2" if maximum > 255 else np.uint8
    return header.encode() + pixels.astype(dtype).tobytes()


def make_tiff(*frames, order="<", planes=1, tags=()):
    """Make a TIFF of arrays of rows, columns and samples of 16 bits, not compressed.

    `planes` is its planar configuration; `tags` are pairs that replace others.
    """
    content = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    for index, frame in enumerate(frames):
        placed = np.moveaxis(frame, -1, 0) if planes == 2 else frame
        pixels = placed.astype(f"{order}u2").tobytes()
        entries = _tiff_entries(frame.shape, planes) | dict(tags)
        is_last = index == len(frames) - 1
        content += _tiff_frame(entries, pixels, len(content), order, is_last=is_last)
    return content


def _tiff_entries(shape, planes):
    rows, columns, samples = shape
    strips = samples if planes == 2 else 1
    return {
        256: [columns],
        257: [rows],
        258: [16] * samples,
        259: [1],
        262: [2 if samples > 2 else 1],
        273: [0] * strips,
        277: [samples],
        278: [rows],
        279: [rows * columns * samples * 2 // strips] * strips,
        284: [planes],
        338: [2] * (1 - samples % 2),
    }


def _tiff_frame(entries, pixels, position, order, *, is_last):
    """Make a directory, its long values and its pixels, to be put at a position."""
    entries = {tag: values for tag, values in sorted(entries.items()) if values}
    after = position + 2 + 12 * len(entries) + 4
    data = after + sum(4 * len(values) for values in entries.values())
    size = entries[279][0]
    entries[273] = [data + size * strip for strip in range(len(entries[273]))]
    directory, longer = struct.pack(f"{order}H", len(entries)), b""
    for tag, values in entries.items():
        packed = struct.pack(f"{order}{len(values)}I", *values)
        directory += struct.pack(f"{order}HHI", tag, 4, len(values))
        if len(values) > 1:
            directory += struct.pack(f"{order}I", after + len(longer))
            longer += packed
        else:
            directory += packed
    following = struct.pack(f"{order}I", 0 if is_last else data + len(pixels))
    return directory + following + longer.ljust(data - after, b"\0") + pixels


def save(image, file_format, **options):
    """Write an image of Pillow."""
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def rgb_image(rows=11, columns=9):
    """Make an image of Pillow with three colours."""
    return Image.fromarray(make_pixels(2, 8, rows, columns).astype(np.uint8))
