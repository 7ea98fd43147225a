"""The configuration as every part loads it: the file, the credentials, the GATE_ variables and the real drivers."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.settings.editing.edits import ConfigEditor
from agent.settings.editing.history import History
from agent.settings.editing.last_known_good import state_directory
from agent.settings.loading.anchor_file import AnchorsUnusableError, anchors_folder, read_anchors
from agent.settings.loading.load import load
from agent.settings.toml.files import read_file
from agent.settings.toml.problems import Problem, SettingsError
from drivers import registry
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from agent.settings.loading.anchor_file import AnchorFile
    from agent.settings.loading.load import LoadedSettings
    from agent.settings.model.devices import Family
    from agent.settings.toml.files import FileReader

FAMILIES: Mapping[Family, Mapping[str, registry.DriverEntry]] = {
    "camera": registry.CAMERAS,
    "relay": registry.RELAYS,
    "inputs": registry.INPUTS,
    "scanner": registry.SCANNERS,
    "sign": registry.SIGNS,
    "voice": registry.VOICES,
    "witness": registry.WITNESSES,
}


def models(family: Family, kind: str) -> type[BaseModel]:
    """The settings model of a driver. Raises DeviceMisconfiguredError for a kind that is not there."""
    return registry.settings_model(FAMILIES[family], kind)


def load_configuration(
    path: Path, reader: FileReader = read_file, anchors: AnchorFile | Literal["held"] | None = "held"
) -> LoadedSettings:
    """Load the configuration as the service does. Raises SettingsError.

    `anchors`: trust anchors in the place of those that are held; None: as if there were none.
    """
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    return load(
        path,
        environment=os.environ,
        credentials_directory=Path(directory) if directory else None,
        models=models,
        relays=registry.relay,
        reader=reader,
        anchors=_held_anchors(path) if anchors == "held" else anchors,
    )


def _held_anchors(path: Path) -> AnchorFile | None:
    try:
        return read_anchors(anchors_folder(path))
    except AnchorsUnusableError as error:
        raise SettingsError([Problem(str(error.filename), "", Text.of(str(error.strerror)))]) from None


def history_of(path: Path) -> History:
    """The history of a configuration, also of one that cannot be used."""
    return History(state_directory(path, os.environ), path)


def editor_of(path: Path) -> ConfigEditor:
    """Where the configuration is changed."""
    return ConfigEditor(path, partial(load_configuration, path), models, history_of(path))
