"""What the questions came to, shown, agreed to and written."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import typer

from agent.cli.config.change import step
from agent.cli.configuration import history_of, load_configuration, models
from agent.settings.change import ChangeError
from agent.settings.draft import draft
from agent.settings.history import HistoryError
from agent.settings.problems import SettingsError
from agent.settings.revision import Desk, replace_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.cli.setup.interview import Sheet

_HEAD = (
    "The configuration of this gate, as set up by questions. What else may stand here: gate-agent config schema, or the "
    "file with every key in share/gate-agent/config/gate.toml. After each change: gate-agent config check"
)
_FOR_THE_GROUP = 0o640
_FOLDER = 0o755


def written(sheet: Sheet, configuration: Path, beside: Mapping[Path, tuple[bytes, int]]) -> bool:
    """Show the file, ask, and write it with those beside it; whether that was done. What stands against it is told."""
    text = draft(sheet.values, sheet.schema, _HEAD)
    typer.echo(f"\n{configuration}:\n\n{text}")
    if not typer.confirm("Write it?", default=True):
        typer.echo("gate-agent setup: nothing was written", err=True)
        return False
    try:
        for path, (data, mode) in beside.items():
            _write(path, data, mode)
        configuration.parent.mkdir(parents=True, exist_ok=True)
        is_new = not configuration.exists()
        desk = Desk(configuration, partial(load_configuration, configuration), models, history_of(configuration))
        change = replace_text(desk, text.encode(), step("setup"))
    except (ChangeError, HistoryError, SettingsError, OSError) as error:
        typer.echo(f"{error}\ngate-agent setup: the configuration is not changed", err=True)
        return False
    if is_new:  # root writes it, and the service, whose group has the folder, reads it
        os.chown(configuration, -1, configuration.parent.stat().st_gid)
        configuration.chmod(_FOR_THE_GROUP)
    for warning in change.loaded.warnings:
        typer.echo(str(warning), err=True)
    typer.echo(f"{configuration} is written; state {change.number}")
    return True


def _write(path: Path, data: bytes, mode: int) -> None:
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True)
        path.parent.chmod(_FOLDER)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)  # also where the umask would give less: the service reads the trust list
        file.write(data)
