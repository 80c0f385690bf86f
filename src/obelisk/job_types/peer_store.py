"""Instances that are sent to another server by HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Self

from obelisk.errors import ServerError
from obelisk.jobs.base import JSON, Continue, Done, JobServices
from obelisk.jobs.instances import InstancesJob


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerStore(InstancesJob):
    """Sends instances to a peer.

    The cursor is the number of instances that were sent, and how many bytes that were.

    Attributes
    ----------
    peer
        The name of the peer. What it is, and its password, is looked up at each step,
        and not kept with the job.
    shown_peer
        What users are told about it.
    is_packed
        Whether the files are compressed on their way.
    transfer_syntax
        The one that all are sent in, empty for the one that each has.
    """

    name: ClassVar[str] = "OrthancPeerStore"

    peer: str
    shown_peer: JSON
    is_packed: bool = False
    transfer_syntax: str = ""

    @property
    def destination(self) -> str:
        """See `Job.destination`."""
        return f"peer {self.peer}"

    def arguments(self) -> JSON:
        """See `Job.arguments`."""
        # Not `super()`, as `slots=True` makes another class.
        return {
            **InstancesJob.arguments(self),
            "Compress": self.is_packed,
            "Peer": self.peer,
            "ShownPeer": self.shown_peer,
            "Transcode": self.transfer_syntax,
        }

    @classmethod
    def from_arguments(cls, arguments: JSON) -> Self:
        """See `Job.from_arguments`."""
        return cls(
            **cls.fields_from(arguments),
            peer=arguments["Peer"],
            shown_peer=arguments["ShownPeer"],
            is_packed=arguments["Compress"],
            transfer_syntax=arguments["Transcode"],
        )

    def content(self) -> Mapping[str, JSON]:
        """See `Job.content`."""
        shown = {
            **InstancesJob.content(self),
            **_sizes(0),
            "Compress": self.is_packed,
            "Peer": self.shown_peer,
        }
        if self.transfer_syntax:
            shown["Transcode"] = self.transfer_syntax
        if not self.resources:
            del shown["ParentResources"], shown["Resources"]
        return shown

    def step(self, services: JobServices, cursor: JSON) -> Continue | Done:
        """See `Job.step`."""
        position, size = cursor or (0, 0)
        sent: list[int] = []
        work = partial(self._send, services, sent)
        return _with_size(self.each(position, work), size + sum(sent))

    def _send(
        self, services: JobServices, sent: list[int], id_: str
    ) -> Sequence[ServerError]:
        transfers = services.transfers
        with (
            transfers.link(self.peer) as link,
            services.interruption.closing(link.abort),
        ):
            size = transfers.send(
                link,
                id_,
                is_packed=self.is_packed,
                transfer_syntax=self.transfer_syntax,
            )
        sent.append(size)
        return ()

    def skip(self, cursor: JSON, error: ServerError) -> Continue | Done | None:
        """See `Job.skip`."""
        position, size = cursor or (0, 0)
        outcome = InstancesJob.skip(self, position, error)
        return None if outcome is None else _with_size(outcome, size)


def _with_size(outcome: Continue | Done, size: int) -> Continue | Done:
    """Tell how many bytes were sent, and keep that for the next step."""
    if isinstance(outcome, Continue):
        outcome = replace(outcome, cursor=(outcome.cursor, size))
    return replace(outcome, content=_sizes(size))


def _sizes(size: int) -> dict[str, JSON]:
    return {"Size": str(size), "SizeMB": size // 1_048_576}
