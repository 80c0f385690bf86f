"""Sends instances to other servers by HTTP."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import IO

import orjson
from isal import isal_zlib

from obelisk.config.peers import Peer
from obelisk.errors import PeerError, PeerStatusError
from obelisk.peers.client import Link, PeerClient
from obelisk.peers.connection import Body, Chunk
from obelisk.services.peers import Peers
from obelisk.services.resources import Resources
from obelisk.services.stored_files import StoredFile
from obelisk.services.transcoding import Transcoding
from obelisk.temporary_files import temporary_file_errors

_CHUNK_BYTES = 1_048_576
_MEMORY_BYTES_MAX = 4_194_304
_LEVEL = 1
_GZIP_WINDOW_BITS = 31

#: What a peer says of an instance that it has, or does not want.
_TAKEN = ("Success", "AlreadyStored", "FilteredOut")


class PeerTransfers:
    """Knows the peers, and sends to them; safe to use from several threads.

    Parameters
    ----------
    peers
        The peers.
    client
        The way to them.
    resources
        What is stored here.
    transcoding
        Writes it in other transfer syntaxes.
    """

    def __init__(
        self,
        peers: Peers,
        client: PeerClient,
        resources: Resources,
        transcoding: Transcoding,
    ) -> None:
        #: The peers by their names.
        self.peers = peers
        self._client = client
        self._resources = resources
        self._transcoding = transcoding

    def link(self, name: str) -> AbstractContextManager[Link]:
        """Open a link to a peer, or raise `NotFoundError`."""
        return self._client.link(self.peers.get(name))

    def send(
        self, link: Link, id_: str, *, is_packed: bool, transfer_syntax: str
    ) -> int:
        """Send an instance; return how many bytes that were.

        It does no harm to send it again.

        Parameters
        ----------
        link
            The way to the peer.
        id_
            The instance.
        is_packed
            Whether to compress it by gzip.
        transfer_syntax
            The one to send it in, empty for the one that it has.

        Raises
        ------
        NotFoundError
            If there is no such instance.
        NotTranscodableError
            If it cannot be written in that transfer syntax.
        PeerError
            If the peer did not take it.
        StorageError
            If it cannot be read.
        """
        file = self._resources.open_file(id_)
        with self._in_syntax(file, transfer_syntax) as body:
            if not is_packed:
                _check_taken(_post(link, body))
                return body.size
            with spooled(_packed(body.read())) as packed:
                _check_taken(_post(link, packed, {"Content-Encoding": "gzip"}))
                return packed.size

    @contextmanager
    def _in_syntax(self, file: StoredFile, uid: str) -> Iterator[Body]:
        """Give an instance in a transfer syntax for the length of a `with` block."""
        made = self._transcoding.transcode(file, uid) if uid else None
        if made is None:
            yield Body(file.size, file.read)
            return
        with closing(made):
            yield Body(made.size, made.chunks)

    def send_straight(self, name: str, body: Body) -> dict[str, object]:
        """Send what is not stored here; return the answer of the peer.

        Raises
        ------
        NotFoundError
            If there is no such peer.
        PeerError
            If the peer did not take it.
        """
        with self.link(name) as link:
            return _object(_post(link, body))

    def system(self, name: str) -> dict[str, object]:
        """Return what a peer tells of itself.

        Raises
        ------
        NotFoundError
            If there is no such peer.
        PeerError
            If it does not.
        """
        with self.link(name) as link:
            return _object(link.ask("GET", "system"))

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._client.close()


def shown_in_jobs(peer: Peer) -> object:
    """Return how a job names its peer, without secrets, in the words of Orthanc."""
    own = (peer.headers, peer.certificate_file, peer.timeout_seconds, peer.properties)
    if not any(own):
        return [peer.url, peer.username, ""] if peer.username else [peer.url]
    texts = {
        "CertificateFile": peer.certificate_file,
        "CertificateKeyFile": peer.certificate_key_file,
        "Username": peer.username,
    }
    found = {
        "HttpHeaders": dict.fromkeys(peer.headers, ""),
        "Pkcs11": False,
        "Timeout": peer.timeout_seconds,
        "Url": peer.url,
        **peer.properties,
        **{name: text for name, text in texts.items() if text},
    }
    return dict(sorted(found.items()))


def _post(link: Link, body: Body, headers: dict[str, str] | None = None) -> bytes:
    all_headers = {"Content-Type": "application/dicom", **(headers or {})}
    try:
        return link.ask("POST", "instances", body, all_headers)
    except PeerStatusError as error:
        raise PeerError(error.message) from error


def _object(content: bytes) -> dict[str, object]:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise PeerError("The answer of the peer is no JSON object")
    return value


def _check_taken(content: bytes) -> None:
    if _object(content).get("Status") not in _TAKEN:
        raise PeerError("The peer does not say that it took the instance")


def _packed(chunks: Iterable[Chunk]) -> Iterator[bytes]:
    compressor = isal_zlib.compressobj(_LEVEL, wbits=_GZIP_WINDOW_BITS)
    for chunk in chunks:
        if packed := compressor.compress(chunk):
            yield packed
    yield compressor.flush()


@contextmanager
def spooled(chunks: Iterable[Chunk]) -> Iterator[Body]:
    """Keep what is to be sent for the length of a `with` block, small ones in memory.

    So its size is known, and it can be sent again.
    """
    with tempfile.SpooledTemporaryFile(_MEMORY_BYTES_MAX) as file:
        with temporary_file_errors():
            for chunk in chunks:
                file.write(chunk)
        yield Body(file.tell(), lambda: _read(file))


def _read(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
