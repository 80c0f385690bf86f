"""The upper layer protocol state machine of PS3.8 Section 9.2: tables and nothing else.

`TRANSITIONS` is Table 9-10; the members of the enumerations are named and numbered as
in Tables 9-1 to 9-9.
"""

from enum import Enum


class State(Enum):
    """The states of an association (PS3.8 Tables 9-1 to 9-5)."""

    IDLE = 1
    AWAITING_ASSOCIATE_RQ = 2
    AWAITING_LOCAL_ASSOCIATE_RESPONSE = 3
    AWAITING_TRANSPORT_OPEN = 4
    AWAITING_ASSOCIATE_REPLY = 5
    ESTABLISHED = 6
    AWAITING_RELEASE_RP = 7
    AWAITING_LOCAL_RELEASE_RESPONSE = 8
    COLLISION_REQUESTOR_AWAITING_LOCAL_RESPONSE = 9
    COLLISION_ACCEPTOR_AWAITING_RELEASE_RP = 10
    COLLISION_REQUESTOR_AWAITING_RELEASE_RP = 11
    COLLISION_ACCEPTOR_AWAITING_LOCAL_RESPONSE = 12
    AWAITING_TRANSPORT_CLOSE = 13


class Trigger(Enum):
    """The events that drive the machine, Evt1 to Evt19 (PS3.8 Table 9-10)."""

    ASSOCIATE_REQUEST = 1
    TRANSPORT_CONFIRMED = 2
    ASSOCIATE_AC_RECEIVED = 3
    ASSOCIATE_RJ_RECEIVED = 4
    TRANSPORT_INDICATED = 5
    ASSOCIATE_RQ_RECEIVED = 6
    ASSOCIATE_ACCEPTED = 7
    ASSOCIATE_REJECTED = 8
    DATA_REQUEST = 9
    DATA_TF_RECEIVED = 10
    RELEASE_REQUEST = 11
    RELEASE_RQ_RECEIVED = 12
    RELEASE_RP_RECEIVED = 13
    RELEASE_RESPONSE = 14
    ABORT_REQUEST = 15
    ABORT_RECEIVED = 16
    TRANSPORT_CLOSED = 17
    ARTIM_EXPIRED = 18
    INVALID_PDU_RECEIVED = 19


class Action(Enum):
    """What is done on a transition (PS3.8 Tables 9-6 to 9-9)."""

    AE_1 = "AE-1"
    AE_2 = "AE-2"
    AE_3 = "AE-3"
    AE_4 = "AE-4"
    AE_5 = "AE-5"
    AE_6 = "AE-6"
    AE_7 = "AE-7"
    AE_8 = "AE-8"
    DT_1 = "DT-1"
    DT_2 = "DT-2"
    AR_1 = "AR-1"
    AR_2 = "AR-2"
    AR_3 = "AR-3"
    AR_4 = "AR-4"
    AR_5 = "AR-5"
    AR_6 = "AR-6"
    AR_7 = "AR-7"
    AR_8 = "AR-8"
    AR_9 = "AR-9"
    AR_10 = "AR-10"
    AA_1 = "AA-1"
    AA_2 = "AA-2"
    AA_3 = "AA-3"
    AA_4 = "AA-4"
    AA_5 = "AA-5"
    AA_6 = "AA-6"
    AA_7 = "AA-7"
    AA_8 = "AA-8"


