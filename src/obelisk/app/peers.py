"""Builds what knows other servers, and sends to them."""

from obelisk.config import PeerSection
from obelisk.config.peers import read_proxy
from obelisk.index.base import Index
from obelisk.peers.client import PeerClient
from obelisk.peers.connection import PeerSettings
from obelisk.services.peer_transfers import PeerTransfers
from obelisk.services.peers import Peers
from obelisk.services.resources import Resources
from obelisk.services.transcoding import Transcoding


def open_transfers(
    section: PeerSection, index: Index, resources: Resources, transcoding: Transcoding
) -> PeerTransfers:
    """Return the peers of a configuration, with a way to them."""
    settings = PeerSettings(
        timeout_seconds=section.timeout,
        is_verified=section.is_verified,
        authorities=section.authorities,
        proxy=read_proxy(section.proxy),
    )
    configured = None if section.is_in_database else section.peers
    peers = Peers(index, configured)
    return PeerTransfers(peers, PeerClient(settings), resources, transcoding)
