"""The device tables of a configuration and the models of their drivers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import BaseModel, ValidationError

from agent.settings.model.lane import Camera, Device, Scanner, Sign, Voice, Witness
from drivers.api import DeviceMisconfiguredError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from agent.settings.model.agent import Settings
    from agent.settings.model.pydantic_problems import PydanticProblems
    from agent.settings.toml.key_positions import Path
    from agent.settings.toml.problems import Problem

Family: TypeAlias = Literal["camera", "relay", "inputs", "scanner", "sign", "voice", "witness"]
FAMILIES: tuple[Family, ...] = ("camera", "relay", "inputs", "scanner", "sign", "voice", "witness")
_TABLES: Mapping[Family, type[Device]] = {
    "camera": Camera,
    "relay": Device,
    "inputs": Device,
    "scanner": Scanner,
    "sign": Sign,
    "voice": Voice,
    "witness": Witness,
}
_LISTS: Mapping[str, Family] = {"cameras": "camera", "scanners": "scanner", "signs": "sign", "witnesses": "witness"}


DriverModels: TypeAlias = "Callable[[Family, str], type[BaseModel]]"
"""Gives the model of a driver's own keys. Raises DeviceMisconfiguredError for a kind that is not there."""
DriverProof: TypeAlias = "Callable[[Family, str, Mapping[str, object]], None]"
"""Tries whether the device of a driver's own keys can be made. Raises DeviceMisconfiguredError and ValidationError."""


@dataclass(frozen=True, slots=True)
class DeviceTable:
    """A table of the configuration that describes a device; `kind` is empty when the table does not say."""

    path: Path
    family: Family
    kind: str
    table: dict[str, Any]

    @property
    def own(self) -> dict[str, Any]:
        """The driver's own keys."""
        ours = _TABLES[self.family].model_fields
        return {key: value for key, value in self.table.items() if key not in ours}


@dataclass(frozen=True, slots=True)
class Board:
    """A device whose keys its driver accepts."""

    device: DeviceTable
    settings: BaseModel


def device_tables(data: Mapping[str, Any]) -> Iterator[DeviceTable]:
    """Every device table of the tree that has the form of one, whatever else is wrong."""
    lanes = data.get("lanes")
    for name, lane in lanes.items() if isinstance(lanes, dict) else ():
        if not isinstance(lane, dict):
            continue
        yield from _of_lane(("lanes", name), lane)


def _of_lane(path: Path, lane: dict[str, Any]) -> Iterator[DeviceTable]:
    families: tuple[Family, ...] = ("relay", "inputs", "voice")
    for family in families:
        if isinstance(lane.get(family), dict):
            yield _table((*path, family), family, lane[family])
    for key, family in _LISTS.items():
        found = lane.get(key)
        for number, table in enumerate(found if isinstance(found, list) else ()):
            if isinstance(table, dict):
                yield _table((*path, key, number), family, table)


def _table(path: Path, family: Family, table: dict[str, Any]) -> DeviceTable:
    kind = table.get("kind")
    return DeviceTable(path, family, kind if isinstance(kind, str) else "", table)


def devices_of(settings: Settings) -> Iterator[tuple[Family, str]]:
    """Family and kind of every device of these settings."""
    for lane in settings.lanes.values():
        yield "relay", lane.relay.kind
        if lane.inputs is not None:
            yield "inputs", lane.inputs.kind
        if lane.voice is not None:
            yield "voice", lane.voice.kind
        lists: tuple[tuple[Family, tuple[Device, ...]], ...] = (
            ("camera", lane.cameras),
            ("scanner", lane.scanners),
            ("sign", lane.signs),
            ("witness", lane.witnesses),
        )
        for family, devices in lists:
            yield from ((family, device.kind) for device in devices)


def driver_models(
    devices: list[DeviceTable], models: DriverModels
) -> tuple[dict[Path, type[BaseModel]], dict[Path, Text]]:
    """The model of each device whose kind is known, and for the others what is wrong with the kind."""
    known: dict[Path, type[BaseModel]] = {}
    unknown: dict[Path, Text] = {}
    for device in devices:
        if not device.kind:
            continue
        try:
            model = models(device.family, device.kind)
        except DeviceMisconfiguredError as error:
            unknown[device.path] = Text.of(str(error))
            continue
        ours = _TABLES[device.family].model_fields
        if clash := set(model.model_fields) & set(ours):
            unknown[device.path] = Text(
                "the driver {kind} cannot be used: it has keys that are reserved for the agent: {keys}",
                kind=device.kind,
                keys=", ".join(sorted(clash)),
            )
            continue
        known[device.path] = model
    return known, unknown


def boards(
    devices: list[DeviceTable], known: Mapping[Path, type[BaseModel]], pydantic_problems: PydanticProblems
) -> tuple[list[Board], list[Problem]]:
    """Let the drivers' models judge their tables."""
    accepted: list[Board] = []
    problems: list[Problem] = []
    for device in devices:
        model = known.get(device.path)
        if model is None:
            continue
        strange = [key for key in device.own if key not in model.model_fields]
        fitting = {key: value for key, value in device.own.items() if key in model.model_fields}
        problems += pydantic_problems.from_pydantic(
            [{"type": "extra_forbidden", "loc": (key,), "msg": "", "input": None} for key in strange], device.path
        )
        try:
            settings = model.model_validate(fitting)
        except ValidationError as error:
            problems += pydantic_problems.from_pydantic(
                error.errors(include_url=False, include_input=False), device.path
            )
        except Exception as error:  # noqa: BLE001 - a driver from outside: its model may have checks of its own
            fault = Text(
                "the driver {kind} cannot be used: {fault}", kind=device.kind, fault=f"{type(error).__name__}: {error}"
            )
            problems.append(pydantic_problems.about((*device.path, "kind"), fault))
        else:
            if not strange:
                accepted.append(Board(device, settings))
    return accepted, problems


def proved(
    accepted: list[Board], prove: DriverProof, pydantic_problems: PydanticProblems
) -> tuple[list[Board], list[Problem]]:
    """The boards whose drivers can be made, and what is wrong with the others."""
    sound: list[Board] = []
    problems: list[Problem] = []
    for board in accepted:
        device = board.device
        try:
            prove(device.family, device.kind, device.own)
        except DeviceMisconfiguredError as error:
            problems.append(pydantic_problems.about((*device.path, "kind"), Text.of(str(error))))
        except ValidationError as error:
            problems += pydantic_problems.from_pydantic(
                error.errors(include_url=False, include_input=False), device.path
            )
        else:
            sound.append(board)
    return sound, problems
