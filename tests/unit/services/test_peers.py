"""Tests of the list of peers, in memory and in the index."""

import pytest

from obelisk.config import Peer
from obelisk.errors import NotFoundError, StorageError, UnknownNameError
from obelisk.services.peers import Peers

ONE = Peer(url="http://one/", username="u", password="p", headers={"a": "b"})
TWO = Peer(url="http://two/", timeout_seconds=4, properties={"Note": "x"})


@pytest.fixture(params=["memory", "index"])
def peers(house, request):
    """An empty list of peers."""
    return Peers(house.index, {} if request.param == "memory" else None)


def test_peers_come_and_go(peers):
    """In the order of their names."""
    peers.put("b", ONE)
    peers.put("a", ONE)
    peers.put("a", TWO)

    assert list(peers.all().items()) == [("a", TWO), ("b", ONE)]
    assert peers.get("a") == TWO
    peers.delete("a")
    assert list(peers.all()) == ["b"]


def test_who_is_unknown(peers):
    """The errors are two, as with Orthanc."""
    with pytest.raises(NotFoundError) as caught:
        peers.get("a")
    with pytest.raises(UnknownNameError):
        peers.delete("a")

    assert not isinstance(caught.value, UnknownNameError)


def test_peers_of_the_index_outlive_the_server(house):
    """Those of the configuration do not count then, and the others are forgotten."""
    Peers(house.index, None).put("a", ONE)
    Peers(house.index, {}).put("b", TWO)

    assert Peers(house.index, None).all() == {"a": ONE}
    assert Peers(house.index, {"c": TWO}).all() == {"c": TWO}


def test_changes_leave_the_configuration_alone(house):
    """It is read once."""
    configured = {"a": ONE}
    peers = Peers(house.index, configured)
    peers.delete("a")

    assert configured == {"a": ONE}


def test_a_peer_whose_certificate_is_gone(house, tmp_path):
    """It says so when it is wanted."""
    file = tmp_path / "certificate"
    file.write_text("x")
    peers = Peers(house.index, None)
    peers.put("a", Peer(url="https://a/", certificate_file=str(file)))
    file.unlink()

    with pytest.raises(StorageError, match="no certificate or key"):
        peers.get("a")
