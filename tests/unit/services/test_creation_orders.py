"""Tests of orders that wait in the storage area."""

import pytest

from obelisk.dicom.creation import TagOptions
from obelisk.dicom.writing import Blob
from obelisk.errors import ContentGoneError
from obelisk.services.creation_orders import CreationOrder, KeptOrders
from obelisk.services.embedding import NewContent, NewFile, bytes_blob

_CONTENTS = [
    [("image/png", b"one"), ("image/png", b"")],
    [("application/pdf", b"x" * 3_000_000)],
]
_ORDER = CreationOrder(
    tags={"PatientName": "Ä", "ReferencedStudySequence": [{"Modality": "OT"}]},
    contents=[
        NewContent(
            files=[NewFile(kind, bytes_blob(content)) for kind, content in files],
            tags={"ImageComments": str(number)},
            transfer_syntax_uid="1.2",
            is_encapsulated=True,
            is_multi_frame=number == 0,
        )
        for number, files in enumerate(_CONTENTS)
    ],
    is_series=True,
    parent="a-b",
    options=TagOptions("Me", is_binary_interpreted=False, is_forced=True),
)


@pytest.fixture
def orders(house):
    """Return what keeps orders."""
    return KeptOrders(house.storage)


def _files(content):
    found = []
    for one in content.files:
        found.append((one.media_type, b"".join(map(bytes, one.content.read()))))
        assert one.content.size == len(found[-1][1])
    return found


@pytest.mark.parametrize("order", [_ORDER, CreationOrder(tags={}, is_bare=True)])
def test_an_order_comes_back(orders, order):
    """With all that it says, and each content."""
    kept = orders.keep(order)
    found = orders.open(kept.pending.key)

    fields = ("tags", "is_series", "parent", "options", "is_bare", "instance_count")
    for name in fields:
        assert getattr(found, name) == getattr(order, name)
    for one, other in zip(found.contents, order.contents, strict=True):
        for name in NewContent.__slots__:
            if name != "files":
                assert getattr(one, name) == getattr(other, name)
        assert _files(one) == _files(other)


def test_the_same_order_has_the_same_digest(orders):
    """Another one has another."""
    digests = [orders.keep(order).digest for order in (_ORDER, _ORDER)]
    other = orders.keep(CreationOrder(tags={"PatientName": "B"}))

    assert len({*digests, other.digest}) == 2


def test_what_cannot_be_written_leaves_nothing(house, orders):
    """A content that cannot be read ends the writing."""

    def read():
        yield b"x"
        raise ContentGoneError

    broken = NewContent(files=[NewFile("application/pdf", Blob(2, read))])
    with pytest.raises(ContentGoneError):
        orders.keep(CreationOrder(tags={}, contents=[broken]))

    assert house.files() == []
