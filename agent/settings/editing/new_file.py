"""A configuration file made from values: only the keys that are given, each below what it means."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Final

from agent.settings.toml.includes import dotted
from agent.settings.toml.plain_value import toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.settings.model.key_lookup import Schema
    from agent.settings.toml.key_positions import Path

_WIDTH: Final = 118


def new_file_text(values: Mapping[str, Any], schema: Schema, head: str) -> str:
    """The text of a TOML file with these values, in the order of the models.

    `head`: what stands above all as a comment. Keys that the schema does not know are written too, at the end of their
    table, so that the loader can complain of them.
    """
    lines = [*_comment(head), *_table((), values, schema)]
    return "\n".join(lines).strip() + "\n"


def _table(path: Path, table: Mapping[str, Any], schema: Schema) -> Iterator[str]:
    known = schema.names(path)
    keys = sorted(table, key=lambda key: known.index(key) if key in known else len(known))
    plain = [key for key in keys if not _is_table(table[key]) and not _are_tables(table[key])]
    for key in plain:
        field = schema.field((*path, key))
        yield from _comment(field.description or "" if field is not None else "")
        yield f"{dotted((key,))} = {toml(table[key])}"
    for key in keys:
        inner, below = table[key], (*path, key)
        if _is_table(inner):
            if any(not _is_table(value) and not _are_tables(value) for value in inner.values()):
                yield from ("", f"[{dotted(below)}]")
            yield from _table(below, inner, schema)
        elif _are_tables(inner):
            for number, item in enumerate(inner):
                yield from ("", f"[[{dotted(below)}]]")
                yield from _table((*below, number), item, schema)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _comment(text: str) -> list[str]:
    return [f"# {line}" for paragraph in text.splitlines() for line in textwrap.wrap(paragraph, _WIDTH)]
