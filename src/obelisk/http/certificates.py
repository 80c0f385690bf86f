"""Certificates, and why one cannot be used."""

import ssl
from pathlib import Path

from obelisk.errors import UnavailableError

_REASONS = {
    None: "a certificate or a private key is missing in it",
    "PEM_LIB": "a certificate or a private key is missing in it",
    "KEY_VALUES_MISMATCH": "its private key belongs to another certificate",
}


class _EncryptedKeyError(Exception):
    """A pass phrase is needed, and nobody may be there to type it."""


def _refuse_pass_phrase() -> str:
    raise _EncryptedKeyError


def tls_context(certificate: Path) -> ssl.SSLContext:
    """Return what a server needs for TLS.

    Parameters
    ----------
    certificate
        A PEM file with the certificate and its private key.

    Raises
    ------
    UnavailableError
        If it cannot be used; the message says why, and what to do.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, password=_refuse_pass_phrase)
    except _EncryptedKeyError:
        reason = "its private key is encrypted"
    except ssl.SSLError as error:
        reason = _REASONS.get(error.reason, str(error.reason))
    except OSError as error:
        reason = error.strerror or "not readable"
    else:
        return context
    raise UnavailableError(
        f"The certificate {certificate} cannot be used: {reason}. The option "
        '"SslCertificate" must name a PEM file that holds the certificate and its '
        "private key without a pass phrase."
    )