# Every action leads to one state, but AE-6 (which may reject) and AR-8 (which depends
# on the role); for these two it is the state of the accepting, requesting side.
NEXT_STATES: dict[Action, State] = {
    Action.AE_1: State.AWAITING_TRANSPORT_OPEN,
    Action.AE_2: State.AWAITING_ASSOCIATE_REPLY,
    Action.AE_3: State.ESTABLISHED,
    Action.AE_4: State.IDLE,
    Action.AE_5: State.AWAITING_ASSOCIATE_RQ,
    Action.AE_6: State.AWAITING_LOCAL_ASSOCIATE_RESPONSE,
    Action.AE_7: State.ESTABLISHED,
    Action.AE_8: State.AWAITING_TRANSPORT_CLOSE,
    Action.DT_1: State.ESTABLISHED,
    Action.DT_2: State.ESTABLISHED,
    Action.AR_1: State.AWAITING_RELEASE_RP,
    Action.AR_2: State.AWAITING_LOCAL_RELEASE_RESPONSE,
    Action.AR_3: State.IDLE,
    Action.AR_4: State.AWAITING_TRANSPORT_CLOSE,
    Action.AR_5: State.IDLE,
    Action.AR_6: State.AWAITING_RELEASE_RP,
    Action.AR_7: State.AWAITING_LOCAL_RELEASE_RESPONSE,
    Action.AR_8: State.COLLISION_REQUESTOR_AWAITING_LOCAL_RESPONSE,
    Action.AR_9: State.COLLISION_REQUESTOR_AWAITING_RELEASE_RP,
    Action.AR_10: State.COLLISION_ACCEPTOR_AWAITING_LOCAL_RESPONSE,
    Action.AA_1: State.AWAITING_TRANSPORT_CLOSE,
    Action.AA_2: State.IDLE,
    Action.AA_3: State.IDLE,
    Action.AA_4: State.IDLE,
    Action.AA_5: State.IDLE,
    Action.AA_6: State.AWAITING_TRANSPORT_CLOSE,
    Action.AA_7: State.AWAITING_TRANSPORT_CLOSE,
    Action.AA_8: State.AWAITING_TRANSPORT_CLOSE,
}

_PROVIDER_ABORTS = {state: Action.AA_8 for state in State if 5 <= state.value <= 12}

