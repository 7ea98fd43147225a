"""Changes a configuration at once, and undoes it: one value set, or a former state brought back.

The loader judges the whole before any file is touched.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from agent.settings.editing.anchor_lock import check_anchors_untouched
from agent.settings.editing.edits import Edit, edited
from agent.settings.editing.fleet_lock import check_fleet_untouched
from agent.settings.editing.history import ConfigurationFiles, EditStep, Generation, present_files
from agent.settings.editing.step_words import BY_HAND
from agent.settings.toml.change import ChangeError
from agent.settings.toml.files import read_file, replace_file
from agent.settings.toml.includes import dotted
from agent.settings.toml.keypath import key_path
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.settings.editing.edits import ConfigEditor
    from agent.settings.loading.load import LoadedSettings
    from agent.settings.toml.files import FileReader


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
        try:
            path = key_path(key)
        except ValueError as error:
            raise ChangeError(str(error)) from None
        files = edited(editor, [Edit("set", path, value)])
        loaded = editor.load(over(files))
        origin = loaded.document.origins.get(path)
        if origin is not None and (origin.file is None or origin.is_laid):
            raise ChangeError(
                Text(
                    "{key} is set by {origin}, which wins over the files: change it there",
                    key=dotted(path),
                    origin=origin,
                )
            )
        check_anchors_untouched(editor, loaded)
        check_fleet_untouched(editor, loaded)
        added = editor.history.note(replace_files(editor, files), step)
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
