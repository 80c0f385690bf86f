import struct

import pytest

from association_peer import (
    CT,
    IMPLICIT,
    VERIFICATION,
    Peer,
    dataset,
    echo_command,
    element,
    running_server,
    store_command,
)
from obelisk.dimse.items import ProposedContext
from obelisk.dimse.pdu import (
    Abort,
    AssociateAccept,
    DataTransfer,
    PresentationDataValue,
    ReleaseReply,
    ReleaseRequest,
)
from obelisk.errors import (
    InvalidDICOMError,
    LimitError,
    StorageFullError,
    UnavailableError,
)


@pytest.fixture
def served(tmp_path):
    """Run a server, and yield an associated peer and the sink."""
    with running_server(tmp_path) as (server, sink), Peer(server.port) as peer:
        assert isinstance(peer.associate(), AssociateAccept)
        yield peer, sink


def echo(peer):
    """Send C-ECHO and return the status."""
    peer.send_part(1, echo_command(), is_command=True)
    return peer.response().status


def store(peer, command=None, data=None, step=16384):
    """Send C-STORE and return the status."""
    peer.send_part(3, command or store_command(), is_command=True, step=step)
    peer.send_part(3, data or dataset(), is_command=False, step=step)
    return peer.response().status


def test_echo_and_release(served):
    """C-ECHO is answered, and so is the release."""
    peer, _ = served
    assert echo(peer) == 0
    peer.send(ReleaseRequest().encode())

    assert peer.read() == ReleaseReply()
    assert peer.is_closed()


def test_the_file_is_the_dataset_behind_a_file_meta(served):
    """The file that is stored has Orthanc's meta elements, and the dataset as sent."""
    peer, sink = served
    data = dataset(size=100_000)
    assert store(peer, data=data) == 0

    content = sink.files[0].read_bytes()
    assert content[:132] == bytes(128) + b"DICM"
    assert content.endswith(data)
    meta = content[132 : -len(data)]
    (length,) = struct.unpack_from("<I", meta, 8)
    assert length == len(meta) - 12
    tags = []
    position = 0
    while position < len(meta):
        _, number, vr, size = struct.unpack_from("<HH2sH", meta, position)
        tags.append(number)
        position += 14 if vr == b"OB" else 8 + size
    assert tags == [0x0000, 0x0001, 0x0002, 0x0003, 0x0010, 0x0012, 0x0013]
    assert sink.origins[0].request_origin == "DicomProtocol"
    assert sink.origins[0].remote_ip == "127.0.0.1"
    assert sink.origins[0].remote_aet == "SCU"
    assert sink.origins[0].called_aet == "ORTHANC"


@pytest.mark.parametrize("step", [7, 8, 13, 100, 4096])
def test_odd_fragments(served, step):
    """Commands and datasets may be cut anywhere, in as many PDUs as it takes."""
    peer, sink = served
    data = dataset(size=3001)

    assert store(peer, data=data, step=step) == 0
    assert sink.files[0].read_bytes().endswith(data)


def test_command_and_dataset_in_one_pdu(served):
    """Several PDVs of a message may share a PDU."""
    peer, sink = served
    command, data = store_command(), dataset()
    values = (
        PresentationDataValue(3, True, False, command[:20]),
        PresentationDataValue(3, True, True, command[20:]),
        PresentationDataValue(3, False, False, data[:1]),
        PresentationDataValue(3, False, False, b""),
        PresentationDataValue(3, False, True, data[1:]),
    )
    peer.send(DataTransfer(values).encode())

    assert peer.response().status == 0
    assert sink.files[0].read_bytes().endswith(data)


def test_byte_by_byte(served):
    """TCP may deliver one byte at a time."""
    peer, sink = served
    data = dataset(size=50)
    values = (
        PresentationDataValue(3, True, True, store_command()),
        PresentationDataValue(3, False, True, data),
    )
    for byte in DataTransfer(values).encode():
        peer.send(bytes([byte]))

    assert peer.response().status == 0
    assert sink.files[0].read_bytes().endswith(data)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidDICOMError("x"), 0xC000),
        (StorageFullError(), 0xA700),
        (LimitError(), 0xA700),
        (UnavailableError(), 0xA700),
        (ValueError("a defect"), 0x0110),
    ],
)
def test_errors_become_statuses(served, error, status):
    """An error is answered with its status, and the association goes on."""
    peer, sink = served
    sink.error = error
    assert store(peer, data=dataset(size=500_000)) == status
    sink.error = None

    assert store(peer) == 0
    assert echo(peer) == 0


@pytest.mark.parametrize(
    ("command", "data", "status"),
    [
        (store_command("1.2.9"), dataset(), 0xA900),
        (store_command(), dataset(sop_class_uid=CT + ".1"), 0xA900),
        (store_command(), dataset(sop_class_uid=""), 0xA900),
        (store_command(), dataset(sop_instance_uid=""), 0xA900),
        (store_command(), element(8, 0x20, b"DA", b"20200101"), 0xC000),
        (store_command(sop_class_uid="1.2.3"), dataset(), 0x0122),
        (store_command(sop_class_uid=VERIFICATION), dataset(), 0x0122),
        (store_command(sop_class_uid=""), dataset(), 0x0212),
        (store_command(sop_instance_uid=""), dataset(), 0x0212),
    ],
)
@pytest.mark.parametrize("step", [9, 16384])
def test_instances_that_are_refused(served, command, data, status, step):
    """What is not what its command says is refused, however it is cut."""
    peer, sink = served

    assert store(peer, command, data, step) == status
    assert not sink.files
    assert store(peer) == 0


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n" * 9, bytes(5000)])
def test_bytes_that_are_no_dataset_reach_the_reader(served, data):
    """The server leaves it to the reader of datasets to judge garbage."""
    peer, sink = served
    peer.send_part(3, store_command(), is_command=True)
    peer.send_part(3, data, is_command=False)

    assert peer.response().status == 0
    assert sink.files[0].read_bytes().endswith(data)


