"""Builds the HTTP workers: in the main process, and in each of them."""

import logging
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace

from obelisk.app.node import Node
from obelisk.app.serving import server_settings, wait_for_requests
from obelisk.app.sharing import Share
from obelisk.app.tracing import start_tracing
from obelisk.config import Config
from obelisk.errors import ServerError
from obelisk.http.server import HTTPServer
from obelisk.metrics.merging import Former, Report
from obelisk.rest.stateless import Statelessness
from obelisk.services.health import OK
from obelisk.workers.channel import Channel
from obelisk.workers.crew import Crew
from obelisk.workers.lane import Lane
from obelisk.workers.member import Duties, Member
from obelisk.workers.nursery import Nursery
from obelisk.workers.tally import Tally

_FAILED = 1

_log = logging.getLogger("obelisk.http")


def make_crew(
    config: Config, share: Share, listeners: Sequence[socket.socket]
) -> Crew | None:
    """Return the workers beside this process, if there are any; none runs yet.

    This process forks: it must have no threads, and nothing open that it should have
    for itself.
    """
    count = share.process_count - 1
    if not count:
        return None
    tally, lanes = Tally(count), [Lane() for _ in range(count)]

    def work(place: int, channel: Channel) -> int:
        part = replace(share, is_main=False)
        return _serve(
            config,
            part,
            lanes[place],
            lambda check: Member(channel, place, tally, check),
        )

    return Crew(lanes, Nursery(work, listeners), tally)


def start_crew(crew: Crew, node: Node, server: HTTPServer) -> None:
    """Start the workers, and let the main process know of them."""
    former = Former()
    crew.on_loss = former.add

    def ask() -> list[Report]:
        return [former.report(), *crew.ask()]

    node.monitoring.ask_others = ask
    node.live_settings.tell = crew.tell_settings
    node.health.add("HttpWorkers", lambda: crew.check() or OK)
    crew.start(server.adopt, node.live_settings.state)


def _serve(
    config: Config,
    share: Share,
    lane: Lane,
    join: Callable[[Callable[[str, str], bool]], Member],
) -> int:
    """Answer requests until the main process says that it is enough."""
    try:
        start_tracing(config)
        node = Node(config, share)
    except (ServerError, OSError) as error:
        _log.error("An HTTP worker cannot start: %s", error)
        return _FAILED
    member = join(Statelessness(node.router).covers)
    settings = server_settings(config.http, node, share, member)
    server = HTTPServer([lane], node.application, settings)
    server.start()
    duties = Duties(node.live_settings.take_over, node.report)
    if not member.run(duties):
        os._exit(_FAILED)  # the next start finds what was pending
    node.admission.note_progress()
    server.refuse()
    if not wait_for_requests(server, node):
        _log.warning("Requests that did not end are cut off")
    node.close()
    return 0
