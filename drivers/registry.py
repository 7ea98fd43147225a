"""Which driver serves which kind: one line a driver, loaded only when used."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from drivers.api import DeviceMisconfiguredError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from drivers.api import CameraPort, InputPort, RelayPort

CAMERAS: Mapping[str, str] = MappingProxyType(
    {
        "opencv": "drivers.camera.opencv:OpenCvCamera",
        "folder": "drivers.camera.folder:FolderCamera",
        "simulated": "drivers.camera.simulated:SimulatedCamera",
    }
)
RELAYS: Mapping[str, str] = MappingProxyType(
    {
        "lcus": "drivers.relay.lcus:LcusRelay",
        "modbus_rtu": "drivers.relay.modbus_rtu:ModbusRtuRelay",
        "simulated": "drivers.relay.simulated:SimulatedRelay",
    }
)
INPUTS: Mapping[str, str] = MappingProxyType(
    {
        "modbus_rtu": "drivers.inputs.modbus_rtu:ModbusRtuInputs",
        "simulated": "drivers.inputs.simulated:SimulatedInputs",
    }
)


def driver_class(family: Mapping[str, str], kind: str) -> type:
    """The driver class for `kind`. Its attribute `Settings` is the pydantic model of its configuration table.

    Raises DeviceMisconfiguredError for a kind that is not in the family.
    """
    try:
        path = family[kind]
    except KeyError:
        message = f"no driver of kind {kind!r}; there is: {', '.join(sorted(family))}"
        raise DeviceMisconfiguredError(message) from None
    module, _, name = path.partition(":")
    return cast("type", getattr(import_module(module), name))


def settings_model(family: Mapping[str, str], kind: str) -> type[BaseModel]:
    """The pydantic model of the configuration table of a driver."""
    return cast("type[BaseModel]", driver_class(family, kind).Settings)  # type: ignore[attr-defined]


def camera(kind: str, table: Mapping[str, object]) -> CameraPort:
    """Make the camera of this kind from its configuration table."""
    return cast("CameraPort", _make(CAMERAS, kind, table))


def relay(kind: str, table: Mapping[str, object]) -> RelayPort:
    """Make the relay board of this kind from its configuration table."""
    return cast("RelayPort", _make(RELAYS, kind, table))


def inputs(kind: str, table: Mapping[str, object]) -> InputPort:
    """Make the input board of this kind from its configuration table."""
    return cast("InputPort", _make(INPUTS, kind, table))


def _make(family: Mapping[str, str], kind: str, table: Mapping[str, object]) -> object:
    return driver_class(family, kind)(settings_model(family, kind).model_validate(table))
