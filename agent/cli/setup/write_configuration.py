"""What the questions came to, shown, agreed to and written."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cli.config.change import step
from agent.cli.configuration import DEFAULT_PATH
from agent.cli.terminal import echo
from agent.settings import (
    VARIABLE,
    ChangeError,
    ConfigEditor,
    History,
    HistoryError,
    SettingsError,
    new_file_text,
    replace_text,
    state_directory,
)
from agent.settings.configuration_loading import load_configuration, models
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cli.setup.interview import Interview
    from agent.setup import AnswerSheet

_HEAD = (
    "The configuration of this gate, as set up by questions. What else may stand here: gate-agent config schema, or "
    "the file with every key in share/gate-agent/config/gate.toml. After each change: gate-agent config check"
)
_FOR_THE_GROUP = 0o640
_FOLDER_FOR_THE_GROUP = 0o750


def written(interview: Interview, configuration: Path, beside: Mapping[Path, bytes]) -> bool:
    """Show the file, ask, and write it with those beside it; whether that was done. What is against it is told."""
    sheet = interview.sheet
    text = new_file_text(sheet.values, sheet.schema, _HEAD)
    echo(f"\n{configuration}:\n\n{text}")
    if not interview.confirm(Text("Write it?"), default=True):
        _tell(interview, Text("Nothing was written."))
        return False
    try:
        configuration.parent.mkdir(parents=True, exist_ok=True)
        for path, data in beside.items():
            _write(path, data, configuration.parent.stat().st_gid)
        is_new = not configuration.exists()
        history = History(_state_directory(sheet, configuration), configuration)
        editor = ConfigEditor(configuration, partial(load_configuration, configuration), models, history)
        change = replace_text(editor, text.encode(), step("setup"))
        if configuration != DEFAULT_PATH:
            runtime_folder(configuration).mkdir(mode=0o700, exist_ok=True)
    except (ChangeError, HistoryError, SettingsError, OSError) as error:
        echo(
            error.words(interview.language) if isinstance(error, SettingsError) else interview.words(str(error)),
            err=True,
        )
        _tell(interview, Text("The configuration is not changed."))
        return False
    if is_new:  # root writes it, and the service, whose group has the folder, reads it
        os.chown(configuration, -1, configuration.parent.stat().st_gid)
        configuration.chmod(_FOR_THE_GROUP)
    for warning in change.loaded.warnings:
        echo(warning, err=True)
    interview.say(Text("{path} is written; state {number}", path=str(configuration), number=change.number))
    return True


def _tell(interview: Interview, why: Text) -> None:
    echo(f"gate-agent setup: {interview.words(why)}", err=True)


def runtime_folder(configuration: Path) -> Path:
    """Where an agent that runs from a terminal has its socket; the service's is made by the service manager."""
    return configuration.parent / "run"


def _state_directory(sheet: AnswerSheet, configuration: Path) -> Path:
    """The state directory that is being written; the file that names it may not be there yet."""
    named = sheet.values.get("state", {}).get("directory")
    return Path(named) if named and VARIABLE not in os.environ else state_directory(configuration, os.environ)


def _write(path: Path, data: bytes, group: int) -> None:
    """Write a file that the service can read, whatever the umask is: its group has the folder of the configuration."""
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
        os.chown(path.parent, -1, group)
        path.parent.chmod(_FOLDER_FOR_THE_GROUP)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FOR_THE_GROUP)
    with os.fdopen(handle, "wb") as file:
        os.fchown(handle, -1, group)
        os.fchmod(handle, _FOR_THE_GROUP)
        file.write(data)
