"""One instance that stands for a resource."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from obelisk.dicom.levels import Level
from obelisk.dicom.matching import Query
from obelisk.dicom.parsing import Dataset
from obelisk.errors import NotFoundError
from obelisk.index.base import Index
from obelisk.services.encoding import AssumedEncoding
from obelisk.services.resources import Resources


class Samples:
    """Opens one instance of any resource, for attributes that are not indexed."""

    def __init__(
        self, index: Index, resources: Resources, encoding: AssumedEncoding
    ) -> None:
        self._index = index
        self._resources = resources
        self._encoding = encoding

    @contextmanager
    def open(self, level: Level, id_: str) -> Iterator[Dataset]:
        """Open the dataset of the instance with the first id, for a `with` block.

        Raises
        ------
        NotFoundError
            If there is no such resource.
        """
        with self._opened(self._instance_of(level, id_)) as dataset:
            yield dataset

    @contextmanager
    def open_oldest(self, level: Level, id_: str) -> Iterator[Dataset]:
        """Open the dataset of the instance that came first; see `open`."""
        with self._opened(self._oldest_of(level, id_)) as dataset:
            yield dataset

    def _opened(self, instance_id: str) -> AbstractContextManager[Dataset]:
        file = self._resources.open_file(instance_id)
        return file.dataset(self._encoding.name)

    def _instance_of(self, level: Level, id_: str) -> str:
        if level is Level.INSTANCE:
            return id_
        query = Query(level=Level.INSTANCE, parents=((level, id_),), limit=1)
        with self._index.read() as transaction:
            found = transaction.find(query)
        if not found:
            raise NotFoundError(level.name.lower(), id_)
        return found[0][1]

    def _oldest_of(self, level: Level, id_: str) -> str:
        with self._index.read() as transaction:
            pk = transaction.lookup_pk(level, id_)
            if pk is None:
                raise NotFoundError(level.name.lower(), id_)
            return transaction.find_first_instance_id(level, pk)
