"""The options by which commands name a configuration, and the configuration that such a command uses."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.owner_rights import act_at_gate, act_on_configuration
from agent.i18n import Language
from agent.settings import SettingsError, last_good, on_disk, usable
from agent.settings.configuration_loading import load_configuration, place_of_board

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.settings import Lane, UsableConfiguration

DEFAULT_PATH = Path("/etc/gate-agent/gate.toml")
_HELP = "The gate's configuration."
Configuration = Annotated[
    Path, typer.Option("--config", "-c", callback=act_at_gate, help=_HELP, show_default=str(DEFAULT_PATH))
]
ConfigurationToChange = Annotated[
    Path, typer.Option("--config", "-c", callback=act_on_configuration, help=_HELP, show_default=str(DEFAULT_PATH))
]
ConfigurationLater = Annotated[Path, typer.Option("--config", "-c", help=_HELP, show_default=str(DEFAULT_PATH))]
"""For a command that first does something with its caller's own rights; it then calls `act_at_gate` itself."""
ConfigurationArgument = Annotated[
    Path | None, typer.Argument(metavar="[CONFIG]", help="The same as --config.", show_default=False)
]
ConfigurationOption = Annotated[Path | None, typer.Option("--config", "-c", help=_HELP, show_default=str(DEFAULT_PATH))]
"""The two by which a command takes its configuration as an argument or by the option; see `configuration_of`."""
ProblemLanguage = Annotated[Language, typer.Option("--language", help="The language of the problems.")]


def configuration_of(argument: Path | None, option: Path | None) -> Path:
    """The configuration that a command was given; from then on root has the rights of who keeps it.

    Raises typer.BadParameter where the two name different ones. Raises OSError.
    """
    if argument is not None and option is not None and argument != option:
        raise typer.BadParameter(f"give one configuration, {argument} or --config {option}")
    return act_at_gate(argument or option or DEFAULT_PATH)


def usable_configuration(path: Path) -> UsableConfiguration:
    """The configuration, or the last one with which the agent ran where it cannot be used. Raises SettingsError.

    That one is used also where the drivers of some of its devices are gone or broken: the gate ran with it before. A
    file that is wrong, as a certificate, stops no start: what needs it does not work, and says why.
    Where nothing can be used with the fleet documents, it is tried without them: a gate that runs can be told so.
    """
    bearing_files = partial(load_configuration, path, bears_unusable_files=True)
    bearing = partial(bearing_files, bears_missing_drivers=True)
    try:
        return usable(path, partial(load_configuration, path), os.environ, bearing, bearing_files)
    except SettingsError as refused:
        alone = partial(load_configuration, path, fleet=())
        try:
            return replace(usable(path, alone, os.environ), refused=refused)
        except SettingsError:
            raise refused from None


def configuration_on_disk(path: Path) -> UsableConfiguration:
    """The configuration and nothing in its place. Raises SettingsError."""
    return on_disk(path, partial(load_configuration, path))


def last_good_configuration(path: Path) -> UsableConfiguration | None:
    """The last configuration with which the agent ran, where there is one that can be used."""
    return last_good(path, partial(load_configuration, path), os.environ)


def relay_boards(lanes: Mapping[str, Lane]) -> dict[str, list[str]]:
    """The lanes of each relay board, by where the board is."""
    found: dict[str, list[str]] = {}
    for name, lane in lanes.items():
        found.setdefault(place_of_board(lane.relay) or f"of lane {name}", []).append(name)
    return found
