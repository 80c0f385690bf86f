"""A scripted peer on a raw socket, and a double of `Ingest` that keeps files."""

import socket
import struct
import threading
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from obelisk.dicom.identifiers import ResourceIds
from obelisk.dimse.commands import (
    CommandField,
    CommandSet,
    decode_command_set,
    encode_int,
    encode_text,
)
from obelisk.dimse.items import ProposedContext, UserInformation
from obelisk.dimse.pdu import AssociateRequest, decode_pdu, iter_data_pdus
from obelisk.index.records import StoreStatus
from obelisk.scp.negotiation import Negotiation
from obelisk.scp.server import DICOMServer
from obelisk.scp.settings import DICOMServerSettings
from obelisk.services.ingest import Origin, StoreResult

CT = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
CONTEXTS = (
    ProposedContext(1, VERIFICATION, (IMPLICIT,)),
    ProposedContext(3, CT, (EXPLICIT,)),
)
TIMEOUT_SECONDS = 30


@dataclass
class FileSink:
    """Takes instances in by writing them to a folder."""

    folder: Path
    origins: list[Origin] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    # Set when an instance has begun; waited for before it ends.
    begun: threading.Event = field(default_factory=threading.Event)
    may_end: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None

    def __post_init__(self) -> None:
        self.may_end.set()
        self._lock = threading.Lock()

    def store(
        self, chunks: Iterable[bytes | memoryview], origin: Origin
    ) -> StoreResult:
        """Write a file, or raise `error` before reading anything."""
        if self.error is not None:
            raise self.error
        with self._lock:
            path = self.folder / f"{len(self.files)}.dcm"
            self.files.append(path)
            self.origins.append(origin)
        try:
            with path.open("xb") as file:
                for chunk in chunks:
                    self.begun.set()
                    file.write(chunk)
        except Exception as error:
            path.unlink()
            self.errors.append(error)
            raise
        assert self.may_end.wait(TIMEOUT_SECONDS)
        return StoreResult(StoreStatus.SUCCESS, ResourceIds("p", "s", "e", "i"))


@contextmanager
def running_server(folder, **settings):
    """Run a server on a free port of this machine; yield it and its sink."""
    sink = FileSink(folder)
    options = {"port": 0, "host": "127.0.0.1", **settings}
    settings = DICOMServerSettings(**options)
    server = DICOMServer(settings, sink, Negotiation(settings))
    server.start()
    try:
        yield server, sink
    finally:
        sink.may_end.set()
        server.stop(30)


class Peer:
    """A peer that sends what it is told to, right or wrong."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def read(self):
        """Return the next PDU, or `None` at the end of the connection."""
        header = self._take(6)
        if header is None:
            return None
        body = self._take(int.from_bytes(header[2:], "big"))
        return decode_pdu(header[0], body)

    def is_closed(self) -> bool:
        """Wait for the end of the connection, and tell whether nothing came before."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def associate(self, called_aet="ORTHANC", calling_aet="SCU", contexts=CONTEXTS):
        """Request an association and return the answer."""
        information = UserInformation(16384, "1.2.3")
        request = AssociateRequest(called_aet, calling_aet, contexts, information)
        self.send(request.encode())
        return self.read()

    def response(self) -> CommandSet:
        """Return the next command."""
        pdu = self.read()
        return decode_command_set(pdu.values[0].data)

    def send_part(self, context_id, payload, *, is_command, is_last=True, step=16384):
        """Send a command or a dataset in PDUs of one PDV each."""
        for header, part in iter_data_pdus(
            context_id,
            payload,
            is_command=is_command,
            is_last=is_last,
            max_length=step,
        ):
            self.send(header + part)

    def _take(self, count: int):
        while len(self._received) < count:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self._received += data
        taken, self._received = self._received[:count], self._received[count:]
        return taken


def echo_command(message_id=1) -> bytes:
    """Encode a C-ECHO-RQ."""
    return CommandSet(
        {
            0x0002: encode_text(VERIFICATION, b"\0"),
            0x0100: encode_int(CommandField.C_ECHO_RQ),
            0x0110: encode_int(message_id),
            0x0800: encode_int(0x0101),
        }
    ).encode()


def store_command(sop_instance_uid="1.2.3.4", sop_class_uid=CT, message_id=1) -> bytes:
    """Encode a C-STORE-RQ."""
    return CommandSet(
        {
            0x0002: encode_text(sop_class_uid, b"\0"),
            0x0100: encode_int(CommandField.C_STORE_RQ),
            0x0110: encode_int(message_id),
            0x0700: encode_int(0),
            0x0800: encode_int(1),
            0x1000: encode_text(sop_instance_uid, b"\0"),
        }
    ).encode()


def element(group, number, vr, value) -> bytes:
    """Encode an element with Explicit VR Little Endian."""
    value += b"\0" * (len(value) & 1)
    if vr in {b"OB", b"OW"}:
        return struct.pack("<HH2sHI", group, number, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", group, number, vr, len(value)) + value


def dataset(sop_instance_uid="1.2.3.4", sop_class_uid=CT, size=1000) -> bytes:
    """Encode a dataset with Explicit VR Little Endian."""
    return (
        element(0x0008, 0x0016, b"UI", sop_class_uid.encode())
        + element(0x0008, 0x0018, b"UI", sop_instance_uid.encode())
        + element(0x7FE0, 0x0010, b"OB", bytes(size))
    )
