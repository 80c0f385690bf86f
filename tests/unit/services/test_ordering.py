import pytest

from obelisk.services.ordering import UnorderableSlicesError, order_slices, slice_of

_AXIAL = "1\\0\\0\\0\\1\\0"
_CORONAL = "1\\0\\0\\0\\0\\-1"


def make_slice(name, index=None, position=None, orientation=_AXIAL, **attributes):
    """Return a slice at a height."""
    if position is not None:
        attributes |= {
            "ImagePositionPatient": f"0\\0\\{position}",
            "ImageOrientationPatient": orientation,
        }
    return slice_of(name, index, attributes)


def names(ordered):
    """Return the ids in their order."""
    return [one.id for one in ordered.slices]


def test_parallel_slices_follow_their_positions():
    """Their numbers do not matter."""
    ordered = order_slices(
        "s", [make_slice("a", 1, 5), make_slice("b", 2, -5), make_slice("c", 3, 0)]
    )

    assert ordered.is_volume
    assert names(ordered) == ["b", "c", "a"]


@pytest.mark.parametrize(
    "other",
    [
        make_slice("b", 1, 5),
        make_slice("b", 1, 7, _CORONAL),
        make_slice("b", 1),
        make_slice("b", 1, 7, "0\\0\\0\\0\\0\\0"),
        make_slice("b", 1, "x"),
        make_slice("b", 1, 7, NumberOfFrames="2"),
    ],
    ids=["same place", "not parallel", "no place", "no normal", "no number", "frames"],
)
def test_other_slices_follow_their_numbers(other):
    """Whatever makes them no volume."""
    ordered = order_slices("s", [make_slice("a", 2, 5), other])

    assert not ordered.is_volume
    assert names(ordered) == ["b", "a"]


def test_slices_without_anything_have_no_order():
    """A single one needs none."""
    assert names(order_slices("s", [make_slice("a")])) == ["a"]
    with pytest.raises(UnorderableSlicesError):
        order_slices("s", [make_slice("a"), make_slice("b", 1)])
