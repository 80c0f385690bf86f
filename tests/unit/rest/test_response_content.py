"""`rest.response_content`: what is read for what clients want to see."""

import pytest

from obelisk.index.records import BARE, WHOLE, RowParts
from obelisk.rest.response_content import PARTS, ResponseContent


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (None, WHOLE),
        (PARTS, WHOLE),
        (frozenset(), BARE),
        (frozenset({"MainDicomTags", "Metadata", "IsStable"}), BARE),
        (frozenset({"Children"}), RowParts(labels=False, status=False)),
        (frozenset({"Labels", "Parent"}), RowParts(children=False, status=False)),
        (frozenset({"Status"}), RowParts(children=False, labels=False)),
    ],
)
def test_only_what_is_shown_is_read(parts, expected):
    """Children, labels and the status of series are read if they are asked for."""
    assert ResponseContent(parts=parts).row_parts == expected
