"""The DICOM conformance statement of the server (PS3.2), as plain text."""

from collections.abc import Iterator, Sequence

from obelisk import __version__
from obelisk.dicom.dictionary import SOP_CLASSES, TRANSFER_SYNTAXES
from obelisk.dicom.implementation import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
)
from obelisk.rest.acceptance import Acceptance

_VERIFICATION = "1.2.840.10008.1.1"


def conformance_statement(acceptance: Acceptance) -> str:
    """Say what the DICOM server does with what is accepted at the moment."""
    return "\n".join(_lines(acceptance)) + "\n"


def _lines(acceptance: Acceptance) -> Iterator[str]:
    yield from _heading("DICOM Conformance Statement of Obelisk", "=")
    yield "Implementation"
    yield from _table(
        [
            ("Version", __version__),
            ("Implementation Class UID", IMPLEMENTATION_CLASS_UID),
            ("Implementation Version Name", IMPLEMENTATION_VERSION_NAME),
        ]
    )
    yield from _heading("Verification Service Class, as an SCP (PS3.4 Annex A)")
    yield from _table(_named([_VERIFICATION]))
    yield from _heading("Storage Service Class, as an SCP (PS3.4 Annex B)")
    yield "Level 2 (full): all attributes are kept, and the dataset is not changed."
    yield ""
    yield from _table(_named(acceptance.sop_classes()))
    if acceptance.is_unknown_sop_class_accepted:
        yield "SOP classes that are not in the standard are taken, too."
        yield ""
    yield from _heading("Transfer Syntaxes of the Storage Service Class")
    yield "The first proposed one that is in this list is chosen."
    yield ""
    yield from _table(_named(acceptance.transfer_syntaxes()))
    yield from _heading("Association Policies")
    yield "Extended negotiation and asynchronous operations are not supported."


def _heading(text: str, mark: str = "-") -> list[str]:
    return ["", text, mark * len(text), ""]


def _named(uids: Sequence[str]) -> list[tuple[str, str]]:
    known = SOP_CLASSES | TRANSFER_SYNTAXES
    return [(known.get(uid, "Private"), uid) for uid in uids]


def _table(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return [*(f"  {name:<{width}} | {value}" for name, value in rows), ""]