# Table 9-10, one row per event; a missing cell cannot happen, or is a local mistake.
TRANSITIONS: dict[Trigger, dict[State, Action]] = {
    Trigger.ASSOCIATE_REQUEST: {State.IDLE: Action.AE_1},
    Trigger.TRANSPORT_CONFIRMED: {State.AWAITING_TRANSPORT_OPEN: Action.AE_2},
    Trigger.ASSOCIATE_AC_RECEIVED: {
        State.AWAITING_ASSOCIATE_RQ: Action.AA_1,
        State.AWAITING_LOCAL_ASSOCIATE_RESPONSE: Action.AA_8,
        **_PROVIDER_ABORTS,
        State.AWAITING_ASSOCIATE_REPLY: Action.AE_3,
        State.AWAITING_TRANSPORT_CLOSE: Action.AA_6,
    },
    Trigger.ASSOCIATE_RJ_RECEIVED: {
        State.AWAITING_ASSOCIATE_RQ: Action.AA_1,
        State.AWAITING_LOCAL_ASSOCIATE_RESPONSE: Action.AA_8,
        **_PROVIDER_ABORTS,
        State.AWAITING_ASSOCIATE_REPLY: Action.AE_4,
        State.AWAITING_TRANSPORT_CLOSE: Action.AA_6,
    },
    Trigger.TRANSPORT_INDICATED: {State.IDLE: Action.AE_5},
    Trigger.ASSOCIATE_RQ_RECEIVED: {
        State.AWAITING_ASSOCIATE_RQ: Action.AE_6,
        State.AWAITING_LOCAL_ASSOCIATE_RESPONSE: Action.AA_8,
        **_PROVIDER_ABORTS,
        State.AWAITING_TRANSPORT_CLOSE: Action.AA_7,
    },
    Trigger.ASSOCIATE_ACCEPTED: {
        State.AWAITING_LOCAL_ASSOCIATE_RESPONSE: Action.AE_7,
    },
    Trigger.ASSOCIATE_REJECTED: {
        State.AWAITING_LOCAL_ASSOCIATE_RESPONSE: Action.AE_8,
    },
    Trigger.DATA_REQUEST: {
        State.ESTABLISHED: Action.DT_1,
        State.AWAITING_LOCAL_RELEASE_RESPONSE: Action.AR_7,
    },
    Trigger.DATA_TF_RECEIVED: {
        State.AWAITING_ASSOCIATE_RQ: Action.AA_1,
        State.AWAITING_LOCAL_ASSOCIATE_RESPONSE: Action.AA_8,
        **_PROVIDER_ABORTS,
        State.ESTABLISHED: Action.DT_2,
        State.AWAITING_RELEASE_RP: Action.AR_6,
        State.AWAITING_TRANSPORT_CLOSE: Action.AA_6,
    },
    Trigger.RELEASE_REQUEST: {State.ESTABLISHED: Action.AR_1},
    Trigger.RELEASE_RQ_RECEIVED: {
        State.AWAITING_ASSOCIATE_RQ: Action.AA_1,
        State.AWAITING_LOCAL_ASSOCIATE_RESPONSE: Action.AA_8,
        **_PROVIDER_ABORTS,
        State.ESTABLISHED: Action.AR_2,
        State.AWAITING_RELEASE_RP: Action.AR_8,
        State.AWAITING_TRANSPORT_CLOSE: Action.AA_6,
    },
    Trigger.RELEASE_RP_RECEIVED: {
        State.AWAITING_ASSOCIATE_RQ: Action.AA_1,
        State.AWAITING_LOCAL_ASSOCIATE_RESPONSE: Action.AA_8,
        **_PROVIDER_ABORTS,
        State.AWAITING_RELEASE_RP: Action.AR_3,
        State.COLLISION_ACCEPTOR_AWAITING_RELEASE_RP: Action.AR_10,
        State.COLLISION_REQUESTOR_AWAITING_RELEASE_RP: Action.AR_3,
        State.AWAITING_TRANSPORT_CLOSE: Action.AA_6,
    },
    Trigger.RELEASE_RESPONSE: {
        State.AWAITING_LOCAL_RELEASE_RESPONSE: Action.AR_4,
        State.COLLISION_REQUESTOR_AWAITING_LOCAL_RESPONSE: Action.AR_9,
        State.COLLISION_ACCEPTOR_AWAITING_LOCAL_RESPONSE: Action.AR_4,
    },
    Trigger.ABORT_REQUEST: {
        State.AWAITING_LOCAL_ASSOCIATE_RESPONSE: Action.AA_1,
        State.AWAITING_TRANSPORT_OPEN: Action.AA_2,
        **dict.fromkeys(_PROVIDER_ABORTS, Action.AA_1),
    },
    Trigger.ABORT_RECEIVED: {
        State.AWAITING_ASSOCIATE_RQ: Action.AA_2,
        State.AWAITING_LOCAL_ASSOCIATE_RESPONSE: Action.AA_3,
        **dict.fromkeys(_PROVIDER_ABORTS, Action.AA_3),
        State.AWAITING_TRANSPORT_CLOSE: Action.AA_2,
    },
    Trigger.TRANSPORT_CLOSED: {
        State.AWAITING_ASSOCIATE_RQ: Action.AA_5,
        State.AWAITING_LOCAL_ASSOCIATE_RESPONSE: Action.AA_4,
        State.AWAITING_TRANSPORT_OPEN: Action.AA_4,
        **dict.fromkeys(_PROVIDER_ABORTS, Action.AA_4),
        State.AWAITING_TRANSPORT_CLOSE: Action.AR_5,
    },
    Trigger.ARTIM_EXPIRED: {
        State.AWAITING_ASSOCIATE_RQ: Action.AA_2,
        State.AWAITING_TRANSPORT_CLOSE: Action.AA_2,
    },
    Trigger.INVALID_PDU_RECEIVED: {
        State.AWAITING_ASSOCIATE_RQ: Action.AA_1,
        State.AWAITING_LOCAL_ASSOCIATE_RESPONSE: Action.AA_8,
        **_PROVIDER_ABORTS,
        State.AWAITING_TRANSPORT_CLOSE: Action.AA_7,
    },
}
