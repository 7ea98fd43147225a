"""A title for every schema, so that code generators use it as a name and do not invent one.

A title has one meaning: two schemas with the same title are equal.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema: TypeAlias = dict[str, Any]

_KINDS: Final[Mapping[str, str]] = {"null": "Null", "object": "Object", "array": "List"}
"""What is added to a title for an alternative of that type; of all others the type itself, as in `NumberOfX`."""


def capitalised(name: str) -> str:
    """A field's or an event's name as a part of a title: `clock_state` is ClockState, `gate.started` GateStarted."""
    return "".join(part[0].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name) if part)


def titled(schema: Schema, title: str, own: Mapping[str, str] | None = None) -> Schema:
    """The schema, and all inside it, with titles that begin with `title`. What only refers to another has none.

    `own`: the titles of those fields that are not named after the schema, by the fields' names.
    """
    if "$ref" in schema:
        return schema
    made: Schema = {**schema, "title": title}
    if "properties" in schema:
        names = own or {}
        made["properties"] = {
            name: titled(field, names.get(name, title + capitalised(name)))
            for name, field in schema["properties"].items()
        }
    for word, part in (("items", "Item"), ("additionalProperties", "Value"), ("propertyNames", "Key")):
        if isinstance(schema.get(word), dict):
            made[word] = titled(schema[word], title + part)
    if "anyOf" in schema:
        made["anyOf"] = [titled(one, _alternative(one, title)) for one in schema["anyOf"]]
    if "$defs" in schema:
        made["$defs"] = {name: titled(one, name) for name, one in schema["$defs"].items()}
    return made


def _alternative(schema: Schema, title: str) -> str:
    """The title of one alternative of the schema that has this title."""
    if "enum" in schema:
        return f"Known{title}"
    kind = str(schema.get("type", "any"))
    return title + _KINDS.get(kind, capitalised(kind))
