"""The syntax of Orthanc's configuration files: JSON with comments and variables."""

import json
import re
from collections.abc import Mapping
from typing import Any

from obelisk.errors import ConfigError

_VARIABLE = re.compile(r"\$\{([^{}:]+)(?::-([^}]*))?\}")
# What does not end goes on to the end of the text: else the rest would be searched
# again from each character on.
_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)'
_ENDLESS_COMMENT = r"/\*(?!.*?\*/).*"
_STRING_OR_COMMENT = re.compile(
    rf"({_STRING}|{_ENDLESS_COMMENT})|//[^\n]*|/\*.*?\*/", re.DOTALL
)
_STRING_OR_LAST_COMMA = re.compile(rf"({_STRING})|,(?=\s*[}}\]])", re.DOTALL)
_NOT_NEWLINE = re.compile(r"[^\n]")


def substitute_variables(text: str, environ: Mapping[str, str]) -> str:
    """Replace `${NAME}` and `${NAME:-default}` by values of the environment.

    As in Orthanc the text is replaced before it is read as JSON, so numbers and
    lists can come from variables too. A default ends at the first `}`; it counts if
    the variable does not exist. Without default such a variable is empty.
    """
    return _VARIABLE.sub(
        lambda match: environ.get(match[1], match[2] or ""),
        text,
    )


def blank_comments(text: str) -> str:
    """Replace comments and last commas by blanks, so that all else keeps its place."""
    for pattern in (_STRING_OR_COMMENT, _STRING_OR_LAST_COMMA):
        text = pattern.sub(
            lambda match: match[1] or _NOT_NEWLINE.sub(" ", match[0]), text
        )
    return text


def parse_object(text: str, environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the object that a configuration file holds.

    As in Orthanc a later value of the same name wins inside one file.

    Raises
    ------
    ConfigError
        If the text is not one JSON object; it names line and column.
    """
    plain = blank_comments(substitute_variables(text, environ))
    try:
        value = json.loads(plain, strict=False)
    except json.JSONDecodeError as error:
        raise ConfigError(
            [f"line {error.lineno}, column {error.colno}: {error.msg}"]
        ) from None
    except ValueError:
        raise ConfigError(["a number has too many digits"]) from None
    except RecursionError:
        raise ConfigError(["it is nested too deeply"]) from None
    if not isinstance(value, dict):
        raise ConfigError(["it must hold one JSON object, between { and }"])
    return value
