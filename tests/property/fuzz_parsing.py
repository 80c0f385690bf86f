"""Mutate DICOM files at random, and look for what the reader must never do.

Usage: ``fuzz_parsing.py --seconds N [--seed N]``. It must never raise anything but
InvalidDICOMError, take more than seconds, or keep memory. Exits with 1 if it does,
after writing the file that made it so.
"""

import argparse
import random
import resource
import sys
import time
import traceback
from pathlib import Path

import pydicom.data

from obelisk.dicom.parsing import parse_instance, read_dataset, read_file_meta
from obelisk.dicom.tag_json import TagForm, header_json, tags_json
from obelisk.errors import InvalidDICOMError

SEED_SIZE_MAX = 100_000
SLOW_SECONDS = 3.0
GROWTH_MAX_KB = 200_000
WARM_UP_COUNT = 2_000
INTERESTING = (
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\0",
    b"\xfe\xff\0\xe0\xff\xff\xff\xff",
    b"\xfe\xff\0\xe0\0\0\0\0",
    b"\xfe\xff\x0d\xe0\0\0\0\0",
    b"\xfe\xff\xdd\xe0\0\0\0\0",
    b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff",
    b"\x40\0\x30\xa7SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff",
    b"\x09\0\x01\x10UN\0\0\xff\xff\xff\xff",
    b"SQ",
    b"UN",
    b"\x08\0\x05\0CS\x10\0\\ISO 2022 IR 87 ",
    b"\x1b$B",
    b"\x1b$(D",
)


def seeds():
    """Read the small files that pydicom ships."""
    folder = Path(pydicom.data.__file__).parent
    return [
        path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.suffix not in (".py", ".pyc")
        and path.stat().st_size <= SEED_SIZE_MAX
    ]


def mutate(rng, corpus):
    """Change a file in a few places, most of them in its header."""
    content = bytearray(rng.choice(corpus))
    for _ in range(rng.choice((1, 1, 2, 3, 8, 30))):
        reach = rng.choice((400, 4_000, len(content))) or 1
        at = rng.randrange(min(reach, len(content)) + 1)
        kind = rng.randrange(7)
        if kind == 0:
            content[at : at + 1] = bytes([rng.randrange(256)])
        elif kind == 1:
            content[at:at] = rng.choice(INTERESTING)
        elif kind == 2:
            piece = rng.choice(INTERESTING)
            content[at : at + len(piece)] = piece
        elif kind == 3:
            del content[at : at + rng.choice((1, 2, 4, 8, 100))]
        elif kind == 4:
            del content[at:]
        elif kind == 5:
            other = rng.choice(corpus)
            start = rng.randrange(len(other) + 1)
            content[at:at] = other[start : start + rng.choice((8, 64, 1_000))]
        else:
            content[at:at] = rng.choice(INTERESTING) * rng.choice((2, 70, 3_000))
    return bytes(content)


def read(content):
    """Do all that the server does with the header of a file."""
    for step in (
        lambda content: dict(parse_instance(content).attributes),
        lambda content: header_json(read_file_meta(content)),
        lambda content: tags_json(read_dataset(content)),
        lambda content: tags_json(read_dataset(content, whole=True), TagForm.SIMPLE),
    ):
        try:
            step(content)
        except InvalidDICOMError as error:
            assert error.reason  # noqa: PT017 - no error is fine, too


def peak_kb():
    """Get the peak of the memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def run(seconds, seed):
    """Fuzz for a while; get the number of files and the one that failed, if any."""
    rng = random.Random(seed)
    corpus = seeds()
    deadline = time.monotonic() + seconds
    count = 0
    base_kb = 0
    slowest = 0.0
    while time.monotonic() < deadline:
        content = mutate(rng, corpus)
        start = time.process_time()
        try:
            read(content)
        except Exception:  # noqa: BLE001
            traceback.print_exc()
            return count, content
        elapsed = time.process_time() - start
        slowest = max(slowest, elapsed)
        count += 1
        if count == WARM_UP_COUNT:
            base_kb = peak_kb()
        if elapsed > SLOW_SECONDS:
            sys.stderr.write(f"slow: {elapsed:.1f} s\n")
            return count, content
        if base_kb and peak_kb() > base_kb + GROWTH_MAX_KB:
            sys.stderr.write(f"grew from {base_kb} to {peak_kb()} KB\n")
            return count, content
    sys.stderr.write(
        f"{count} files, slowest {slowest:.3f} s, {peak_kb() - base_kb} KB grown\n"
    )
    return count, None


def main():
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    arguments = parser.parse_args()
    sys.stderr.write(f"seed {arguments.seed}\n")
    _, failed = run(arguments.seconds, arguments.seed)
    if failed is not None:
        path = Path("fuzz-failure.dcm")
        path.write_bytes(failed)
        sys.stderr.write(f"wrote {path.absolute()}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
