"""The DICOM server: associations in, operations dispatched to what performs them."""

import logging

from obelisk.dimse.acceptor import Acceptor, AcceptorSettings
from obelisk.dimse.association import Association
from obelisk.dimse.commands import RESPONSE, CommandField, Status
from obelisk.dimse.message import Message
from obelisk.dimse.pdu import AssociateRequest
from obelisk.errors import ProtocolError
from obelisk.metrics.registry import OFF, Metrics
from obelisk.scp.access import AccessControl
from obelisk.scp.negotiation import Negotiation
from obelisk.scp.settings import DICOMServerSettings
from obelisk.scp.storage import Receiver, StorageSCP
from obelisk.services.ingest import Origin
from obelisk.telemetry.context import context
from obelisk.telemetry.tracing import TRACER, Kind, child

_log = logging.getLogger(__name__)

_C_STORE_RQ = int(CommandField.C_STORE_RQ)
_SERVICES = {
    int(field): field.name.removesuffix("_RQ").replace("_", "-")
    for field in CommandField
}
_PERFORMED = frozenset((_C_STORE_RQ, int(CommandField.C_ECHO_RQ)))


def _service(message: Message) -> str:
    return _SERVICES.get(message.command.field, "other")


class DICOMServer:
    """Serves C-ECHO and C-STORE, with a thread for each association.

    Parameters
    ----------
    settings
        Everything that can be configured.
    ingest
        Where the instances go that are received.
    negotiation
        What is accepted; it may change while the server runs.
    metrics
        Where associations and operations are noted.
    """

    def __init__(
        self,
        settings: DICOMServerSettings,
        ingest: Receiver,
        negotiation: Negotiation,
        metrics: Metrics = OFF,
    ) -> None:
        self._metrics = metrics
        self._access = AccessControl(settings)
        self._negotiation = negotiation
        self._storage = StorageSCP(ingest, self._negotiation, settings.working_count)
        self._acceptor = Acceptor(
            AcceptorSettings(
                port=settings.port,
                host=settings.host,
                max_length=settings.max_length,
                timeout_seconds=settings.timeout_seconds,
                artim_seconds=settings.artim_seconds,
                association_limit=settings.association_limit,
            ),
            self._serve,
        )

    @property
    def port(self) -> int:
        """The TCP port on which it listens."""
        return self._acceptor.port

    @property
    def association_count(self) -> int:
        """The number of connections that are open."""
        return self._acceptor.association_count

    @property
    def is_listening(self) -> bool:
        """Whether associations are accepted."""
        return self._acceptor.is_listening

    def start(self) -> None:
        """Start to listen.

        Raises
        ------
        UnavailableError
            If the port cannot be listened on.
        """
        self._acceptor.start()

    def stop(self, timeout_seconds: float) -> None:
        """Stop: refuse new associations, let each C-STORE in progress be answered.

        Associations that are idle are aborted at once, the others after their
        operation, and what takes longer than `timeout_seconds` is cut off.
        """
        self._acceptor.stop(timeout_seconds)

    def _serve(
        self, association: Association, request: AssociateRequest, address: str
    ) -> None:
        with (
            context(aet=request.calling_aet.strip()),
            TRACER.start("association", Kind.SERVER) as span,
        ):
            span.set({"network.peer.address": address})
            self._serve_named(association, request, address)

    def _serve_named(
        self, association: Association, request: AssociateRequest, address: str
    ) -> None:
        calling_aet = request.calling_aet.strip()
        rejection = self._access.check_request(request, address)
        if rejection is not None:
            _log.warning(
                "Association of AET %r from %s rejected (reason %d)",
                calling_aet,
                address,
                rejection.reason,
            )
            self._count("rejected")
            association.reject(rejection)
            return
        self._count("accepted")
        _log.info("Association of AET %r from %s accepted", calling_aet, address)
        association.accept(request, self._negotiation.answer(request))
        origin = Origin(
            "DicomProtocol",
            remote_ip=address,
            remote_aet=calling_aet,
            called_aet=request.called_aet.strip(),
        )
        while (message := association.read_message()) is not None:
            with child(_service(message), Kind.SERVER) as span:
                status = self._note(association, message, origin)
                if status is not None and span.is_recorded:
                    span.has_failed = status is not Status.SUCCESS
                    span.set({"dicom.status": f"{status:04X}"})
        # Does nothing after a release; when the server stops, the peer is told.
        association.abort()
        _log.info("Association of AET %r from %s ended", calling_aet, address)

    def _count(self, outcome: str) -> None:
        if self._metrics.is_enabled:
            self._metrics.associations.of(outcome).add()

    def _note(
        self, association: Association, message: Message, origin: Origin
    ) -> Status | None:
        """Perform an operation; note which it was, its status and its duration."""
        if not self._metrics.is_enabled:
            return self._perform(association, message, origin)
        begun = self._metrics.begin_operation()
        status: Status | None = None
        try:
            status = self._perform(association, message, origin)
        finally:
            self._metrics.end_operation(begun, _service(message), status)
        return status

    def _perform(
        self, association: Association, message: Message, origin: Origin
    ) -> Status | None:
        """Perform an operation; return the status of the answer, if there was one."""
        field = message.command.field
        if field in _PERFORMED:
            if not self._access.is_allowed(
                field, origin.remote_aet or "", origin.remote_ip or ""
            ):
                association.abort()
                raise ProtocolError(
                    f"AET {origin.remote_aet!r} may not do operation {field:04x}"
                )
            if field == _C_STORE_RQ:
                return self._storage.perform(association, message, origin)
            return self._answer(association, message, Status.SUCCESS)
        if field == CommandField.C_CANCEL_RQ:
            association.skip_dataset()
            return None
        if field & RESPONSE:
            association.abort()
            raise ProtocolError("a response came without a request")
        return self._answer(association, message, Status.UNRECOGNIZED_OPERATION)

    def _answer(
        self, association: Association, message: Message, status: Status
    ) -> Status:
        association.skip_dataset()
        association.send_response(message, status)
        return status
