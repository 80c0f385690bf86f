"""Where an instance stands in its series, and how many instances a series announces."""

import re
from collections.abc import Mapping

_INSTANCE_NUMBER = 0x00200013
_IMAGE_INDEX = 0x00541330
_IMAGES_IN_ACQUISITION = 0x00201002
_NUMBER_OF_TEMPORAL_POSITIONS = 0x00200105
_NUMBER_OF_SLICES = 0x00540081
_NUMBER_OF_TIME_SLICES = 0x00540101
_CARDIAC_NUMBER_OF_IMAGES = 0x00181090

_COUNTS = (
    (_IMAGES_IN_ACQUISITION, _NUMBER_OF_TEMPORAL_POSITIONS),
    (_NUMBER_OF_SLICES, _NUMBER_OF_TIME_SLICES),
    (_CARDIAC_NUMBER_OF_IMAGES,),
)

_INTEGER = re.compile(r"[+-]?[0-9]{1,12}")
_NUMBER_MAX = 2**31 - 1


def _integer(attributes: Mapping[int, object], tag: int) -> int | None:
    value = attributes.get(tag)
    if not isinstance(value, str) or _INTEGER.fullmatch(value) is None:
        return None
    number = int(value)
    return number if abs(number) <= _NUMBER_MAX else None


def index_in_series(attributes: Mapping[int, object]) -> int | None:
    """Return Instance Number or else Image Index, if it is an integer."""
    for tag in (_INSTANCE_NUMBER, _IMAGE_INDEX):
        if tag in attributes:
            return _integer(attributes, tag)
    return None


def expected_instance_count(attributes: Mapping[int, object]) -> int | None:
    """Return the number of instances, 1 or more, that the attributes announce.

    It is Images in Acquisition for each of the Number of Temporal Positions, or
    Number of Slices for each of the Number of Time Slices, or Cardiac Number of
    Images (PS3.3 Sections C.7.6.1, C.8.9.4 and C.7.6.18).
    """
    for tags in _COUNTS:
        count = 1
        for tag in tags:
            count *= max(_integer(attributes, tag) or 0, 0)
        if count > 0:
            return count
    return None
