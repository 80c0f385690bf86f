"""The named SQL statements of `sql/queries.sql`."""

import re
from importlib import resources

from obelisk.dicom.levels import LEVELS, Level

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def _load() -> dict[str, str]:
    text = resources.files("obelisk.index").joinpath("sql/queries.sql").read_text()
    parts = _NAME.split(text)
    return {
        name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def _table(level: Level | None) -> str:
    return level.name.lower() if level else ""


#: Statement by name.
STATEMENTS = _load()

#: Statement by name and level, where `{table}`, `{parent}` and `{child}` are filled in.
LEVEL_STATEMENTS = {
    (name, level): body.format(
        table=_table(level),
        parent=_table(level.parent),
        child=_table(level.child),
        depth=level.depth,
    )
    for name, body in STATEMENTS.items()
    if "{table}" in body
    for level in LEVELS
}