def test_implicit_vr_mismatch(tmp_path):
    """The UIDs are compared in Implicit VR Little Endian, too."""
    uid = b"1.2.3.44"
    data = struct.pack("<HHI", 8, 0x18, len(uid)) + uid + bytes(20)
    with running_server(tmp_path) as (server, _), Peer(server.port) as peer:
        peer.associate(contexts=(ProposedContext(3, CT, (IMPLICIT,)),))

        assert store(peer, store_command("1.2.3.45"), data) == 0xA900
        assert store(peer, store_command("1.2.3.44"), data) == 0


def test_an_operation_that_is_not_known_is_refused(served):
    """Another operation is answered with 0x0211, unrecognized operation."""
    peer, _ = served
    command = bytearray(echo_command())
    command[command.index(b"\x30\0", 40)] = 0x20
    peer.send_part(1, bytes(command), is_command=True)
    response = peer.response()

    assert (response.field, response.status) == (0x8020, 0x0211)
    assert echo(peer) == 0


def test_cancel_is_ignored(served):
    """A C-CANCEL-RQ that comes too late is not answered."""
    peer, _ = served
    cancel = (
        element(0, 0, b"UL", b"")[:0]
        + struct.pack("<HHIH", 0, 0x0100, 2, 0x0FFF)
        + struct.pack("<HHIH", 0, 0x0120, 2, 1)
        + struct.pack("<HHIH", 0, 0x0800, 2, 0x0101)
    )
    peer.send_part(1, cancel, is_command=True)

    assert echo(peer) == 0


def test_two_stores_without_waiting(served):
    """A peer need not wait for one answer before it sends the next request."""
    peer, sink = served
    for message_id in (1, 2):
        peer.send_part(3, store_command(message_id=message_id), is_command=True)
        peer.send_part(3, dataset(), is_command=False)

    assert [peer.response().get_int(0x0120) for _ in range(2)] == [1, 2]
    assert len(sink.files) == 2


def dataset_first(peer):
    """Send a dataset without a command."""
    peer.send_part(3, dataset(), is_command=False)


def command_in_dataset(peer):
    """Send a command in the middle of a dataset."""
    peer.send_part(3, store_command(), is_command=True)
    peer.send_part(3, dataset()[:50], is_command=False, is_last=False)
    peer.send_part(1, echo_command(), is_command=True)


def dataset_of_another_context(peer):
    """Send a command and its dataset in two contexts."""
    peer.send_part(3, store_command(), is_command=True)
    peer.send_part(1, dataset(), is_command=False)


def command_of_two_contexts(peer):
    """Send one command in two contexts."""
    peer.send_part(1, echo_command()[:30], is_command=True, is_last=False)
    peer.send_part(3, echo_command()[30:], is_command=True)


def release_in_dataset(peer):
    """Ask for release in the middle of a dataset."""
    peer.send_part(3, store_command(), is_command=True)
    peer.send_part(3, dataset()[:50], is_command=False, is_last=False)
    peer.send(ReleaseRequest().encode())


def long_command(peer):
    """Send a command of 100 KB."""
    peer.send_part(1, bytes(100_000), is_command=True)


def malformed_command(peer):
    """Send a command that is cut short."""
    peer.send_part(1, echo_command()[:-1], is_command=True)


def response_without_request(peer):
    """Send a response that nobody waits for."""
    command = bytearray(echo_command())
    command[command.index(b"\x30\0", 40) + 1] = 0x80
    peer.send_part(1, bytes(command), is_command=True)


def no_message_id(peer):
    """Send a C-ECHO without Message ID."""
    command = echo_command()
    position = command.index(b"\0\0\x10\x01\2")
    peer.send_part(1, command[12:position] + command[position + 10 :], is_command=True)


@pytest.mark.parametrize(
    "misbehave",
    [
        dataset_first,
        command_in_dataset,
        dataset_of_another_context,
        command_of_two_contexts,
        release_in_dataset,
        long_command,
        malformed_command,
        response_without_request,
        no_message_id,
    ],
)
def test_violations_of_the_message_exchange(served, misbehave):
    """A peer that breaks the rules of PS3.7 is aborted by the service user."""
    peer, sink = served
    misbehave(peer)

    assert peer.read() == Abort(0, 0)
    assert peer.is_closed()
    assert all(not path.exists() for path in sink.files)


def test_a_connection_that_breaks_leaves_nothing(tmp_path):
    """An instance whose sender goes away is not stored."""
    with running_server(tmp_path) as (server, sink):
        with Peer(server.port) as peer:
            peer.associate()
            peer.send_part(3, store_command(), is_command=True)
            peer.send_part(3, dataset(size=99_999), is_command=False, is_last=False)
            assert sink.begun.wait(30)
        server.stop(30)

    assert len(sink.errors) == 1
    assert not list(tmp_path.iterdir())


def test_a_large_instance_passes_in_small_chunks(served):
    """Chunks stay as small as the buffer, however large the instance is."""
    peer, sink = served
    sizes = []
    original = sink.store

    def measuring(chunks, origin):
        def measured():
            for chunk in chunks:
                sizes.append(len(chunk))
                yield chunk

        return original(measured(), origin)

    sink.store = measuring
    data = dataset(size=8_000_000)

    assert store(peer, data=data) == 0
    assert sum(sizes) > len(data)
    assert max(sizes) <= 262_144
