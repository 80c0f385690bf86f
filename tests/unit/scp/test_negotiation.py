import pytest

from obelisk.dimse.items import AnsweredContext, ProposedContext
from obelisk.scp.negotiation import Negotiation
from obelisk.scp.settings import DICOMServerSettings
from obelisk.scp.syntaxes import (
    STORAGE_SOP_CLASSES,
    TRANSFER_SYNTAXES,
    TransferSyntaxGroup,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG = "1.2.840.10008.1.2.2"
JPEG = "1.2.840.10008.1.2.4.50"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
HTJ2K = "1.2.840.10008.1.2.4.201"


def answer(abstract_syntax, *transfer_syntaxes, **settings):
    """Negotiate one presentation context; return the transfer syntax or the result."""
    negotiation = Negotiation(DICOMServerSettings(**settings))
    context = negotiation.answer_context(
        ProposedContext(5, abstract_syntax, transfer_syntaxes)
    )
    assert context.context_id == 5
    return context.result or context.transfer_syntax


# What Orthanc 1.13 chooses, but for its result 3 where the standard has 4 for contexts
# of which only the transfer syntax is unknown.
@pytest.mark.parametrize(
    ("abstract_syntax", "transfer_syntaxes", "expected"),
    [
        (CT, (IMPLICIT, EXPLICIT), IMPLICIT),
        (CT, (EXPLICIT, IMPLICIT), EXPLICIT),
        (CT, (BIG, EXPLICIT, IMPLICIT), BIG),
        (CT, (JPEG, EXPLICIT), JPEG),
        (CT, (IMPLICIT, JPEG), IMPLICIT),
        (CT, (JPEG_2000, JPEG), JPEG_2000),
        (CT, (DEFLATED, IMPLICIT), DEFLATED),
        (CT, (HTJ2K,), HTJ2K),
        (CT, ("1.2.840.10008.1.2.5",), "1.2.840.10008.1.2.5"),
        (CT, ("1.2.840.10008.1.2.7.1",), 4),
        (CT, ("1.2.840.10008.1.20",), 4),
        (CT, ("1.2.3.4",), 4),
        (CT, (), 4),
        (VERIFICATION, (IMPLICIT,), IMPLICIT),
        (VERIFICATION, (BIG,), BIG),
        (VERIFICATION, (JPEG,), 4),
        (VERIFICATION, (DEFLATED,), 4),
        ("1.2.3.4.5", (IMPLICIT,), 3),
        ("1.2.840.10008.5.1.4.1.1.9999", (IMPLICIT,), 3),
        ("1.2.840.10008.1.3.10", (IMPLICIT,), 3),
        ("", (IMPLICIT,), 3),
    ],
)
def test_defaults(abstract_syntax, transfer_syntaxes, expected):
    """By default, contexts are answered as Orthanc answers them."""
    assert answer(abstract_syntax, *transfer_syntaxes) == expected


@pytest.mark.parametrize(
    ("settings", "abstract_syntax", "transfer_syntax", "expected"),
    [
        ({"accepted_transfer_syntaxes": ("1.2.840.10008.1.2.4.*",)}, CT, JPEG, JPEG),
        ({"accepted_transfer_syntaxes": ("1.2.840.10008.1.2.4.*",)}, CT, IMPLICIT, 4),
        ({"accepted_transfer_syntaxes": ("1.2.840.10008.1.2.4.5?",)}, CT, JPEG, JPEG),
        ({"accepted_transfer_syntaxes": (EXPLICIT,)}, CT, EXPLICIT, EXPLICIT),
        ({"accepted_transfer_syntaxes": ("1.2.3",)}, CT, "1.2.3", "1.2.3"),
        ({"accepted_transfer_syntaxes": ("*",)}, CT, "1.2.3", 4),
        ({"accepted_transfer_syntaxes": ()}, CT, IMPLICIT, 4),
        ({"accepted_transfer_syntaxes": ()}, VERIFICATION, IMPLICIT, IMPLICIT),
        ({"transfer_syntax_groups": {TransferSyntaxGroup.JPEG: False}}, CT, JPEG, 4),
        (
            {
                "accepted_transfer_syntaxes": (),
                "transfer_syntax_groups": {TransferSyntaxGroup.JPEG: True},
            },
            CT,
            JPEG,
            JPEG,
        ),
        ({"accepted_sop_classes": (MR,)}, CT, IMPLICIT, 3),
        ({"accepted_sop_classes": (MR,)}, MR, IMPLICIT, IMPLICIT),
        ({"accepted_sop_classes": ("*.1.1.2",)}, CT, IMPLICIT, IMPLICIT),
        ({"accepted_sop_classes": ("1.2.3",)}, "1.2.3", IMPLICIT, IMPLICIT),
        ({"accepted_sop_classes": ("*",)}, "1.2.3", IMPLICIT, 3),
        ({"rejected_sop_classes": (CT,)}, CT, IMPLICIT, 3),
        ({"rejected_sop_classes": (CT,)}, MR, IMPLICIT, IMPLICIT),
        ({"rejected_sop_classes": ("*",)}, VERIFICATION, IMPLICIT, IMPLICIT),
        ({"is_unknown_sop_class_accepted": True}, "1.2.3", IMPLICIT, IMPLICIT),
        ({"is_unknown_sop_class_accepted": True}, "1.2.3", JPEG, JPEG),
        ({"is_unknown_sop_class_accepted": True}, VERIFICATION, JPEG, 4),
        (
            {"is_unknown_sop_class_accepted": True, "rejected_sop_classes": ("1.2.*",)},
            "1.2.3",
            IMPLICIT,
            3,
        ),
        (
            {"is_unknown_sop_class_accepted": True, "accepted_sop_classes": (MR,)},
            CT,
            IMPLICIT,
            3,
        ),
    ],
)
def test_settings(settings, abstract_syntax, transfer_syntax, expected):
    """The options narrow and widen what is accepted."""
    assert answer(abstract_syntax, transfer_syntax, **settings) == expected


def test_brackets_are_no_wildcards():
    """Only `*` and `?` have a meaning in patterns."""
    settings = {"accepted_transfer_syntaxes": ("1.2.840.10008.1.2.4.[5]0",)}

    assert answer(CT, JPEG, **settings) == 4


def test_storage_classes_are_those_of_orthanc():
    """202 of the standard's SOP classes are taken, as by Orthanc 1.13."""
    assert len(STORAGE_SOP_CLASSES) == 202
    assert {CT, MR, "1.2.840.10008.5.1.4.34.7"} <= STORAGE_SOP_CLASSES


def test_transfer_syntaxes_are_those_of_orthanc():
    """The 46 transfer syntaxes that Orthanc 1.13 accepts are known."""
    assert len(TRANSFER_SYNTAXES) == 46


def test_a_rejected_context_names_a_transfer_syntax():
    """The item of a transfer syntax is there, though not significant."""
    negotiation = Negotiation(DICOMServerSettings())
    context = ProposedContext(1, "1.2.3", (JPEG, EXPLICIT))

    assert negotiation.answer_context(context) == AnsweredContext(1, 3, JPEG)


@pytest.mark.parametrize("abstract_syntax", [CT, VERIFICATION])
def test_a_context_without_a_known_transfer_syntax_is_rejected(abstract_syntax):
    """The result says that it is the transfer syntaxes that are not supported."""
    negotiation = Negotiation(DICOMServerSettings())
    context = ProposedContext(1, abstract_syntax, ("1.2.3", "1.2.4"))

    assert negotiation.answer_context(context) == AnsweredContext(1, 4, "1.2.3")


def test_transfer_syntaxes_that_are_set_hold_at_once():
    """Of those that are known; what the configuration said is forgotten."""
    negotiation = Negotiation(DICOMServerSettings())
    context = ProposedContext(1, CT, (JPEG, EXPLICIT))
    assert negotiation.answer_context(context).transfer_syntax == JPEG
    negotiation.accept_transfer_syntaxes([EXPLICIT, "1.2.3.4"])

    assert negotiation.answer_context(context).transfer_syntax == EXPLICIT
    assert negotiation.transfer_syntaxes() == [EXPLICIT]


def test_what_is_accepted_is_listed_in_order():
    """By their numbers, but the transfer syntaxes that came late are last."""
    negotiation = Negotiation(DICOMServerSettings(rejected_sop_classes=(CT,)))
    syntaxes = negotiation.transfer_syntaxes()
    classes = negotiation.sop_classes()

    assert syntaxes[:3] == [IMPLICIT, EXPLICIT, "1.2.840.10008.1.2.1.99"]
    assert syntaxes[-7:-5] == ["1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.110"]
    assert len(classes) == 201
    assert CT not in classes
    assert classes == sorted(classes)
