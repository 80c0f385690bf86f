"""What the DICOM server is told; each attribute names the option that it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from obelisk.scp.syntaxes import TransferSyntaxGroup


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """An application entity of DicomModalities.

    Attributes
    ----------
    ae_title
        Its AE title (AET).
    host
        Its IP address or host name (Host).
    allow_echo
        Whether it may send C-ECHO (AllowEcho).
    allow_store
        Whether it may send C-STORE (AllowStore).
    """

    ae_title: str
    host: str
    allow_echo: bool = True
    allow_store: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DICOMServerSettings:
    """Settings of the DICOM server.

    Attributes
    ----------
    ae_title
        The AE title of this server (DicomAet).
    port
        The TCP port; 0 takes a free one (DicomPort).
    host
        The address to listen on; all addresses when empty (no option).
    working_count
        How many C-STOREs are worked on at the same time (DicomThreadsCount). One that
        waits for its peer does not count: idle and slow peers hold nobody up.
    association_limit
        How many associations may be open; the one that is idle for longest makes room
        for the next, which is rejected if none is (no option).
    check_called_aet
        Whether callers must call `ae_title` (DicomCheckCalledAet).
    is_aet_case_sensitive
        Whether upper and lower case differ in AE titles (StrictAetComparison).
    check_caller_host
        Whether a known caller must call from its host (DicomCheckModalityHost).
    always_allow_echo
        Whether anybody may send C-ECHO (DicomAlwaysAllowEcho).
    always_allow_store
        Whether anybody may send C-STORE (DicomAlwaysAllowStore).
    known_callers
        The application entities that are known (DicomModalities).
    timeout_seconds
        How long a peer may be silent; 0 means for ever (DicomScpTimeout).
    artim_seconds
        How long a connection may take to request an association (no option).
    max_length
        The longest P-DATA-TF PDU that peers may send, in bytes (MaximumPduLength).
    accepted_transfer_syntaxes
        UIDs, with the wildcards ``*`` and ``?`` (AcceptedTransferSyntaxes).
    transfer_syntax_groups
        Groups that are accepted or refused whatever that list says
        (DeflatedTransferSyntaxAccepted, JpegTransferSyntaxAccepted, …).
    is_unknown_sop_class_accepted
        Whether any abstract syntax is taken for storage (UnknownSopClassAccepted).
    accepted_sop_classes
        UIDs with wildcards; all storage SOP classes when empty (AcceptedSopClasses).
    rejected_sop_classes
        UIDs with wildcards, taken from the accepted ones (RejectedSopClasses).
    """

    ae_title: str = "ORTHANC"
    port: int = 4242
    host: str = ""
    working_count: int = 4
    association_limit: int = 512
    check_called_aet: bool = False
    is_aet_case_sensitive: bool = False
    check_caller_host: bool = False
    always_allow_echo: bool = True
    always_allow_store: bool = True
    known_callers: tuple[KnownCaller, ...] = ()
    timeout_seconds: float = 30
    artim_seconds: float = 10
    max_length: int = 16_384
    accepted_transfer_syntaxes: tuple[str, ...] = ("1.2.840.10008.1.*",)
    transfer_syntax_groups: Mapping[TransferSyntaxGroup, bool] = field(
        default_factory=dict
    )
    is_unknown_sop_class_accepted: bool = False
    accepted_sop_classes: tuple[str, ...] = ()
    rejected_sop_classes: tuple[str, ...] = ()
