"""A proposed configuration.

Made of edits, of a whole text or of a former state, judged, compared, and then put in place. The proposer names
the state of the files that was shown. Where somebody else has changed them meanwhile, nothing is written.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.settings.editing.anchor_lock import check_anchors_untouched
from agent.settings.editing.change_and_undo import (
    Change,
    note_present,
    number_of,
    over,
    replace_files,
)
from agent.settings.editing.fleet_lock import check_fleet_untouched
from agent.settings.editing.history import EditStep, changed_keys, present_files
from agent.settings.loading.origin import key_origins
from agent.settings.toml.includes import dotted
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent.settings.editing.edits import ConfigEditor
    from agent.settings.editing.history import ConfigurationFiles
    from agent.settings.loading.load import LoadedSettings
    from agent.settings.loading.origin import KeyOrigin
    from agent.settings.toml.key_positions import Path


class StaleError(Exception):
    """The files are not those that were seen.

    `changed`: the keys that differ now, where that can be told; `who`: by whom.
    """

    def __init__(self, changed: tuple[str, ...], who: str) -> None:
        keys = ", ".join(changed) or Text("edited manually")
        super().__init__(Text("the configuration was changed in the meantime: {keys}", keys=keys))
        self.changed = changed
        self.who = who


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

    `of`: the number of the former state that they bring back. Raises StaleError, SettingsError, HistoryError, OSError,
    and ChangeError for other trust anchors than the gate's own; nothing is changed then.
    """
    with editor.history.held():
        note_present(editor, step)
        check_seen(editor, seen)
        loaded = judged(editor, files)
        if of is None:  # a former state may be of before the anchors: it is warned of
            check_anchors_untouched(editor, loaded)
            check_fleet_untouched(editor, loaded)
        added = editor.history.note(replace_files(editor, files), step, of)
        return Change("", str(editor.main), number_of(editor, added), loaded)


def differences(before: LoadedSettings, after: LoadedSettings) -> list[Difference]:
    """What would be another, in the order of the models: first of what is, then of what is new."""
    old, new = ({one.key: one for one in key_origins(loaded)} for loaded in (before, after))
    return list(_differing(before, after, old, new))


def _differing(
    before: LoadedSettings, after: LoadedSettings, old: Mapping[str, KeyOrigin], new: Mapping[str, KeyOrigin]
) -> Iterator[Difference]:
    was_set, will_be_set = set_values(before), set_values(after)
    for key in dict.fromkeys((*old, *new)):
        was, will = old.get(key), new.get(key)
        if (was and (was.value, was.secret)) != (will and (will.value, will.secret)):
            yield Difference(key, was, will)
        elif was_set.get(key) != will_be_set.get(key):
            yield Difference(key, was, will, is_hidden=True)


def set_values(loaded: LoadedSettings) -> dict[str, Any]:
    """All values by their keys, the hidden ones too: to be compared and nothing else."""
    return {dotted(path): _at(loaded.document.data, path) for path in loaded.document.origins}


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _digest(state: ConfigurationFiles) -> str:
    found = hashlib.sha256()
    for name, data in sorted(state.files.items()):
        found.update(b"%d %d " % (len(name.encode()), len(data)) + name.encode() + data)
    return found.hexdigest()
