"""The command `gate-agent voice import`: a person's recordings in the place of the shipped ones."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated

import typer

from agent.cli import exit_codes
from agent.cli.configuration import DEFAULT_PATH, ConfigurationLater
from agent.cli.gate_registry import settings_of
from agent.cli.owner_rights import act_at_gate
from agent.cli.terminal import echo, fail
from agent.cli.voice.common import own_recordings
from agent.voice import ImportRefusedError, read_folder


def import_(
    folder: Annotated[Path, typer.Argument(help="The folder, with files such as ru/show_code.wav in it.")],
    configuration: ConfigurationLater = DEFAULT_PATH,
) -> None:
    """Import a person's recordings into this gate. The agent uses them from the next message on.

    A file is named LANGUAGE/MESSAGE.wav; `gate-agent voice list` shows the names. It must be a WAV file, 16-bit PCM,
    mono, 0.3 to 10 s long, neither clipped nor too quiet; nothing is converted. All files are imported, or none.
    """
    try:
        given = read_folder(folder)  # with its caller's own rights: the gate's user may not see a stick
    except ImportRefusedError as error:
        for problem in error.problems:
            echo(f"gate-agent voice import: {problem}", err=True)
        echo("gate-agent voice import: nothing was imported", err=True)
        raise typer.Exit(exit_codes.FAILED) from None
    except OSError as error:
        fail("voice import", f"{folder}: {error.strerror or error}")
    own = own_recordings(settings_of(act_at_gate(configuration)))
    own.take(given)
    for key in given.waves:
        echo(f"{key}: {own.all()[key].duration_s:.1f} s")
    for name in given.left_out:
        echo(f"{name}: left out, its name is not that of a recording", err=True)
