"""Where data elements lie in a buffer."""

from typing import TypeAlias

from obelisk.dicom.reading.transfer_syntax import Encoding

#: Where a data element lies: VR (empty if implicit), offset of the element, and
#: the half-open range of its value, in bytes.
Place: TypeAlias = tuple[bytes, int, int, int]


class RawItem:
    """The elements of a dataset or item, by word (see `Encoding.word`).

    Parameters
    ----------
    encoding
        How they are encoded.
    """

    __slots__ = ("encoding", "places", "sequences")

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        #: The elements; those of sequences span the items if their length is known.
        self.places: dict[int, Place] = {}
        #: The items of the sequences among them.
        self.sequences: dict[int, list[RawItem]] = {}

    def sort(self) -> None:
        """Put the elements in the order of their tags."""
        word = self.encoding.word
        self.places = dict(sorted(self.places.items(), key=lambda one: word(one[0])))
