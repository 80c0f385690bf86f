"""The configuration as text: default file, effective values, reference page."""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING
from typing import Any, get_type_hints

from obelisk.config.loading import DeclaredOption, declared_options
from obelisk.config.peers import HIDDEN
from obelisk.config.sections import Config
from obelisk.config.values import to_json

_TYPE_NAMES = {
    "bool": "true or false",
    "int": "whole number",
    "str": "text",
    "Path": "path",
    "tuple": "list of texts",
    "Mapping": "object",
}


def field_documentation(section_type: type) -> dict[str, str]:
    """Return the docstring under each field of a section."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(section_type))).body
    assert isinstance(tree, ast.ClassDef)
    documented = {}
    for before, after in zip(tree.body, tree.body[1:], strict=False):
        if not isinstance(before, ast.AnnAssign) or not isinstance(after, ast.Expr):
            continue
        if isinstance(before.target, ast.Name) and isinstance(
            after.value, ast.Constant
        ):
            documented[before.target.id] = " ".join(str(after.value.value).split())
    return documented


def _sections() -> Iterator[tuple[type, str, list[tuple[DeclaredOption, str]]]]:
    by_section: dict[str, list[DeclaredOption]] = {}
    for one in declared_options():
        by_section.setdefault(one.section, []).append(one)
    for name, section_type in get_type_hints(Config).items():
        title = inspect.getdoc(section_type) or ""
        documented = field_documentation(section_type)
        pairs = [(one, documented[one.field.name]) for one in by_section[name]]
        yield section_type, title, pairs


def _default(one: DeclaredOption) -> Any:
    if one.field.default is MISSING:
        assert one.field.default_factory is not MISSING
        return to_json(one.field.default_factory())
    return to_json(one.field.default)


def default_file() -> str:
    """Return a commented configuration file that says what holds without one.

    Without its comments it is plain JSON: no comma stands behind the last option.
    """
    blocks = []
    last = 0
    for _, title, pairs in _sections():
        blocks.append(f"  /**\n   * {title}\n   **/")
        for one, sentence in pairs:
            comment = textwrap.fill(
                sentence, 76, initial_indent="  // ", subsequent_indent="  // "
            )
            value = _default(one)
            mark = "// " if value is None else ""
            last = last if mark else len(blocks)
            blocks.append(
                f'{comment}\n  {mark}"{one.facts.name}" : {json.dumps(value)},'
            )
    blocks[last] = blocks[last].removesuffix(",")
    return "{\n" + "\n\n".join(blocks) + "\n}\n"


def effective(config: Config) -> str:
    """Return all values of a configuration as JSON, without secrets."""
    shown: dict[str, Any] = {}
    for one in declared_options():
        value = to_json(getattr(getattr(config, one.section), one.field.name))
        if one.facts.secret:
            is_one = isinstance(value, str)
            value = value and HIDDEN if is_one else dict.fromkeys(value, HIDDEN)
        shown[one.facts.name] = value
    return json.dumps(shown, indent=2, ensure_ascii=False)


def _type_name(one: DeclaredOption) -> str:
    facts = one.facts
    if hasattr(one.type, "__members__"):
        return " ".join(f"`{member.value}`" for member in one.type)
    name = getattr(one.type, "__name__", str(one.type))
    text = _TYPE_NAMES[name]
    if facts.minimum is not None and facts.maximum is not None:
        text += f", {facts.minimum} to {facts.maximum}"
    elif facts.minimum is not None:
        text += f", at least {facts.minimum}"
    if facts.length_max is not None:
        text += f", 1 to {facts.length_max} ASCII characters"
    return f"{text}, in {facts.unit}" if facts.unit else text


def reference_tables() -> str:
    """Return the reference of all options in Markdown, one part per section."""
    lines = []
    for _, title, pairs in _sections():
        lines += [f"## {title.rstrip('.')}", ""]
        for one, sentence in pairs:
            default = _default(one)
            alias = f" (also `{one.facts.alias}`)" if one.facts.alias else ""
            shown = "not set" if default is None else f"`{json.dumps(default)}`"
            lines += [
                f"### {one.facts.name}",
                "",
                f"{sentence}",
                "",
                f"- Type: {_type_name(one)}{alias}",
                f"- Default: {shown}",
                f"- Variable: `{variable_name(one.facts.name)}`",
                "",
            ]
    return "\n".join(lines)


def variable_name(option_name: str) -> str:
    """Return the environment variable that sets an option."""
    words = ""
    for before, here in zip("_" + option_name, option_name, strict=False):
        starts = here.isupper() and not before.isupper() and before != "_"
        words += f"_{here}" if starts else here
    return f"ORTHANC__{words.upper()}"
