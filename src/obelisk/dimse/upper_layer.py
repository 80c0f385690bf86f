"""The upper layer without input or output: bytes in, events out (PS3.8 Section 9).

The owner of a connection puts what it receives into `receive_buffer()`, says how much
it was with `received()`, takes events from `next_event()` until there are none, and
sends what `take_output()` gives. The content of P-DATA is handed on where it was
received, without a copy.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from obelisk.dimse.framing import (
    ASSOCIATE_LENGTH_MAX,
    BUFFER_BYTES,
    Fragment,
    FrameReader,
    Malformed,
)
from obelisk.dimse.items import ContextResult
from obelisk.dimse.pdu import (
    PDU,
    PROTOCOL_VERSION,
    Abort,
    AbortReason,
    AbortSource,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    Buffer,
    RejectResult,
    RejectSource,
    ReleaseReply,
    ReleaseRequest,
    iter_data_pdus,
)
from obelisk.dimse.state_table import (
    NEXT_STATES,
    TRANSITIONS,
    Action,
    State,
    Trigger,
)
from obelisk.errors import ProtocolError

_TRIGGERS: dict[type[PDU], Trigger] = {
    AssociateRequest: Trigger.ASSOCIATE_RQ_RECEIVED,
    AssociateAccept: Trigger.ASSOCIATE_AC_RECEIVED,
    AssociateReject: Trigger.ASSOCIATE_RJ_RECEIVED,
    ReleaseRequest: Trigger.RELEASE_RQ_RECEIVED,
    ReleaseReply: Trigger.RELEASE_RP_RECEIVED,
    Abort: Trigger.ABORT_RECEIVED,
}
_ARTIM_STATES = (State.AWAITING_ASSOCIATE_RQ, State.AWAITING_TRANSPORT_CLOSE)


@dataclass(frozen=True, slots=True)
class Aborted:
    """The association has ended abnormally (A-ABORT or A-P-ABORT indication)."""

    source: int
    reason: int
    message: str


Event = (
    AssociateRequest
    | AssociateAccept
    | AssociateReject
    | ReleaseRequest
    | ReleaseReply
    | Fragment
    | Aborted
)


class UpperLayer:
    """One association, seen from one side.

    Parameters
    ----------
    max_length
        The longest P-DATA-TF PDU that the peer was told it may send, in bytes; 0 for
        no limit. A longer one is a reason to abort.
    is_requestor
        Whether this side requests the association.
    associate_length_max
        The longest A-ASSOCIATE PDU that is read, in bytes.
    buffer_size
        Size of the receive buffer in bytes.
    """

    def __init__(
        self,
        *,
        max_length: int = 16_384,
        is_requestor: bool = False,
        associate_length_max: int = ASSOCIATE_LENGTH_MAX,
        buffer_size: int = BUFFER_BYTES,
    ) -> None:
        self.state = State.IDLE
        self.must_close = False
        self.peer_max_length = 0
        self._is_requestor = is_requestor
        self._reader = FrameReader(max_length, associate_length_max, buffer_size)
        self._events: deque[Event] = deque()
        self._output: list[Buffer] = []
        self._request: AssociateRequest | None = None
        self._context_ids: frozenset[int] = frozenset()
        self._abort = Abort()
        self._message = ""
        self._answer: AssociateAccept | AssociateReject | None = None
        self._received: PDU | None = None
        self._actions = self._bound_actions()

    def _bound_actions(self) -> dict[Action, Callable[[], None]]:
        return {
            Action.AE_2: self._send_request,
            Action.AE_3: self._indicate_accept,
            Action.AE_4: self._indicate_reject,
            Action.AE_6: self._indicate_request,
            Action.AE_7: self._send_answer,
            Action.AE_8: self._send_answer,
            Action.AR_1: self._send_release_request,
            Action.AR_2: self._indicate_release,
            Action.AR_3: self._confirm_release_and_close,
            Action.AR_4: self._send_release_reply,
            Action.AR_8: self._indicate_release,
            Action.AR_9: self._send_release_reply,
            Action.AR_10: self._confirm_release,
            Action.AA_1: self._send_abort,
            Action.AA_2: self._close,
            Action.AA_3: self._indicate_abort_and_close,
            Action.AA_4: self._indicate_provider_abort,
            Action.AA_7: self._send_provider_abort,
            Action.AA_8: self._abort_by_provider,
        }

    # What the local user asks for.

    def associate(self, request: AssociateRequest) -> None:
        """Request an association; the owner then opens the transport connection."""
        self._request = request
        self._fire(Trigger.ASSOCIATE_REQUEST)

    def accept(self, answer: AssociateAccept) -> None:
        """Accept the association that was requested."""
        self._answer = answer
        self._context_ids = _accepted_ids(answer)
        self._fire(Trigger.ASSOCIATE_ACCEPTED)

    def reject(self, answer: AssociateReject) -> None:
        """Reject the association that was requested."""
        self._answer = answer
        self._fire(Trigger.ASSOCIATE_REJECTED)

    def send_data(
        self, context_id: int, payload: Buffer, *, is_command: bool, is_last: bool
    ) -> None:
        """Send a part of a message; the payload is not copied, nor may it change."""
        # DT-1 stays where it is: no need to look it up for every PDU.
        if self.state is not State.ESTABLISHED:
            self._fire(Trigger.DATA_REQUEST)
        for header, part in iter_data_pdus(
            context_id,
            payload,
            is_command=is_command,
            is_last=is_last,
            max_length=self.peer_max_length,
        ):
            self._output.append(header)
            self._output.append(part)

    def release(self) -> None:
        """Ask for the end of the association."""
        self._fire(Trigger.RELEASE_REQUEST)

    def reply_release(self) -> None:
        """Agree to the end of the association."""
        self._fire(Trigger.RELEASE_RESPONSE)

    def abort(self) -> None:
        """Abort the association, as its user."""
        self._abort = Abort()
        self._fire(Trigger.ABORT_REQUEST)

    # What happens to the transport connection.

    def transport_opened(self) -> None:
        """Say that the connection is open."""
        is_waiting = self.state is State.AWAITING_TRANSPORT_OPEN
        self._fire(
            Trigger.TRANSPORT_CONFIRMED if is_waiting else Trigger.TRANSPORT_INDICATED
        )

    def transport_closed(self) -> None:
        """Say that the connection is closed, by whomever."""
        self.must_close = True
        if self.state is not State.IDLE:
            self._abort = Abort(AbortSource.SERVICE_PROVIDER)
            self._message = "the connection was closed"
            self._fire(Trigger.TRANSPORT_CLOSED)

    def artim_expired(self) -> None:
        """Say that the association request/reject/release timer has expired."""
        if self.is_artim_running:
            self._fire(Trigger.ARTIM_EXPIRED)

    @property
    def is_artim_running(self) -> bool:
        """Whether the ARTIM timer runs, which it does in the states Sta2 and Sta13."""
        return self.state in _ARTIM_STATES

    # Bytes in, bytes and events out.

    def receive_buffer(self) -> memoryview:
        """Return the room for the next bytes; fragments given before become invalid."""
        return self._reader.room()

    def received(self, count: int) -> None:
        """Say how many bytes were put into the room of `receive_buffer`."""
        self._reader.received(count)

    def take_output(self) -> list[Buffer]:
        """Return the bytes to send now, in order."""
        output, self._output = self._output, []
        return output

    def next_event(self) -> Event | None:
        """Return what happened next, or `None` when more bytes are needed."""
        while not self._events:
            frame = self._reader.next_frame()
            if frame is None:
                return None
            if self.state is State.IDLE:
                continue
            if isinstance(frame, Fragment):
                if self._receive_fragment(frame):
                    return frame
            elif isinstance(frame, Malformed):
                self._receive_malformed(frame)
            else:
                self._receive_control(frame)
        return self._events.popleft()

    def _receive_fragment(self, fragment: Fragment) -> bool:
        # DT-2 stays where it is, likewise.
        if self.state is not State.ESTABLISHED:
            self._expect_nothing("P-DATA-TF")
            self._fire(Trigger.DATA_TF_RECEIVED)
            if self.state is not State.AWAITING_RELEASE_RP:
                return False
        if fragment.context_id in self._context_ids:
            return True
        self._receive_malformed(
            Malformed(
                AbortReason.INVALID_PDU_PARAMETER_VALUE,
                "a PDV belongs to no accepted presentation context",
            )
        )
        return False

    def _receive_malformed(self, frame: Malformed) -> None:
        self._reader.break_off()
        self._abort = Abort(AbortSource.SERVICE_PROVIDER, frame.reason)
        self._message = frame.message
        self._fire(Trigger.INVALID_PDU_RECEIVED)

    def _receive_control(self, pdu: PDU) -> None:
        self._received = pdu
        self._expect_nothing(type(pdu).__name__)
        self._fire(_TRIGGERS[type(pdu)])

    def _expect_nothing(self, name: str) -> None:
        """Prepare for the case that the PDU that was received comes unexpected."""
        self._abort = Abort(AbortSource.SERVICE_PROVIDER, AbortReason.UNEXPECTED_PDU)
        self._message = f"{name} was not expected"

    # The machine.

    def _fire(self, trigger: Trigger) -> None:
        action = TRANSITIONS[trigger].get(self.state)
        if action is None:
            raise ProtocolError(
                f"{trigger.name} cannot happen in the state {self.state.name}"
            )
        self.state = NEXT_STATES[action]
        if action is Action.AR_8 and not self._is_requestor:
            self.state = State.COLLISION_ACCEPTOR_AWAITING_RELEASE_RP
        perform = self._actions.get(action)
        if perform is not None:
            perform()

    def _send_request(self) -> None:
        assert self._request is not None
        self._output.append(self._request.encode())

    def _indicate_accept(self) -> None:
        assert isinstance(self._received, AssociateAccept)
        self.peer_max_length = self._received.user_information.max_length
        self._context_ids = _accepted_ids(self._received)
        self._events.append(self._received)

    def _indicate_reject(self) -> None:
        assert isinstance(self._received, AssociateReject)
        self._events.append(self._received)
        self.must_close = True

    def _indicate_request(self) -> None:
        assert isinstance(self._received, AssociateRequest)
        if self._received.protocol_version & PROTOCOL_VERSION:
            self.peer_max_length = self._received.user_information.max_length
            self._events.append(self._received)
        else:
            answer = AssociateReject(
                RejectResult.PERMANENT, RejectSource.PROVIDER_ACSE, 2
            )
            self._output.append(answer.encode())
            self.state = State.AWAITING_TRANSPORT_CLOSE

    def _send_answer(self) -> None:
        assert self._answer is not None
        self._output.append(self._answer.encode())

    def _send_release_request(self) -> None:
        self._output.append(ReleaseRequest().encode())

    def _send_release_reply(self) -> None:
        self._output.append(ReleaseReply().encode())

    def _indicate_release(self) -> None:
        self._events.append(ReleaseRequest())

    def _confirm_release(self) -> None:
        self._events.append(ReleaseReply())

    def _confirm_release_and_close(self) -> None:
        self._events.append(ReleaseReply())
        self.must_close = True

    def _close(self) -> None:
        self.must_close = True

    def _send_abort(self) -> None:
        # AA-1 aborts as the service user, whatever the peer did wrong.
        self._output.append(Abort().encode())

    def _send_provider_abort(self) -> None:
        self._output.append(self._abort.encode())

    def _abort_by_provider(self) -> None:
        self._output.append(self._abort.encode())
        self._indicate_provider_abort()

    def _indicate_provider_abort(self) -> None:
        source = AbortSource.SERVICE_PROVIDER
        self._events.append(Aborted(source, self._abort.reason, self._message))

    def _indicate_abort_and_close(self) -> None:
        assert isinstance(self._received, Abort)
        abort = self._received
        self._events.append(Aborted(abort.source, abort.reason, "the peer aborted"))
        self.must_close = True


def _accepted_ids(answer: AssociateAccept) -> frozenset[int]:
    return frozenset(
        context.context_id
        for context in answer.contexts
        if context.result == ContextResult.ACCEPTANCE
    )
