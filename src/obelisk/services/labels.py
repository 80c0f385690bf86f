"""Labels of resources, and the protection of patients."""

import re

from obelisk.dicom.levels import Level
from obelisk.errors import InvalidArgumentError
from obelisk.index.base import Index

_LABEL = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Labels:
    """Gives labels to resources, and takes them away.

    Methods that take the id of a resource raise `NotFoundError` if there is none.
    """

    def __init__(self, index: Index) -> None:
        self._index = index

    def everywhere(self) -> list[str]:
        """Return every label that is in use, in their order."""
        with self._index.read() as transaction:
            return transaction.find_all_labels()

    def of(self, level: Level, id_: str) -> list[str]:
        """Return the labels of a resource, in their order."""
        with self._index.read() as transaction:
            return transaction.find_labels(level, transaction.get_pk(level, id_))

    def add(self, level: Level, id_: str, label: str) -> None:
        """Give a label to a resource; nothing happens if it has it.

        Raises
        ------
        InvalidArgumentError
            If the text is no label.
        """
        _check(label)
        self._index.write(lambda writer: writer.add_label(level, id_, label))

    def remove(self, level: Level, id_: str, label: str) -> None:
        """Take a label from a resource; nothing happens if it does not have it.

        Raises
        ------
        InvalidArgumentError
            If the text is no label.
        """
        _check(label)
        self._index.write(lambda writer: writer.remove_label(level, id_, label))


class Protection:
    """Protects patients against recycling.

    All methods raise `NotFoundError` if there is no such patient.
    """

    def __init__(self, index: Index) -> None:
        self._index = index

    def is_on(self, patient_id: str) -> bool:
        """Tell whether a patient is protected."""
        with self._index.read() as transaction:
            pk = transaction.get_pk(Level.PATIENT, patient_id)
            return transaction.is_protected(pk)

    def switch(self, patient_id: str, *, is_on: bool) -> None:
        """Protect a patient, or end that."""
        self._index.write(lambda writer: writer.protect(patient_id, is_protected=is_on))


def _check(label: str) -> None:
    if not _LABEL.fullmatch(label):
        raise InvalidArgumentError(
            "A label has 1 to 64 characters, which are letters, digits, - and _",
            name="label",
        )
