"""The form of a configuration, made from its JSON Schema: what may stand in each table, and what stands there now."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from agent.service.redaction import masked_urls
from agent.settings import dotted, schema_text
from agent.settings.configuration_loading import models, usable_kinds
from agent.settings.toml.plain_value import toml
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agent.settings import Document, Path

Kind = Literal["bool", "integer", "number", "text", "choice", "choices", "list", "toml", "secret", "fixed"]
FAMILY_OF: Final[Mapping[str, str]] = {
    "relay": "relay",
    "inputs": "inputs",
    "cameras": "camera",
    "scanners": "scanner",
    "signs": "sign",
    "voice": "voice",
    "witnesses": "witness",
}
"""Which family of drivers a table of a lane names its `kind` of."""
FIELD_ID: Final = "k-"
"""Before the name of a field: its id on the page."""


UNITS: Final[Mapping[str, str]] = {
    "s": "s",
    "ms": "ms",
    "minutes": "min",
    "hours": "h",
    "days": "d",
    "mb": "MB",
    "px": "px",
    "hz": "Hz",
    "percent": "%",
    "ppm": "ppm",
}
"""By the last part of a key: the unit of its value."""
_CLAUSE: Final = re.compile(r"(.+?)(?:(?<!\.)[.;:](?=\s|$)|[\u3002\uff1b\uff1a])\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Field:
    """One key. `name`: dotted, unique on the form. `value`: as it is shown and sent back, "" where it is not set.

    `default`: as TOML, "" where there is none. `origin`: where the value comes from, "" for the default. `is_locked`: a
    variable or a credential sets it, so that the files cannot. `item`: what the items of a list are.
    """

    path: Path
    name: str
    kind: Kind
    description: Text
    value: str
    default: str
    origin: str = ""
    required: bool = False
    is_locked: bool = False
    is_set: bool = False
    choices: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    item: str = "text"
    minimum: float | None = None
    maximum: float | None = None

    @property
    def unit(self) -> str:
        """The unit of its value, "" for none."""
        return UNITS.get(str(self.path[-1]).rpartition("_")[2], "") if self.kind in ("integer", "number") else ""

    @property
    def is_basic(self) -> bool:
        """Whether it is shown at once: it is needed, or somebody has set it."""
        return self.required or self.is_set or self.kind == "fixed"


@dataclass(frozen=True, slots=True)
class Parts:
    """Tables by number or name: what there is, and what may be added. `locked_by`: what sets it, not files."""

    path: Path
    name: str
    description: Text
    items: tuple[Group, ...]
    kinds: tuple[str, ...]
    locked_by: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A table: its keys, the tables in it, and the lists of tables. `is_there`: False for one that may be added.

    `can_go`: it may be removed. `kinds`: of drivers, where it may be another one.
    """

    path: Path
    name: str
    description: Text
    fields: tuple[Field, ...] = ()
    groups: tuple[Group, ...] = ()
    parts: tuple[Parts, ...] = ()
    is_there: bool = True
    can_go: bool = False
    kinds: tuple[str, ...] = ()


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of the configuration, that editors use too."""
    found: dict[str, Any] = json.loads(schema_text(models, usable_kinds()))
    return found


def label_of(description: str) -> tuple[str, str]:
    """The label of a field, in words, and its help: the first clause of what describes it, and the rest."""
    found = _CLAUSE.fullmatch(description.strip())
    if found is None:
        return description, ""
    label, rest = found[1], found[2]
    return label, rest[:1].upper() + rest[1:]


def sections() -> list[str]:
    """The names of the tables at the top, without the lanes."""
    return [name for name, node in schema()["properties"].items() if "properties" in _solid(node)]


def group(path: Path, document: Document) -> Group | None:
    """The form of the table at a path; None where there is no such table."""
    node, value = _node(path, document.data)
    if node is None or "properties" not in node:
        return None
    return _group(path, node, value, document, can_go=_is_lane(path))


def parts(path: Path, document: Document) -> Parts | None:
    """The form of a list of tables, or of tables by name; None where there is none at the path."""
    node, value = _node(path, document.data)
    return None if node is None else _parts(path, node, value, document)


def blank(path: Path, kind: str) -> Group | None:
    """The form of a table that is to be added at a path, of a kind of driver where it needs one.

    None: there is none such.
    """
    seed: Any = {"relay": {"kind": kind}} if _is_lane(path) and kind else {"kind": kind} if kind else {}
    node = _schema_of(path, seed)
    if node is None or "properties" not in node:
        return None
    return _group(path, node, seed, None, can_go=False)


# -------------------------------------------------------------------------------------------------------------- within


def _is_lane(path: Path) -> bool:
    return path[:1] == ("lanes",) and len(path) == len(("lanes", "NAME"))


def _node(path: Path, data: Any) -> tuple[dict[str, Any] | None, Any]:
    """The schema and the value at a path; the kind of a driver decides among its forms."""
    value: Any = data
    for depth, part in enumerate(path):
        there = _step(value, part)
        if there is None and (isinstance(part, int) or _is_lane(path[: depth + 1])):
            return None, None
        value = there
    return _schema_of(path, value, data), value


def _schema_of(path: Path, value: Any, data: Any = None) -> dict[str, Any] | None:
    node: dict[str, Any] = schema()
    found: Any = data
    for number, part in enumerate(path):
        found = _step(found, part)
        inner = _solid(node, found if number < len(path) else value)
        if isinstance(part, int):
            following = inner.get("items")
        else:
            following = inner.get("properties", {}).get(part) or inner.get("additionalProperties")
        if not isinstance(following, dict):
            return None
        node = following
    return _solid(node, value)


def _step(value: Any, part: str | int) -> Any:
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return None


def _solid(node: Mapping[str, Any], value: Any = None) -> dict[str, Any]:
    """The node without references, without null, and of the forms of a device the one of its kind."""
    found = dict(node)
    while True:
        if "$ref" in found:
            target = schema()["$defs"][found.pop("$ref").rpartition("/")[2]]
            found = {**target, **found}
        elif "anyOf" in found:
            options = [one for one in found.pop("anyOf") if one.get("type") != "null"]
            found = {**options[0], **found}
        elif "oneOf" in found:
            forms = found.pop("oneOf")
            kind = value.get("kind") if isinstance(value, dict) else None
            match = next((one for one in forms if one["properties"]["kind"]["const"] == kind), None)
            found = {**(match or {}), **found}
        else:
            return found


def _group(path: Path, node: Mapping[str, Any], value: Any, document: Document | None, *, can_go: bool) -> Group:
    table = value if isinstance(value, dict) else {}
    required = node.get("required", [])
    fields: list[Field] = []
    groups: list[Group] = []
    lists: list[Parts] = []
    for name, inner in node.get("properties", {}).items():
        below, there = (*path, name), table.get(name)
        solid = _solid(inner, there)
        if _are_tables(solid):
            lists.append(_parts(below, inner, there, document))
        elif "properties" in solid or name in FAMILY_OF:
            groups.append(_inner(below, inner, there, document, required=name in required))
        else:
            fields.append(_field(below, solid, table, document, required=name in required))
    return Group(path, dotted(path), _description(node), tuple(fields), tuple(groups), tuple(lists), can_go=can_go)


def _description(node: Mapping[str, Any]) -> Text:
    return Text(node.get("description", ""))


def _inner(path: Path, inner: Mapping[str, Any], there: Any, document: Document | None, *, required: bool) -> Group:
    name = str(path[-1])
    drivers = kinds(name)
    optional = "anyOf" in inner or (document is not None and bool(drivers) and not required)
    if there is None and (optional or drivers):
        return Group(path, dotted(path), _description(_solid(inner)), is_there=False, kinds=drivers)
    made = _group(path, _solid(inner, there), there, document, can_go=optional)
    return replace(made, can_go=optional, kinds=drivers)


def _parts(path: Path, node: Mapping[str, Any], value: Any, document: Document | None) -> Parts:
    solid = _solid(node, value)
    named = isinstance(solid.get("additionalProperties"), dict)
    of_item = solid["additionalProperties"] if named else solid["items"]
    items: list[tuple[str | int, Any]] = []
    if named and isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    made = tuple(_group((*path, key), _solid(of_item, one), one, document, can_go=True) for key, one in items)
    drivers = kinds("relay" if named else str(path[-1]))
    origin = None if document is None else document.origins.get(path)
    locked_by = "" if origin is None or origin.file is not None else origin.name
    return Parts(path, dotted(path), _description(solid), made, drivers, locked_by)


def kinds(name: str) -> tuple[str, ...]:
    """The kinds of drivers for a table of this name; none for one that is no device."""
    family = FAMILY_OF.get(name)
    return next((tuple(sorted(kinds)) for one, kinds in usable_kinds().items() if one == family), ())


def _are_tables(node: Mapping[str, Any]) -> bool:
    of_item = node.get("items") or node.get("additionalProperties")
    if not isinstance(of_item, dict):
        return False
    target = schema()["$defs"].get(str(of_item.get("$ref", "")).rpartition("/")[2], of_item)
    return "properties" in target or "oneOf" in target


def _field(
    path: Path, node: Mapping[str, Any], table: Mapping[str, Any], document: Document | None, *, required: bool
) -> Field:
    kind, name = _kind(node), str(path[-1])
    there = table.get(name)
    origin = None if document is None else document.origins.get(path)
    items = node.get("items", {})
    of_items = _solid(items) if isinstance(items, dict) else {}
    choices = tuple(str(one) for one in (of_items if kind == "choices" else node).get("enum", ()))
    default = node.get("default")
    return Field(
        path,
        dotted(path),
        kind,
        _description(node),
        _shown(kind, there) if name in table else "",
        "" if default is None or kind == "secret" else toml(default),
        "" if origin is None else str(origin),
        required,
        is_locked=origin is not None and origin.file is None,
        is_set=name in table,
        choices=choices,
        chosen=tuple(map(str, there)) if kind == "choices" and isinstance(there, list) else (),
        item=str(of_items.get("type", "string")),
        minimum=node.get("minimum", node.get("exclusiveMinimum")),
        maximum=node.get("maximum", node.get("exclusiveMaximum")),
    )


_KINDS: Final[Mapping[str, Kind]] = {"boolean": "bool", "integer": "integer", "number": "number", "string": "text"}


def _kind(node: Mapping[str, Any]) -> Kind:
    if "const" in node:
        return "fixed"
    if node.get("format") == "password":
        return "secret"
    if "enum" in node:
        return "choice"
    return _kind_of_list(node) if node.get("type") == "array" else _KINDS.get(str(node.get("type")), "toml")


def _kind_of_list(node: Mapping[str, Any]) -> Kind:
    items = node.get("items")
    solid = _solid(items) if isinstance(items, dict) else {}
    if "enum" in solid:
        return "choices"
    return "list" if solid.get("type") in ("string", "integer", "number") else "toml"


def _shown(kind: Kind, value: Any) -> str:
    """A value as the form shows it and sends it back; a secret never, the passwords of addresses masked."""
    if kind == "secret" or value is None:
        return ""
    if kind in ("list", "choices") and isinstance(value, list):
        return "\n".join(masked_urls(one) if isinstance(one, str) else toml(one) for one in value)
    if kind == "toml" or isinstance(value, dict | list):
        return toml(value)
    return masked_urls(value) if isinstance(value, str) else toml(value)


def all_fields(made: Group) -> Iterator[Field]:
    """Every field of a form, those of the tables in it too."""
    yield from made.fields
    for inner in made.groups:
        yield from all_fields(inner)
    for each in made.parts:
        for item in each.items:
            yield from all_fields(item)


def places(made: Group, keys: Iterable[str]) -> dict[str, str]:
    """Where on a form each of these keys is: the id of its field, or of the field whose list it is in.

    None for others.
    """
    fields = sorted((one.name for one in all_fields(made) if one.kind != "fixed"), key=len, reverse=True)
    found = {key: next((name for name in fields if key == name or key.startswith(f"{name}[")), "") for key in keys}
    return {key: f"{FIELD_ID}{name}" for key, name in found.items() if name}
