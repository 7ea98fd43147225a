"""Edits of single keys and tables: what the files of a configuration would say after them."""

from __future__ import annotations

import os
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Final, Literal

from agent.settings.editing.edit_tables import with_table, without
from agent.settings.loading.load import schema_of
from agent.settings.model.key_lookup import is_text, lists_values
from agent.settings.toml.change import ChangeError, with_value
from agent.settings.toml.files import read_file
from agent.settings.toml.includes import dotted, read
from agent.settings.toml.plain_value import toml
from agent.settings.toml.problems import SettingsError, nearest
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.settings.editing.history import History
    from agent.settings.loading.load import LoadedSettings
    from agent.settings.model.devices import DriverModels
    from agent.settings.model.key_lookup import Schema
    from agent.settings.toml.files import FileReader
    from agent.settings.toml.includes import Document
    from agent.settings.toml.key_positions import Path

_BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
_ORDER: Final = ("set", "remove", "add")


@dataclass(frozen=True, slots=True)
class ConfigEditor:
    """Where changes are made.

    The first file, its loader with the layers over the files, the drivers' models, the history.
    """

    main: FilePath
    load: Callable[[FileReader], LoadedSettings]
    models: DriverModels
    history: History


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit. `set`: `value` is TOML, or a bare text. `remove`: what is at the path goes.

    `add`: a table of `values`.
    """

    kind: Literal["set", "remove", "add"]
    path: Path
    value: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def edited(editor: ConfigEditor, edits: Sequence[Edit]) -> dict[str, bytes]:
    """The files, by real path, as they would be after the edits. Raises ChangeError, SettingsError, OSError."""
    document = read(editor.main)
    if document.problems:
        raise SettingsError(document.problems)
    schema = schema_of(document, editor.models)
    texts: dict[str, str] = {}
    for edit in sorted(edits, key=_in_order):
        name = os.path.realpath(_file_of(edit.path, document))
        text = texts[name] if name in texts else read_file(FilePath(name)).decode()
        mark = _BOM if text.startswith(_BOM) else ""
        body = text.removeprefix(mark)
        if edit.kind == "set":
            _check_key(edit.path, document, schema)
            body = with_value(body, edit.path, _written(edit.value, edit.path, schema))
        elif edit.kind == "remove":
            body = without(body, edit.path)
        else:
            body = with_table(body, _next_item(body, edit.path), _with_lists(edit.values, edit.path, schema))
        texts[name] = mark + body
    return {name: text.encode() for name, text in texts.items()}


def _with_lists(values: Mapping[str, Any], path: Path, schema: Schema) -> dict[str, Any]:
    """The values of a new table, `a,b` as a list where one is due."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        at = (*path, name)
        wanted = schema.field(at)
        if isinstance(value, dict):
            found[name] = _with_lists(value, at, schema)
        elif isinstance(value, str) and wanted is not None and lists_values(wanted):
            found[name] = tomllib.loads(f"x = {_written(value, at, schema)}")["x"]
        else:
            found[name] = value
    return found


def _in_order(edit: Edit) -> tuple[int, list[tuple[int, str | int]]]:
    """Removals from the end to the begin, so that the numbers of the items before them stay."""
    if edit.kind != "remove":
        return _ORDER.index(edit.kind), []
    return _ORDER.index(edit.kind), [(-part, "") if isinstance(part, int) else (0, part) for part in edit.path]


def _next_item(text: str, path: Path) -> Path:
    """The path with the number that the next item of its list has."""
    if not isinstance(path[-1], int):
        return path
    table: Any = tomllib.loads(text)
    for part in path[:-1]:
        table = table.get(part, {}) if isinstance(table, dict) else table[int(part)]
    return (*path[:-1], len(table) if isinstance(table, list) else 0)


def _check_key(path: Path, document: Document, schema: Schema) -> None:
    """Raise ChangeError for a key that does not exist, with the nearest that does."""
    table: object = document.data
    for depth, part in enumerate(path):
        names = schema.names(path[:depth])
        if not names and isinstance(table, dict):
            names = list(table)
        if isinstance(part, str) and part not in names:
            raise ChangeError(_no_key(path[: depth + 1], part, names))
        if isinstance(table, dict):
            table = table.get(part)
        elif isinstance(table, list) and isinstance(part, int) and part < len(table):
            table = table[part]
        else:
            table = None
    if schema.field(path) is None:
        raise ChangeError(Text("there is no key {key}", key=dotted(path)))


def _no_key(path: Path, part: str, names: list[str]) -> Text:
    message = Text("there is no key {key}", key=dotted(path))
    if hint := nearest(part, names):
        return Text('{message}; did you mean "{word}"?', message=message, word=hint)
    return Text("{message}; expected one of {names}", message=message, names=", ".join(names)) if names else message


def _file_of(path: Path, document: Document) -> FilePath:
    """The file in which the key, or the nearest table around it, stands."""
    for length in range(len(path), 0, -1):
        origin = document.origins.get(path[:length])
        if origin is not None and origin.file is not None:
            return origin.file.path
    return document.files[0].path


def _written(value: str, path: Path, schema: Schema) -> str:
    """The value as TOML. What is no TOML is a text: the loader says whether that fits.

    `a,b` is a list where one is due.
    """
    known = schema.field(path)
    if known is not None and not isinstance(path[-1], int) and lists_values(known):
        return _listed(value, path, schema)
    try:
        parsed = tomllib.loads(f"x = {value}")
    except tomllib.TOMLDecodeError:
        return toml(value)
    wants_text = known is not None and is_text(known, item=isinstance(path[-1], int))
    if list(parsed) != ["x"] or (wants_text and not isinstance(parsed["x"], str)):
        return toml(value)
    return value.strip()


def _listed(value: str, path: Path, schema: Schema) -> str:
    """A list as TOML, also of one whose quotes a shell has eaten, `[a,b]`, or that was written without brackets."""
    with suppress(tomllib.TOMLDecodeError):
        parsed = tomllib.loads(f"x = {value}")
        if list(parsed) == ["x"] and isinstance(parsed["x"], list):
            return value.strip()
    bare = value.strip()
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1]
    items = [_written(item.strip(), (*path, 0), schema) for item in bare.split(",") if item.strip()]
    return f"[{', '.join(items)}]"
