"""A proposed configuration.

Made of edits, of a whole text or of a former state, judged, compared, and then put in place. The proposer names
the state of the files that was shown. Where somebody else has changed them meanwhile, nothing is written.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Final, Literal

from agent.settings.editing.edit_tables import with_table, without
from agent.settings.editing.history import EditStep, changed_keys, present_files
from agent.settings.editing.revision import (
    Change,
    check_key,
    file_of,
    note_present,
    number_of,
    over,
    replace_files,
    written,
)
from agent.settings.loading.load import schema_of
from agent.settings.loading.origin import key_origins
from agent.settings.model.schema import lists_values
from agent.settings.toml.change import with_value
from agent.settings.toml.files import read_file
from agent.settings.toml.includes import dotted, read
from agent.settings.toml.problems import SettingsError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agent.settings.editing.history import ConfigurationFiles
    from agent.settings.editing.revision import ConfigEditor
    from agent.settings.loading.load import LoadedSettings
    from agent.settings.loading.origin import KeyOrigin
    from agent.settings.model.schema import Schema
    from agent.settings.toml.key_positions import Path

_BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
_ORDER: Final = ("set", "remove", "add")


class StaleError(Exception):
    """The files are not those that were seen.

    `changed`: the keys that differ now, where that can be told; `who`: by whom.
    """

    def __init__(self, changed: tuple[str, ...], who: str) -> None:
        keys = ", ".join(changed) or Text("by hand")
        super().__init__(Text("the configuration was changed meanwhile: {keys}", keys=keys))
        self.changed = changed
        self.who = who


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit. `set`: `value` is TOML, or a bare text. `remove`: what is at the path goes.

    `add`: a table of `values`.
    """

    kind: Literal["set", "remove", "add"]
    path: Path
    value: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """A key that would be another: what it is now and what it would be; None: it is not there.

    `is_hidden`: a secret that is another, though both are shown alike.
    """

    key: str
    before: KeyOrigin | None
    after: KeyOrigin | None
    is_hidden: bool = False


def seen_state(editor: ConfigEditor) -> str:
    """What names the present state of the files: SHA-256 in hex over their paths and bytes. Raises OSError."""
    return _digest(present_files(editor.main))


def edited(editor: ConfigEditor, edits: Sequence[Edit]) -> dict[str, bytes]:
    """The files, by real path, as they would be after the edits. Raises ChangeError, SettingsError, OSError."""
    document = read(editor.main)
    if document.problems:
        raise SettingsError(document.problems)
    schema = schema_of(document, editor.models)
    texts: dict[str, str] = {}
    for edit in sorted(edits, key=_in_order):
        name = os.path.realpath(file_of(edit.path, document))
        text = texts[name] if name in texts else read_file(FilePath(name)).decode()
        mark = _BOM if text.startswith(_BOM) else ""
        body = text.removeprefix(mark)
        if edit.kind == "set":
            check_key(edit.path, document, schema)
            body = with_value(body, edit.path, written(edit.value, edit.path, schema))
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
            found[name] = tomllib.loads(f"x = {written(value, at, schema)}")["x"]
        else:
            found[name] = value
    return found


def judged(editor: ConfigEditor, files: Mapping[str, bytes]) -> LoadedSettings:
    """Load what would be there, as the service would. Raises SettingsError with everything that is wrong."""
    return editor.load(over(dict(files)))


def check_seen(editor: ConfigEditor, seen: str) -> None:
    """Raise StaleError where the files are not those that were seen, HistoryError, OSError."""
    now = present_files(editor.main)
    if _digest(now) == seen:
        return
    known = editor.history.generations()
    before = next((one.state for one in reversed(known) if _digest(one.state) == seen), None)
    who = next((one.who for one in reversed(known) if one.state == now), "")
    raise StaleError(() if before is None else changed_keys(before, now), who)


def put_files(
    editor: ConfigEditor, files: Mapping[str, bytes], step: EditStep, seen: str, of: int | None = None
) -> Change:
    """Put proposed files in place, if those on the disk are still the ones that were seen.

    `of`: the number of the former state that they bring back. Raises StaleError, SettingsError, HistoryError, OSError;
    nothing is changed then.
    """
    with editor.history.held():
        note_present(editor, step)
        check_seen(editor, seen)
        loaded = judged(editor, files)
        added = editor.history.note(replace_files(editor, files), step, of)
        return Change("", str(editor.main), number_of(editor, added), loaded)


def differences(before: LoadedSettings, after: LoadedSettings) -> list[Difference]:
    """What would be another, in the order of the models: first of what is, then of what is new."""
    old, new = ({one.key: one for one in key_origins(loaded)} for loaded in (before, after))
    return list(_differing(before, after, old, new))


def _differing(
    before: LoadedSettings, after: LoadedSettings, old: Mapping[str, KeyOrigin], new: Mapping[str, KeyOrigin]
) -> Iterator[Difference]:
    was_set, will_be_set = _set_values(before), _set_values(after)
    for key in dict.fromkeys((*old, *new)):
        was, will = old.get(key), new.get(key)
        if (was and (was.value, was.secret)) != (will and (will.value, will.secret)):
            yield Difference(key, was, will)
        elif was_set.get(key) != will_be_set.get(key):
            yield Difference(key, was, will, is_hidden=True)


def _set_values(loaded: LoadedSettings) -> dict[str, Any]:
    """All values by their keys, the hidden ones too: to be compared and nothing else."""
    return {dotted(path): _at(loaded.document.data, path) for path in loaded.document.origins}


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


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


def _digest(state: ConfigurationFiles) -> str:
    found = hashlib.sha256()
    for name, data in sorted(state.files.items()):
        found.update(b"%d %d " % (len(name.encode()), len(data)) + name.encode() + data)
    return found.hexdigest()
