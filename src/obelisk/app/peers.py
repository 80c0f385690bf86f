"""Builds what knows other servers, and sends to them."""

from obelisk.config import PeerSection
from obelisk.config.peers import read_proxy
from obelisk.index.base import Index
from obelisk.peers.client import PeerClient
from obelisk.peers.connection import PeerSettings
from obelisk.services.peer_transfers import PeerTransfers
from obelisk.services.peers import Peers
from obelisk.services.resources import Resources


def open_transfers(
    section: PeerSection, index: Index, resources: Resources
) -> PeerTransfers:
    """Return the peers of a configuration, with a way to them."""
    settings = PeerSettings(
        timeout_seconds=section.timeout,
        is_verified=section.is_verified,
        authorities=section.authorities,
        proxy=read_proxy(section.proxy),
    )
    configured = None if section.is_in_database else section.peers
    return PeerTransfers(Peers(index, configured), PeerClient(settings), resources)
