"""Which driver serves which kind: one line a driver, loaded only when used."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from drivers.api import DeviceMisconfiguredError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from drivers.api import CameraPort, InputPort, RelayPort, ScannerPort


@dataclass(frozen=True, slots=True)
class Line:
    """One driver: `path` of its class, and of its settings model where the class is heavy to load; else its `Settings`."""

    path: str
    settings: str = ""


CAMERAS: Mapping[str, Line] = MappingProxyType(
    {
        "opencv": Line("drivers.camera.opencv:OpenCvCamera", "drivers.camera.settings:OpenCvSettings"),
        "folder": Line("drivers.camera.folder:FolderCamera", "drivers.camera.settings:FolderSettings"),
        "simulated": Line("drivers.camera.simulated:SimulatedCamera", "drivers.camera.settings:SimulatedSettings"),
    }
)
RELAYS: Mapping[str, Line] = MappingProxyType(
    {
        "devantech": Line("drivers.relay.devantech:DevantechRelay"),
        "kmtronic": Line("drivers.relay.kmtronic:KmtronicRelay"),
        "lcus": Line("drivers.relay.lcus:LcusRelay"),
        "modbus_rtu": Line("drivers.relay.modbus_rtu:ModbusRtuRelay"),
        "numato": Line("drivers.relay.numato:NumatoRelay"),
        "simulated": Line("drivers.relay.simulated:SimulatedRelay"),
    }
)
INPUTS: Mapping[str, Line] = MappingProxyType(
    {
        "modbus_rtu": Line("drivers.inputs.modbus_rtu:ModbusRtuInputs"),
        "numato": Line("drivers.inputs.numato:NumatoInputs"),
        "simulated": Line("drivers.inputs.simulated:SimulatedInputs"),
    }
)
SCANNERS: Mapping[str, Line] = MappingProxyType(
    {
        "serial_lines": Line("drivers.scanner.serial_lines:SerialLinesScanner"),
    }
)


def settings_model(family: Mapping[str, Line], kind: str) -> type[BaseModel]:
    """The pydantic model of the configuration table of a driver; loads the driver only when that is cheap.

    Raises DeviceMisconfiguredError for a kind that is not in the family.
    """
    line = _line(family, kind)
    return cast("type[BaseModel]", _loaded(line.settings) if line.settings else _loaded(line.path).Settings)  # type: ignore[attr-defined]


def camera(kind: str, table: Mapping[str, object]) -> CameraPort:
    """Make the camera of this kind from its configuration table."""
    return cast("CameraPort", _make(CAMERAS, kind, table))


def relay(kind: str, table: Mapping[str, object]) -> RelayPort:
    """Make the relay board of this kind from its configuration table."""
    return cast("RelayPort", _make(RELAYS, kind, table))


def inputs(kind: str, table: Mapping[str, object]) -> InputPort:
    """Make the input board of this kind from its configuration table."""
    return cast("InputPort", _make(INPUTS, kind, table))


def scanner(kind: str, table: Mapping[str, object]) -> ScannerPort:
    """Make the QR scanner of this kind from its configuration table."""
    return cast("ScannerPort", _make(SCANNERS, kind, table))


def _make(family: Mapping[str, Line], kind: str, table: Mapping[str, object]) -> object:
    settings = settings_model(family, kind).model_validate(table)
    return _loaded(_line(family, kind).path)(settings)


def _line(family: Mapping[str, Line], kind: str) -> Line:
    try:
        return family[kind]
    except KeyError:
        message = f"no driver of kind {kind!r}; there is: {', '.join(sorted(family))}"
        raise DeviceMisconfiguredError(message) from None


def _loaded(path: str) -> type:
    module, _, name = path.partition(":")
    return cast("type", getattr(import_module(module), name))
