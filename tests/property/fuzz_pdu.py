"""Throw random and mutated bytes at the upper layer, and at a server on a socket.

Run ``python tests/property/fuzz_pdu.py --seconds 600``. It ends with code 1 if an
exception other than those of the protocol comes out, if a step takes too long, if
memory grows, or if the server does not serve any more.
"""

import argparse
import logging
import random
import resource
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from association_peer import (
    CONTEXTS,
    Peer,
    dataset,
    echo_command,
    running_server,
    store_command,
)
from obelisk.dimse.items import AnsweredContext, UserInformation
from obelisk.dimse.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    ReleaseReply,
    ReleaseRequest,
    iter_data_pdus,
)
from obelisk.dimse.upper_layer import UpperLayer

STEP_SECONDS_MAX = 2.0
ANSWER_SECONDS_MAX = 15.0
GROWTH_BYTES_MAX = 64 * 1024 * 1024
REQUEST = AssociateRequest("SCP", "SCU", CONTEXTS, UserInformation(16384, "1.2.3"))
ACCEPT = AssociateAccept(
    "SCP",
    "SCU",
    (AnsweredContext(1, 0, "1.2"), AnsweredContext(3, 0, "1.2.1")),
    UserInformation(16384, "1.2.3"),
)


def _data(context_id, payload, *, is_command, step):
    return b"".join(
        header + part
        for header, part in iter_data_pdus(
            context_id,
            payload,
            is_command=is_command,
            is_last=True,
            max_length=step,
        )
    )


def seeds():
    """Return PDUs and messages that are right."""
    pdus = [
        REQUEST,
        ACCEPT,
        AssociateReject(1, 1, 7),
        ReleaseRequest(),
        ReleaseReply(),
        Abort(0, 0),
    ]
    return [
        *(pdu.encode() for pdu in pdus),
        _data(1, echo_command(), is_command=True, step=0),
        _data(3, store_command(), is_command=True, step=0),
        _data(3, dataset(size=2000), is_command=False, step=0),
        _data(3, dataset(size=300), is_command=False, step=40),
    ]


def mutate(random_, data):
    """Change a few bytes, cut some out, or repeat some."""
    data = bytearray(data)
    for _ in range(random_.choice((0, 0, 1, 1, 2, 5))):
        if not data:
            break
        start = random_.randrange(len(data))
        stop = min(len(data), start + random_.choice((1, 2, 4, 50)))
        match random_.randrange(4):
            case 0:
                data[start:stop] = random_.randbytes(stop - start)
            case 1:
                del data[start:stop]
            case 2:
                data[start:start] = data[start:stop]
            case _:
                data[start:stop] = random_.choice((b"\0", b"\xff")) * (stop - start)
    return bytes(data)


def stream(random_, all_seeds):
    """Make a sequence of PDUs, most of them nearly right."""
    parts = random_.choices(all_seeds, k=random_.randrange(1, 8))
    if random_.random() < 0.7:
        parts.insert(0, REQUEST.encode())
    if random_.random() < 0.1:
        parts.append(random_.randbytes(random_.randrange(500)))
    return b"".join(mutate(random_, part) for part in parts)


def fuzz_core(random_, all_seeds):
    """Feed one stream to the core, as acceptor or as requestor."""
    is_requestor = random_.random() < 0.3
    layer = UpperLayer(
        is_requestor=is_requestor, buffer_size=random_.choice((64, 4096, 262_144))
    )
    if is_requestor:
        layer.associate(REQUEST)
    layer.transport_opened()
    data = stream(random_, all_seeds)
    position = 0
    output_bytes = 0
    while position < len(data):
        room = layer.receive_buffer()
        count = min(len(room), random_.choice((1, 7, 100, 9999)), len(data) - position)
        room[:count] = data[position : position + count]
        layer.received(count)
        position += count
        while (event := layer.next_event()) is not None:
            if isinstance(event, AssociateRequest):
                layer.accept(ACCEPT)
            elif isinstance(event, ReleaseRequest):
                layer.reply_release()
        output_bytes += sum(map(len, layer.take_output()))
    layer.transport_closed()
    assert output_bytes < 10_000


def fuzz_socket(random_, all_seeds, port):
    """Send one stream to the server, and take what comes until it closes."""
    with Peer(port) as peer:
        peer.socket.settimeout(ANSWER_SECONDS_MAX)
        try:
            peer.send(stream(random_, all_seeds))
            peer.socket.shutdown(socket.SHUT_WR)
            while peer.socket.recv(65536):
                pass
        except (ConnectionError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise


def check_service(port):
    """Send C-ECHO and have it answered."""
    with Peer(port) as peer:
        peer.associate()
        peer.send_part(1, echo_command(), is_command=True)
        assert peer.response().status == 0


class _Watch(logging.Handler):
    """Counts what the server logs as a defect."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.messages = []

    def emit(self, record):
        self.messages.append(self.format(record))


def run(seconds, seed):
    """Fuzz for a time; return what was done."""
    random_ = random.Random(seed)
    watch = _Watch()
    logging.getLogger("obelisk").addHandler(watch)
    logging.getLogger("obelisk").propagate = False
    all_seeds = seeds()
    counts = {"core": 0, "socket": 0}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_server(Path(folder), timeout_seconds=1, artim_seconds=1) as (
            server,
            sink,
        ),
    ):
        deadline = time.monotonic() + seconds
        base = None
        while time.monotonic() < deadline:
            start = time.monotonic()
            for _ in range(50):
                fuzz_core(random_, all_seeds)
            counts["core"] += 50
            assert time.monotonic() - start < STEP_SECONDS_MAX * 50
            fuzz_socket(random_, all_seeds, server.port)
            counts["socket"] += 1
            if counts["socket"] % 100 == 0:
                check_service(server.port)
                for path in sink.files:
                    path.unlink(missing_ok=True)
                sink.files.clear()
                sink.origins.clear()
                sink.errors.clear()
                size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
                base = base or size
                assert size - base < GROWTH_BYTES_MAX, "memory grows"
                assert threading.active_count() < 100, "threads are left behind"
            assert not watch.messages, watch.messages[0]
        check_service(server.port)
    return counts


def main():
    """Parse the command line and fuzz."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.randrange(2**32)
    sys.stdout.write(f"seed {seed}\n")
    sys.stdout.flush()
    counts = run(arguments.seconds, seed)
    sys.stdout.write(f"{counts['core']} streams to the core, ")
    sys.stdout.write(f"{counts['socket']} to the server: nothing found\n")


if __name__ == "__main__":
    main()
