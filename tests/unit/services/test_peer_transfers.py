"""Tests of what is sent to peers, and of what they have to answer."""

import gzip
import io

import pytest
from pydicom import dcmread

from factories import make_instance
from obelisk.config import Peer
from obelisk.dicom.unique_identifiers import UIDGenerator
from obelisk.errors import NotFoundError, PeerError, PeerStatusError
from obelisk.imaging.reader import ImageReader
from obelisk.peers.client import PeerClient
from obelisk.peers.connection import PeerSettings
from obelisk.services.peer_transfers import PeerTransfers, shown_in_jobs, spooled
from obelisk.services.peers import Peers
from obelisk.services.transcoding import NotTranscodableError, Transcoding
from peer_server import running_peer

GONE = "-".join(["00000000"] * 5)


@pytest.fixture
def peer():
    """A server that takes all."""
    with running_peer() as running:
        yield running


@pytest.fixture
def opened(open_house, peer):
    """The function that opens an archive, and returns it with a way to the peer."""
    found, opened_images = [], []

    def build(**settings):
        house = open_house(**settings)
        peers = Peers(house.index, {"peer": Peer(url=peer.url)})
        client = PeerClient(PeerSettings(timeout_seconds=30))
        images = ImageReader()
        opened_images.append(images)
        transcoding = Transcoding(images, UIDGenerator())
        found.append(PeerTransfers(peers, client, house.resources, transcoding))
        return house, found[-1]

    yield build
    for one in (*found, *opened_images):
        one.close()


def send(transfers, id_, **options):
    """Send an instance."""
    wanted = {"is_packed": False, "transfer_syntax": ""} | options
    with transfers.link("peer") as link:
        return transfers.send(link, id_, **wanted)


@pytest.mark.parametrize("is_compressed", [False, True])
@pytest.mark.parametrize("is_packed", [False, True])
def test_an_instance_is_sent_as_it_is(opened, peer, ct, is_compressed, is_packed):
    """However it is stored here, and however it travels."""
    house, transfers = opened(is_compressed=is_compressed)
    size = send(transfers, house.store(ct).ids.instance, is_packed=is_packed)
    (got,) = peer.received

    assert (got.method, got.path) == ("POST", "/instances")
    assert got.headers["content-type"] == "application/dicom"
    assert size == len(got.body) == int(got.headers["content-length"])
    assert got.headers.get("content-encoding") == ("gzip" if is_packed else None)
    assert (gzip.decompress(got.body) if is_packed else got.body) == ct


def test_a_large_instance_is_packed_in_a_file(opened, peer):
    """It is whole nevertheless."""
    large = make_instance(1, ImageComments="x", PixelData=bytes(range(256)) * 60_000)
    house, transfers = opened()
    send(transfers, house.store(large).ids.instance, is_packed=True)

    assert gzip.decompress(peer.received[0].body) == large


@pytest.mark.parametrize("is_packed", [False, True])
def test_an_instance_in_another_transfer_syntax(opened, peer, ct, is_packed):
    """It is written anew, with the same pixels."""
    house, transfers = opened()
    id_ = house.store(ct).ids.instance
    wanted = "1.2.840.10008.1.2.5"
    size = send(transfers, id_, is_packed=is_packed, transfer_syntax=wanted)
    (got,) = peer.received
    content = gzip.decompress(got.body) if is_packed else got.body
    before, after = dcmread(io.BytesIO(ct)), dcmread(io.BytesIO(content))

    assert size == len(got.body)
    assert after.file_meta.TransferSyntaxUID == wanted
    assert after.SOPInstanceUID == before.SOPInstanceUID
    assert (after.pixel_array == before.pixel_array).all()


def test_the_transfer_syntax_that_it_has(opened, peer, ct):
    """It is sent as it is; what cannot be written is not sent."""
    house, transfers = opened()
    id_ = house.store(ct).ids.instance
    send(transfers, id_, transfer_syntax="1.2.840.10008.1.2.1")
    with pytest.raises(NotTranscodableError):
        send(transfers, id_, transfer_syntax="1.2.840.10008.1.2.4.100")

    assert [one.body for one in peer.received] == [ct]


@pytest.mark.parametrize("status", ["Success", "AlreadyStored", "FilteredOut"])
def test_what_a_peer_has_is_fine(opened, peer, ct, status):
    """Whether it is new there or not, or not wanted."""
    house, transfers = opened()
    peer.say({"ID": "x", "Status": status})

    assert send(transfers, house.store(ct).ids.instance) == len(ct)


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", [], {}, {"Status": "Failure"}, {"Status": ["Success"]}]
)
def test_what_a_peer_does_not_say_that_it_has(opened, peer, ct, answer):
    """A status of 200 may come from anybody, such as a page for a login."""
    house, transfers = opened()
    peer.say(answer)

    with pytest.raises(PeerError):
        send(transfers, house.store(ct).ids.instance)


def test_a_peer_that_refuses(opened, peer, ct):
    """The error is that of the protocol."""
    house, transfers = opened()
    peer.say({}, status=401)
    with pytest.raises(PeerError, match="answered 401 Unauthorized") as caught:
        send(transfers, house.store(ct).ids.instance)

    assert not isinstance(caught.value, PeerStatusError)


def test_who_is_not_there(opened):
    """Instances and peers have to be known."""
    _, transfers = opened()
    with pytest.raises(NotFoundError):
        send(transfers, GONE)
    with pytest.raises(NotFoundError), transfers.link("nobody"):
        pass


def test_what_is_sent_straight(opened, peer):
    """The answer of the peer is given as it is."""
    _, transfers = opened()
    peer.say({"ID": "x"})
    with spooled([b"abc", memoryview(b"def")]) as body:
        assert transfers.send_straight("peer", body) == {"ID": "x"}
        peer.say(b"nope")
        with pytest.raises(PeerError):
            transfers.send_straight("peer", body)

    assert [one.body for one in peer.received] == [b"abcdef"] * 2


def test_what_a_peer_tells_of_itself(opened, peer):
    """It has to be a JSON object."""
    _, transfers = opened()
    peer.say({"Version": "1.13.0"})

    assert transfers.system("peer") == {"Version": "1.13.0"}
    peer.say([1])
    with pytest.raises(PeerError):
        transfers.system("peer")
    peer.say({}, status=404)
    with pytest.raises(PeerStatusError):
        transfers.system("peer")


def test_how_a_job_names_its_peer():
    """In one of Orthanc's forms, without anything secret."""
    plain = Peer(url="http://a/", username="u", password="secret")
    rich = Peer(
        url="http://a/",
        username="u",
        password="secret",
        headers={"Authorization": "secret"},
        certificate_key_password="secret",
        properties={"Note": "x"},
    )

    assert shown_in_jobs(Peer(url="http://a/")) == ["http://a/"]
    assert shown_in_jobs(plain) == ["http://a/", "u", ""]
    assert shown_in_jobs(rich) == {
        "HttpHeaders": {"Authorization": ""},
        "Note": "x",
        "Pkcs11": False,
        "Timeout": 0,
        "Url": "http://a/",
        "Username": "u",
    }
