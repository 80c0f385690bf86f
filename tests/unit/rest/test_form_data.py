import pytest
from hypothesis import given
from hypothesis import strategies as st

from obelisk.errors import InvalidInputError
from obelisk.rest.form_data import split_parts

FORM = (
    b"--XX\r\nContent-Disposition: form-data; name=a; filename=a.dcm\r\n\r\n"
    b"first\r\n--X\r\nstill\r\n--XX\r\n"
    b'Content-Disposition: form-data; name="b"\r\n\r\n'
    b"\r\n--XX--\r\n"
)


def _parts(form: bytes, step: int) -> list[tuple[str | None, bytes]]:
    pieces = (form[start : start + step] for start in range(0, len(form), step))
    return [
        (part.filename, b"".join(part.chunks)) for part in split_parts(pieces, b"XX")
    ]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_parts(step: int) -> None:
    """Parts come with their file names, however the network cuts them."""
    assert _parts(FORM, step) == [("a.dcm", b"first\r\n--X\r\nstill"), (None, b"")]


def test_parts_that_are_not_read_are_skipped() -> None:
    """The next part follows even if nobody read the one before."""
    names = [part.filename for part in split_parts([FORM], b"XX")]

    assert names == ["a.dcm", None]


@pytest.mark.parametrize(
    "form",
    [
        b"",
        b"no boundary",
        FORM[:-8],
        FORM[:40],
        b"--XX trailing\r\n\r\n--XX--\r\n",
        b"--XX\r\n" + b"x" * 3_000_000,
    ],
)
def test_malformed_forms(form: bytes) -> None:
    """What is no complete form is refused."""
    with pytest.raises(InvalidInputError):
        _parts(form, 1_000_000)


@given(st.binary(max_size=2000), st.integers(1, 64))
def test_any_content_comes_through(content: bytes, step: int) -> None:
    """Contents are not changed, line ends included."""
    form = (
        b"--XX\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\n"
        + content.replace(b"--XX", b"")
        + b"\r\n--XX--"
    )

    assert _parts(form, step) == [("a", content.replace(b"--XX", b""))]
