"""The order of the slices of a series: in space, or else as they are numbered."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from obelisk.errors import ServerError

#: How much the directions of two parallel slices may differ.
_TOLERANCE = 1e-4

_Vector = tuple[float, float, float]


class UnorderableSlicesError(ServerError):
    """The instances of a series have neither positions nor numbers."""

    def __init__(self, series_id: str) -> None:
        super().__init__(f"Unable to order the slices of series {series_id}")


@dataclass(frozen=True, slots=True)
class Slice:
    """One instance of a series.

    `position` is where it lies along the normal of the slices, and `direction` that
    normal; both are `None` if its attributes do not tell.
    """

    id: str
    frame_count: int
    index: int | None
    position: _Vector | None
    normal: _Vector | None


@dataclass(frozen=True, slots=True)
class OrderedSlices:
    """The instances of a series in order; a volume has them parallel and apart."""

    is_volume: bool
    slices: list[Slice]


def slice_of(id_: str, index: int | None, attributes: dict[str, Any]) -> Slice:
    """Describe an instance by its main attributes."""
    position = _numbers(attributes.get("ImagePositionPatient"), 3)
    orientation = _numbers(attributes.get("ImageOrientationPatient"), 6)
    frames = str(attributes.get("NumberOfFrames", "")).strip()
    return Slice(
        id=id_,
        frame_count=int(frames) if frames.isascii() and frames.isdigit() else 1,
        index=index,
        position=None if position is None else (position[0], position[1], position[2]),
        normal=None if orientation is None else _normal(orientation),
    )


def order_slices(series_id: str, slices: Sequence[Slice]) -> OrderedSlices:
    """Put the slices of a series in order.

    Raises
    ------
    UnorderableSlicesError
        If their attributes give none.
    """
    placed = _placed(slices)
    if placed is not None:
        return OrderedSlices(is_volume=True, slices=placed)
    if len(slices) > 1 and any(one.index is None for one in slices):
        raise UnorderableSlicesError(series_id)
    numbered = sorted(slices, key=lambda one: (one.index or 0, one.id))
    return OrderedSlices(is_volume=False, slices=numbered)


def _placed(slices: Sequence[Slice]) -> list[Slice] | None:
    """Sort slices along their normal; `None` if they are no volume."""
    if len(slices) < 2:
        return None
    normal = slices[0].normal
    if normal is None:
        return None
    found: list[tuple[float, Slice]] = []
    for one in slices:
        if one.position is None or one.normal is None or one.frame_count != 1:
            return None
        if abs(abs(_dot(normal, one.normal)) - 1) > _TOLERANCE:
            return None
        found.append((_dot(normal, one.position), one))
    found.sort(key=lambda pair: pair[0])
    places = [place for place, _ in found]
    if any(other - one <= _TOLERANCE for one, other in pairwise(places)):
        return None
    return [one for _, one in found]


def _numbers(value: object, count: int) -> list[float] | None:
    if not isinstance(value, str):
        return None
    try:
        numbers = [float(text) for text in value.split("\\")]
    except ValueError:
        return None
    return numbers if len(numbers) == count else None


def _normal(orientation: Sequence[float]) -> _Vector | None:
    """Return the unit vector that is perpendicular to rows and columns."""
    a, b, c, x, y, z = orientation
    crossed = (b * z - c * y, c * x - a * z, a * y - b * x)
    length = _dot(crossed, crossed) ** 0.5
    if not length:
        return None
    return (crossed[0] / length, crossed[1] / length, crossed[2] / length)


def _dot(one: _Vector, other: _Vector) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
