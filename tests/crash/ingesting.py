"""Clients that ingest until the server dies, and remember what it said."""

import hashlib
import http.client
import json
import random
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from exchange import Call, Peer
from factories import make_sized_instance, make_uid

STORESCU = "/usr/bin/storescu"
_SIZES_BYTES = (1_000, 10_000, 60_000, 600_000)
_SIZE_WEIGHTS = (30, 50, 18, 2)
_BATCH_COUNT = 20
_SERIAL_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Sent:
    """An instance on its way: a template and the SOP Instance UID put into it."""

    uid: str
    size_bytes: int
    client: int | None

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        template = _TEMPLATES[self.size_bytes, self.client]
        return template.replace(_PLACEHOLDER.encode(), self.uid.encode())

    @property
    def dataset_sha256(self) -> str:
        """The digest of what follows the file meta group."""
        return dataset_sha256(self.content)


@dataclass(slots=True)
class Ledger:
    """What was sent, and which of it the server acknowledged."""

    sent: dict[str, Sent] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    first_answer: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, instance: Sent) -> None:
        """Note an instance that is about to be sent."""
        with self._lock:
            self.sent[instance.uid] = instance

    def acknowledge(self, instance: Sent) -> None:
        """Note that the server answered that it has an instance."""
        with self._lock:
            self.acknowledged.add(instance.uid)
        self.first_answer.set()

    def any_sent(self, rng: random.Random) -> Sent | None:
        """Return something that was sent before, by whichever client."""
        with self._lock:
            return rng.choice(list(self.sent.values())) if self.sent else None


class InstanceSource:
    """Makes instances that differ in their UIDs, quickly: it patches templates."""

    def __init__(self, client: int, round_number: int, seed: int) -> None:
        self._rng = random.Random(f"{seed}/{client}/{round_number}")
        self._client = client
        self._serial = (round_number * 10 + client) * 1_000_000

    def instances(self, ledger: Ledger) -> Iterator[Sent]:
        """Yield instances without end; one in ten was sent before."""
        while True:
            again = ledger.any_sent(self._rng) if self._rng.random() < 0.1 else None
            yield again or self._make()

    def _make(self) -> Sent:
        self._serial += 1
        (size_bytes,) = self._rng.choices(_SIZES_BYTES, _SIZE_WEIGHTS)
        is_shared = self._rng.random() < 0.5
        uid = _PREFIX + str(self._serial).zfill(_SERIAL_DIGITS)
        return Sent(uid, size_bytes, None if is_shared else self._client)


def dataset_sha256(content: bytes) -> str:
    """Return the digest of a DICOM file without its preamble and file meta group."""
    length = int.from_bytes(content[140:144], "little")
    return hashlib.sha256(content[144 + length :]).hexdigest()


def post_until_dead(url: str, source: InstanceSource, ledger: Ledger) -> None:
    """Upload one instance after the other by REST until the connection breaks."""
    peer = Peer(url, timeout_seconds=30)
    for instance in source.instances(ledger):
        ledger.send(instance)
        call = Call("POST", "/instances", "/instances", body=instance.content)
        try:
            answer, content = peer.send(call)
        except (OSError, http.client.HTTPException):
            break
        assert answer.status == 200, (answer.status, content)
        assert json.loads(content)["Status"] in {"Success", "AlreadyStored"}
        ledger.acknowledge(instance)
    peer.close()


def store_until_dead(
    dicom_port: int,
    source: InstanceSource,
    ledger: Ledger,
    folder: Path,
) -> None:
    """Send batches with dcmtk's storescu until one fails."""
    instances = source.instances(ledger)
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        batch: dict[str, Sent] = {}
        for _ in range(_BATCH_COUNT):
            instance = next(instances)
            path = folder / f"{instance.uid}.dcm"
            path.write_bytes(instance.content)
            batch[str(path)] = instance
            ledger.send(instance)
        command = [STORESCU, "-v", "-R", "127.0.0.1", str(dicom_port), *batch]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        _note_responses(result.stdout + result.stderr, batch, ledger)
        for path in batch:
            Path(path).unlink(missing_ok=True)
        if result.returncode:
            return


def _note_responses(output: str, batch: dict[str, Sent], ledger: Ledger) -> None:
    current = None
    for line in output.splitlines():
        _, found, path = line.partition("Sending file: ")
        if found:
            current = batch.get(path.strip())
        elif "Received Store Response (Success)" in line and current:
            ledger.acknowledge(current)


def _make_templates() -> dict[tuple[int, int | None], bytes]:
    clients = (None, 0, 1, 2, 3)
    return {
        (size, client): make_sized_instance(
            size,
            size,
            PatientID=f"CRASH{client}",
            StudyInstanceUID=make_uid("crash study", client),
            SeriesInstanceUID=make_uid("crash series", client),
            SOPInstanceUID=_PLACEHOLDER,
        )
        for size in _SIZES_BYTES
        for client in clients
    }


_PREFIX = "2.25.77001"
_PLACEHOLDER = _PREFIX + "9" * _SERIAL_DIGITS
_TEMPLATES = _make_templates()
