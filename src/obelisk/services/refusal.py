"""What takes the place of `Ingest` where nothing may be written."""

import mmap
import tempfile
from collections.abc import Iterable

from obelisk.dicom.levels import Level
from obelisk.dicom.parsing import parse_instance
from obelisk.errors import InvalidDICOMError, ReadOnlyError
from obelisk.index.base import Index
from obelisk.index.records import StoreStatus
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.ingest import Origin, StoreResult
from obelisk.storage.base import Buffer


class Refusal:
    """Refuses instances, but for those that are stored already; see `Ingest`."""

    def __init__(self, index: Index, encoding: AssumedEncoding) -> None:
        self._index = index
        self._encoding = encoding

    def store(
        self,
        chunks: Iterable[Buffer],
        origin: Origin,  # noqa: ARG002 -- whoever it is
    ) -> StoreResult:
        """Tell that an instance is stored already.

        Raises
        ------
        InvalidDICOMError
            If the bytes are not a readable DICOM file (PS3.10 Section 7).
        ReadOnlyError
            If it is not.
        """
        with tempfile.TemporaryFile() as file:
            file.writelines(chunks)
            file.flush()
            if not file.tell():
                raise InvalidDICOMError("Received an empty DICOM file")
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            parsed = parse_instance(content, default_encoding=self._encoding.name)
        with self._index.read() as transaction:
            if transaction.lookup_pk(Level.INSTANCE, parsed.ids.instance) is None:
                raise ReadOnlyError
        return StoreResult(StoreStatus.ALREADY_STORED, parsed.ids)
