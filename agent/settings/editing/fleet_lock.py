"""Edits of the configuration leave alone what central has set by a fleet document: there they would do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.settings.toml.change import ChangeError
from agent.settings.toml.files import read_file
from agent.settings.toml.problems import SettingsError
from drivers.text import Text

if TYPE_CHECKING:
    from agent.settings.editing.edits import ConfigEditor
    from agent.settings.loading.load import LoadedSettings


def check_fleet_untouched(editor: ConfigEditor, loaded: LoadedSettings) -> None:
    """Raise ChangeError where files as they would be set in vain what a fleet document sets, and those of now do not.

    A technician's own keys are not among them: there the gate wins.
    """
    new = {one.key: one.place for one in loaded.fleet.differences if not one.counts}
    for key in _present(editor):
        new.pop(key, None)
    if new:
        key, place = next(iter(new.items()))
        raise ChangeError(
            Text(
                "{key} is set by central, in the fleet document {place}, which wins: change it there",
                key=key,
                place=place,
            )
        )


def _present(editor: ConfigEditor) -> tuple[str, ...]:
    try:
        return editor.load(read_file).fleet.overruled
    except SettingsError:  # what is there now cannot be used: then nothing of it is excused
        return ()
