"""One value set, or a former state brought back: judged by the loader as a whole before any file is touched."""

from __future__ import annotations

import os
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Final

from agent.settings.editing.history import ConfigurationFiles, EditStep, Generation, present_files
from agent.settings.loading.load import schema_of
from agent.settings.loading.origin import toml
from agent.settings.model.schema import is_text, lists_values
from agent.settings.toml.change import ChangeError, with_value
from agent.settings.toml.files import read_file, replace_file
from agent.settings.toml.includes import dotted, read
from agent.settings.toml.keypath import key_path
from agent.settings.toml.problems import SettingsError, nearest
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.settings.editing.history import History
    from agent.settings.loading.load import LoadedSettings
    from agent.settings.model.devices import DriverModels
    from agent.settings.model.schema import Schema
    from agent.settings.toml.files import FileReader
    from agent.settings.toml.includes import Document
    from agent.settings.toml.key_positions import Path

BY_HAND: Final = "edited by hand"
_BOM: Final = b"\xef\xbb\xbf"


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
class Change:
    """What was changed. `place`: the file and line of the value that was set; `number`: of the new state."""

    key: str
    place: str
    number: int
    loaded: LoadedSettings


def set_value(editor: ConfigEditor, key: str, value: str, step: EditStep) -> Change:
    """Set one key in the file where it belongs. `value`: as TOML, or a text as it is where the key takes a text.

    Raises ChangeError, HistoryError, SettingsError with what would be wrong, OSError; nothing is changed then.
    """
    with editor.history.held():
        note_present(editor, step)
        document = read(editor.main)
        if document.problems:
            raise SettingsError(document.problems)
        try:
            path = key_path(key)
        except ValueError as error:
            raise ChangeError(str(error)) from None
        schema = schema_of(document, editor.models)
        check_key(path, document, schema)
        file = file_of(path, document)
        before = read_file(file)
        mark = _BOM if before.startswith(_BOM) else b""
        text = with_value(before.removeprefix(mark).decode(), path, written(value, path, schema))
        after = mark + text.encode()
        loaded = editor.load(over({os.path.realpath(file): after}))
        origin = loaded.document.origins.get(path)
        if origin is not None and origin.file is None:
            raise ChangeError(
                Text(
                    "{key} is set by {origin}, which wins over the files: change it there",
                    key=dotted(path),
                    origin=origin,
                )
            )
        state = replace_files(editor, {os.path.realpath(file): after})
        added = editor.history.note(state, step)
        return Change(dotted(path), str(origin), number_of(editor, added), loaded)


def replace_text(editor: ConfigEditor, data: bytes, step: EditStep) -> Change:
    """Put another text in the place of the whole first file, which may be new. Files that it includes stay as they are.

    Raises HistoryError, SettingsError with everything that is wrong with it, OSError; nothing is changed then.
    """
    with editor.history.held():
        note_present(editor, step)
        fresh = {os.path.realpath(editor.main): data}
        loaded = editor.load(over(fresh))
        added = editor.history.note(replace_files(editor, fresh), step)
        return Change("", str(editor.main), number_of(editor, added), loaded)


def undo(editor: ConfigEditor, number: int | None, step: EditStep) -> tuple[Change, Generation]:
    """Bring a former state back: the one of this number, else the one before the last change. Returns it too.

    Raises ChangeError, HistoryError, SettingsError where the state cannot be used now, OSError.
    """
    with editor.history.held():
        note_present(editor, step)
        target = _target(editor.history.generations(), number)
        loaded = editor.load(target.state.reader())
        step = EditStep(step.who, f"{step.what} {target.number}", step.utc)
        state = replace_files(editor, target.state.files)
        added = editor.history.note(state, step, target.of or target.number)
        return Change("", "", number_of(editor, added), loaded), target


def _target(known: list[Generation], number: int | None) -> Generation:
    """The state to bring back. Undone twice, it goes back two changes."""
    if number is None:
        base = (known[-1].of or known[-1].number) if known else 0
        found = next((one for one in reversed(known) if one.number < base), None)
        if found is None:
            raise ChangeError(Text("there is no state before this one in the history"))
        return found
    found = next((one for one in known if one.number == number), None)
    if found is None:
        numbers = Text("none yet")
        if known:
            numbers = Text("{first} to {last}", first=known[0].number, last=known[-1].number)
        raise ChangeError(Text("the history has no state {number}; it has {numbers}", number=number, numbers=numbers))
    return found


def check_key(path: Path, document: Document, schema: Schema) -> None:
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
    return Text("{message}; there is {names}", message=message, names=", ".join(names)) if names else message


def file_of(path: Path, document: Document) -> FilePath:
    """The file in which the key, or the nearest table around it, stands."""
    for length in range(len(path), 0, -1):
        origin = document.origins.get(path[:length])
        if origin is not None and origin.file is not None:
            return origin.file.path
    return document.files[0].path


def written(value: str, path: Path, schema: Schema) -> str:
    """The value as TOML. What is no TOML is a text: the loader says whether that fits.

    `a,b` is a list where one is due.
    """
    field = schema.field(path)
    if field is not None and not isinstance(path[-1], int) and lists_values(field):
        return _listed(value, path, schema)
    try:
        parsed = tomllib.loads(f"x = {value}")
    except tomllib.TOMLDecodeError:
        return toml(value)
    wants_text = field is not None and is_text(field, item=isinstance(path[-1], int))
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
    items = [written(item.strip(), (*path, 0), schema) for item in bare.split(",") if item.strip()]
    return f"[{', '.join(items)}]"


def over(files: dict[str, bytes]) -> FileReader:
    """The disk, with these files in place of those of their paths."""

    def give(path: FilePath) -> bytes:
        found = files.get(os.path.realpath(path))
        return read_file(path) if found is None else found

    return give


def note_present(editor: ConfigEditor, step: EditStep) -> None:
    """Remember what is on the disk now, which somebody may have written by hand.

    A first file that is gone is left out.
    """
    with suppress(OSError):
        editor.history.note(present_files(editor.main), EditStep("", BY_HAND, step.utc))


def replace_files(editor: ConfigEditor, files: Mapping[str, bytes]) -> ConfigurationFiles:
    """Put the files in place, the first of the configuration last, and say what is there then."""
    like = editor.main.stat() if editor.main.exists() else None
    for name in sorted(files, key=lambda name: name == os.path.realpath(editor.main)):
        path = FilePath(name)
        found = path.stat() if path.exists() else None
        if found is None or read_file(path) != files[name]:
            replace_file(path, files[name], found or like)
    return present_files(editor.main)


def number_of(editor: ConfigEditor, added: Generation | None) -> int:
    """The number of the state that was added, or of the newest where nothing was."""
    return added.number if added is not None else editor.history.generations()[-1].number
