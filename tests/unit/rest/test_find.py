from types import SimpleNamespace
from typing import Any

import pytest

from obelisk.errors import InvalidArgumentError
from obelisk.index.sqlite import SQLiteIndex
from obelisk.rest.find import read_query
from obelisk.rest.json_bodies import Fields
from obelisk.services.content_names import METADATA_NUMBERS, ContentNames

_LABELS = {"Labels": [f"a{number}" for number in range(501)]}
_ORDER = {"Type": "DicomTag", "Key": "PatientID", "Direction": "ASC"}


def _read(**given: Any) -> Any:
    names = ContentNames("metadata", METADATA_NUMBERS, {})
    services: Any = SimpleNamespace(metadata=SimpleNamespace(names=names))
    fields = {"Level": "Study", "Query": {}} | given
    return read_query(Fields(fields), services)


@pytest.mark.parametrize(
    "fields",
    [
        _LABELS,
        {"OrderBy": [_ORDER] * 501},
        {"MetadataQuery": {str(number): "*a*" for number in range(1024, 1525)}},
    ],
)
def test_a_query_has_so_many_conditions_at_most(fields: dict[str, Any]) -> None:
    """Beyond, SQLite would take none."""
    with pytest.raises(InvalidArgumentError, match="too many conditions"):
        _read(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"Labels": _LABELS["Labels"][:500]},
        {"OrderBy": [_ORDER] * 500},
        {"MetadataQuery": {str(number): "*a*" for number in range(1024, 1524)}},
        _LABELS | {"LabelsConstraint": "Any"},
        _LABELS | {"LabelsConstraint": "None"},
    ],
)
def test_sqlite_takes_that_many(tmp_path: Any, fields: dict[str, Any]) -> None:
    """Of each kind."""
    index = SQLiteIndex(tmp_path / "index.db")
    with index.read() as transaction:
        assert list(transaction.find(_read(**fields))) == []
    index.close()
