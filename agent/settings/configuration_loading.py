"""The configuration as every part loads it: the file, the credentials, the GATE_ variables and the real drivers."""

from __future__ import annotations

import logging
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from agent.service.credentials import DIRECTORY_VARIABLE, held_credentials
from agent.settings.editing.edits import ConfigEditor
from agent.settings.editing.history import History
from agent.settings.editing.last_known_good import state_directory
from agent.settings.loading.anchor_file import AnchorsUnusableError, anchors_folder, read_anchors
from agent.settings.loading.fleet_file import FleetUnreadableError, read_held_fleet
from agent.settings.loading.load import load
from agent.settings.model.devices import device_tables, devices_of
from agent.settings.model.pydantic_problems import PydanticProblems
from agent.settings.rules.ports import board_place
from agent.settings.toml.files import read_file
from agent.settings.toml.problems import Problem, SettingsError
from drivers import registry
from drivers.api import DeviceMisconfiguredError
from drivers.driver_trial import DriverQuestion, faults_of
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from agent.settings.loading.anchor_file import AnchorFile
    from agent.settings.loading.load import LoadedSettings
    from agent.settings.model.agent import Settings
    from agent.settings.model.devices import Family
    from agent.settings.model.lane import Device
    from agent.settings.toml.files import FileReader

log = logging.getLogger(__name__)

FAMILIES: Mapping[Family, registry.DriverFamily] = {
    "camera": registry.CAMERAS,
    "relay": registry.RELAYS,
    "inputs": registry.INPUTS,
    "scanner": registry.SCANNERS,
    "sign": registry.SIGNS,
    "voice": registry.VOICES,
    "witness": registry.WITNESSES,
}
_CONFINED: Final[frozenset[Family]] = frozenset({"camera", "witness"})


def models(family: Family, kind: str) -> type[BaseModel]:
    """The settings model of a driver. Raises DeviceMisconfiguredError for a kind that is not there."""
    return registry.settings_model(FAMILIES[family], kind)


def prove(family: Family, kind: str, table: Mapping[str, object]) -> None:
    """Make the device of a driver that an installed package brings, and drop it; nothing is opened.

    Only for those that would run in this process: a camera's driver is loaded where it is confined, and nowhere else.
    Raises DeviceMisconfiguredError, and pydantic's ValidationError.
    """
    if family not in _CONFINED and FAMILIES[family][kind].package is not None:
        registry.make(FAMILIES[family], kind, table)


def usable_kinds() -> Mapping[Family, tuple[str, ...]]:
    """The kinds of each family whose settings are known: those of a package that is broken are left out."""
    return {family: tuple(kind for kind in table if _has_model(family, kind)) for family, table in FAMILIES.items()}


def place_of_board(device: Device) -> str:
    """Where a relay board is, as `board_place` says; "" for one without a place, or without a usable driver."""
    try:
        return board_place(device.kind, models("relay", device.kind).model_validate(device.table))
    except DeviceMisconfiguredError:
        return ""


def drivers_from_outside(settings: Settings) -> dict[str, str]:
    """The drivers that these settings use and an installed package brings: port.kind, and whose each is."""
    found = {}
    for family, kind in devices_of(settings):
        entry = FAMILIES[family].get(kind)
        if entry is not None and entry.package is not None:
            found[f"{family}.{kind}"] = str(entry.package)
    return dict(sorted(found.items()))


def confined_problems(loaded: LoadedSettings) -> list[Problem]:
    """What is wrong with drivers of cameras and witnesses that installed packages bring: tried in another process."""
    about = PydanticProblems(loaded.document, loaded.schema).about
    devices = [
        one
        for one in device_tables(loaded.document.data)
        if one.family in _CONFINED and (entry := FAMILIES[one.family].get(one.kind)) and entry.package is not None
    ]
    faults = faults_of([DriverQuestion(one.family, one.kind, one.own) for one in devices])
    return [about((*one.path, "kind"), Text.of(fault)) for one, fault in zip(devices, faults, strict=True) if fault]


def load_configuration(
    path: Path,
    reader: FileReader = read_file,
    anchors: AnchorFile | Literal["held"] | None = "held",
    *,
    fleet: Sequence[str] | Literal["held"] = "held",
    bears_missing_drivers: bool = False,
    bears_unusable_files: bool = False,
) -> LoadedSettings:
    """Load the configuration as the service does. Raises SettingsError.

    `anchors`: trust anchors in the place of those that are held; None: as if there were none. `fleet`: signed documents
    in the place of those that are held. `bears_missing_drivers`: whether a device without a usable driver is a warning,
    as at the start of a gate that would not run otherwise. `bears_unusable_files`: whether what is wrong in a file that
    a key names, as a certificate, is a warning, for such a start too.
    """
    directory = os.environ.get(DIRECTORY_VARIABLE)
    return load(
        path,
        environment=os.environ,
        credentials_directory=Path(directory) if directory else None,
        held_credentials=held_credentials(),
        models=models,
        relays=registry.relay,
        prove=prove,
        bears_missing_drivers=bears_missing_drivers,
        bears_unusable_files=bears_unusable_files,
        reader=reader,
        anchors=_held_anchors(path) if anchors == "held" else anchors,
        fleet=_held_fleet(path) if fleet == "held" else fleet,
    )


def _has_model(family: Family, kind: str) -> bool:
    try:
        models(family, kind)
    except DeviceMisconfiguredError:
        return False
    return True


def _held_anchors(path: Path) -> AnchorFile | None:
    try:
        return read_anchors(anchors_folder(path))
    except AnchorsUnusableError as error:
        raise SettingsError([Problem(str(error.filename), "", Text.of(str(error.strerror)))]) from None


def _held_fleet(path: Path) -> Sequence[str]:
    """The fleet documents that count; none where they cannot be read, which the agent itself reports."""
    state = state_directory(path, os.environ)
    try:
        return read_held_fleet(state).running
    except FleetUnreadableError as error:
        log.warning("the fleet documents are not used: %s %s", error.filename, error.strerror)
        return ()


def history_of(path: Path) -> History:
    """The history of a configuration, also of one that cannot be used."""
    return History(state_directory(path, os.environ), path)


def editor_of(path: Path) -> ConfigEditor:
    """Where the configuration is changed."""
    return ConfigEditor(path, partial(load_configuration, path), models, history_of(path))
