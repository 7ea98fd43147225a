"""The configuration as every command loads it: the file, the credentials, the GATE_ variables and the real drivers."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.settings import board_place, load
from agent.settings.files import read_file
from agent.settings.history import History
from agent.settings.refuge import last_good, on_disk, state_directory, usable
from drivers import registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from agent.settings import Family, Lane, LoadedSettings
    from agent.settings.files import FileReader
    from agent.settings.refuge import Found

DEFAULT_PATH = Path("/etc/gate-agent/gate.toml")
Configuration = Annotated[
    Path, typer.Option("--config", "-c", help="The gate's configuration.", show_default=str(DEFAULT_PATH))
]
FAMILIES: dict[Family, Mapping[str, registry.Line]] = {
    "camera": registry.CAMERAS,
    "relay": registry.RELAYS,
    "inputs": registry.INPUTS,
    "scanner": registry.SCANNERS,
}


def models(family: Family, kind: str) -> type[BaseModel]:
    """The settings model of a driver. Raises DeviceMisconfiguredError for a kind that is not there."""
    return registry.settings_model(FAMILIES[family], kind)


def load_configuration(path: Path, reader: FileReader = read_file) -> LoadedSettings:
    """Load the configuration as the service does. Raises SettingsError."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    return load(
        path,
        environment=os.environ,
        credentials_directory=Path(directory) if directory else None,
        models=models,
        relays=registry.relay,
        reader=reader,
    )


def usable_configuration(path: Path) -> Found:
    """The configuration, or the last one with which the agent ran where it cannot be used. Raises SettingsError."""
    return usable(path, partial(load_configuration, path), os.environ)


def configuration_on_disk(path: Path) -> Found:
    """The configuration and nothing in its place. Raises SettingsError."""
    return on_disk(path, partial(load_configuration, path))


def last_good_configuration(path: Path) -> Found | None:
    """The last configuration with which the agent ran, where there is one that can be used."""
    return last_good(path, partial(load_configuration, path), os.environ)


def history_of(path: Path) -> History:
    """The history of a configuration, also of one that cannot be used."""
    return History(state_directory(path, os.environ), path)


def relay_boards(lanes: Mapping[str, Lane]) -> dict[str, list[str]]:
    """The lanes of each relay board, by where the board is."""
    found: dict[str, list[str]] = {}
    for name, lane in lanes.items():
        settings = models("relay", lane.relay.kind).model_validate(lane.relay.table)
        found.setdefault(board_place(lane.relay.kind, settings) or f"of lane {name}", []).append(name)
    return found
