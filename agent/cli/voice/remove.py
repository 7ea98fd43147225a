"""The command `gate-agent voice remove`: back to the shipped recordings."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.configuration import DEFAULT_PATH, Configuration
from agent.cli.gate_registry import settings_of
from agent.cli.terminal import echo
from agent.cli.voice.common import keys_in, keys_of, own_recordings


def remove(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Recordings to remove, such as ru/show_code.")
    ] = None,
    configuration: Configuration = DEFAULT_PATH,
    everything: Annotated[bool, typer.Option("--all", help="All of this site's recordings.")] = False,
) -> None:
    """Remove recordings of this site and use the shipped ones again."""
    if bool(names) is everything:
        raise typer.BadParameter("name recordings, or give --all")
    keys = keys_in(None) if everything else keys_of(names or ())
    removed = own_recordings(settings_of(configuration)).remove(keys)
    for key in removed:
        echo(f"{key}: removed")
    if not removed:
        echo("none of them was imported", err=True)
