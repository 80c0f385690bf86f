"""`http.certificates`: what a server needs for TLS, or why it is not there."""

import ssl
import subprocess
from pathlib import Path

import pytest

from obelisk.errors import UnavailableError
from obelisk.http.certificates import tls_context

_SECONDS = 30


def _openssl(*words: str | Path) -> None:
    subprocess.run(
        ["openssl", *words], check=True, timeout=_SECONDS, capture_output=True
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate, its key as it is and encrypted, and another key."""
    folder = tmp_path_factory.mktemp("certificates")
    key, certificate = folder / "key", folder / "certificate"
    request = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    _openssl("req", *request, "-keyout", key, "-out", certificate)
    encryption = ["-aes128", "-passout", "pass:secret"]
    _openssl("rsa", "-in", key, *encryption, "-out", folder / "encrypted")
    _openssl("genrsa", "-out", folder / "other", "2048")
    (folder / "empty").write_bytes(b"")
    return folder


def _joined(folder: Path, names: str) -> Path:
    path = folder / "joined.pem"
    path.write_bytes(b"".join((folder / name).read_bytes() for name in names.split()))
    return path


def test_one_file_has_both(folder: Path) -> None:
    """The certificate and its private key, as for Orthanc."""
    context = tls_context(_joined(folder, "certificate key"))

    assert isinstance(context, ssl.SSLContext)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ("certificate", "is missing in it"),
        ("empty", "is missing in it"),
        ("certificate other", "belongs to another certificate"),
        ("certificate encrypted", "is encrypted"),
    ],
)
def test_the_reason_is_told(folder: Path, names: str, reason: str) -> None:
    """Nobody is asked for a pass phrase: a server has no terminal."""
    with pytest.raises(UnavailableError, match=reason):
        tls_context(_joined(folder, names))
