"""Peak memory over idle while large PDFs become instances, summed over all processes.

Usage: ``python benchmarks/load/creation.py --peer COMMAND``
"""

import base64
import http.client
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from measuring import Subject, contest, make_parser

_MB = 1_000_000
_SIZE_MB = 300
_SECONDS = 600

#: A part of a document, which base64 encodes without padding.
_BLOCK = bytes(range(256)) * 3 * 1024

_FORM_HEAD = (
    b'--b\r\nContent-Disposition: form-data; name="Content"; filename="a.pdf"'
    b"\r\n\r\n%PDF-1"
)
_FORM_TAIL = b"\r\n--b--\r\n"
_JSON_HEAD = (
    b'{"Tags": {"PatientID": "large"}, "Content": "data:application/pdf;base64,'
    + base64.b64encode(b"%PDF-1")
)
_JSON_TAIL = b'"}'
_IN_JOB = {"Prefer": f"wait={_SECONDS}"}


def main() -> None:
    """Measure the memory that new documents take while they are made."""
    arguments = make_parser("memory of large documents").parse_args()
    count = max(1, int(_SIZE_MB * arguments.scale * _MB) // len(_BLOCK))
    form = (_FORM_HEAD, _BLOCK, _FORM_TAIL)
    text = (_JSON_HEAD, base64.b64encode(_BLOCK), _JSON_TAIL)
    form_headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with contest("creation", arguments) as measuring:
        name = f"PDF of {_SIZE_MB} MB in JSON"
        run = _run(text, count, {}, is_relative=True)
        measuring.measure(name, "x its body", run, is_more_better=False)
        measuring.subjects = measuring.subjects[:1]
        cases = (
            ("in JSON, by a job", text, _IN_JOB, True),
            ("in a form", form, form_headers, False),
            ("in a form, by a job", form, form_headers | _IN_JOB, False),
        )
        for name, parts, headers, is_relative in cases:
            unit = "x its body" if is_relative else "MB"
            run = _run(parts, count, headers, is_relative=is_relative)
            title = f"PDF of {_SIZE_MB} MB {name}"
            measuring.measure(title, unit, run, is_more_better=False)


def _run(
    parts: tuple[bytes, bytes, bytes],
    count: int,
    headers: Mapping[str, str],
    *,
    is_relative: bool,
) -> Callable[[Subject, int], float]:
    """Return what makes an instance, and tells the memory that it took.

    Parameters
    ----------
    parts
        The head of the body, what follows `count` times, and its tail.
    count
        How often.
    headers
        Those of the request.
    is_relative
        Whether to tell it as a multiple of the body, not in MB.
    """
    head, block, tail = parts
    size = len(head) + count * len(block) + len(tail)

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(count):
            yield block
        yield tail

    def run(subject: Subject, _: int) -> float:
        idle_bytes = subject.memory_bytes()
        subject.forget_peak()
        path = _ask(subject, "POST", "/tools/create-dicom", body(), headers, size)
        taken_bytes = subject.peak_memory_bytes() - idle_bytes
        _ask(subject, "DELETE", path)
        return taken_bytes / (size if is_relative else _MB)

    return run


def _ask(
    subject: Subject,
    method: str,
    path: str,
    body: Iterator[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
    size: int = 0,
) -> str:
    """Send a request; return the path of what was made."""
    port = subject.server.http_port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
    length = {"Content-Length": str(size)}
    connection.request(method, path, body, dict(headers or {}) | length)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    assert response.status == 200, answer
    return str(answer.get("Path", ""))


if __name__ == "__main__":
    main()
