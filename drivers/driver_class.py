"""The class of a driver: loaded, held to its port, and made. What is wrong with one is told with whose it is.

A driver that cannot be loaded or made is a device that cannot be had: it must not take the rest of the gate with it.
"""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn

from pydantic import BaseModel, ValidationError

from drivers.api import (
    CameraNeeds,
    CameraPort,
    DeviceError,
    DeviceMisconfiguredError,
    InputPort,
    RelayCapabilities,
    RelayPort,
    ScannerPort,
    SignCapabilities,
    SignPort,
    VoicePort,
    WitnessPort,
)
from drivers.text import Text, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from drivers.driver_declaration import DriverEntry

_PROTOCOLS: Final[Mapping[str, type]] = {
    "camera": CameraPort,
    "relay": RelayPort,
    "inputs": InputPort,
    "scanner": ScannerPort,
    "sign": SignPort,
    "voice": VoicePort,
    "witness": WitnessPort,
}
_CONFINED: Final = frozenset({"camera", "witness"})
"""Ports whose drivers run in a process that is barred from all that they do not need."""
_LONGEST_CAUSE: Final = 300


class DriverUnusableError(DeviceMisconfiguredError):
    """The driver itself cannot be used, whatever its settings: its package is broken, or not one for this agent."""


def settings_model_of(entry: DriverEntry) -> type[BaseModel]:
    """The model of the driver's own keys; loads the driver itself only where its settings are not declared apart.

    Raises DriverUnusableError.
    """
    model = _object(entry, entry.settings) if entry.settings else getattr(driver_class_of(entry), "Settings", None)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        _refuse(entry, Text("its settings are not a pydantic model"))
    if entry.package is not None:
        # The schema of the configuration is made of all models: one that has none would leave the gate without it.
        _guarded(entry, model.model_json_schema)
    return model


def driver_class_of(entry: DriverEntry) -> Any:
    """The class of the driver, which has all that its port asks for. Raises DriverUnusableError."""
    driver = _object(entry, entry.path)
    if not isinstance(driver, type):
        _refuse(entry, Text("{path} is not a class", path=entry.path))
    missing = [name for name in _asked_for(entry.port) if name != "capabilities" and not _has(driver, name)]
    if missing:
        _refuse(entry, Text("{path} lacks: {missing}", path=entry.path, missing=", ".join(missing)))
    return driver


def made(entry: DriverEntry, table: Mapping[str, object]) -> Any:
    """The driver of this configuration table, opened by nobody yet.

    Raises pydantic's ValidationError for a table that it cannot take, DriverUnusableError, and what the driver itself
    raises as a DeviceError.
    """
    driver = driver_class_of(entry)
    settings = _guarded(entry, lambda: settings_model_of(entry).model_validate(table))
    port = _guarded(entry, lambda: driver(settings))
    if "capabilities" in _asked_for(entry.port):
        _check_capabilities(entry, port)
    return port


def needs_of(entry: DriverEntry, table: Mapping[str, object]) -> CameraNeeds:
    """What of the machine a camera or witness of this table must reach. Loads its driver. Raises as `made`."""
    driver = driver_class_of(entry)
    settings = _guarded(entry, lambda: settings_model_of(entry).model_validate(table))
    needs = _guarded(entry, lambda: driver.needs(settings))
    if not isinstance(needs, CameraNeeds):
        _refuse(entry, Text("its needs are not of the type CameraNeeds"))
    return needs


def _object(entry: DriverEntry, path: str) -> object:
    module, _, name = path.partition(":")
    found = _guarded(entry, lambda: import_module(module))
    if not hasattr(found, name):
        _refuse(entry, Text("{module} has no {name}", module=module, name=name))
    return getattr(found, name)


def _asked_for(port: str) -> tuple[str, ...]:
    """The names that a driver of this port must have."""
    own = tuple(name for name in vars(_PROTOCOLS[port]) if not name.startswith("_"))
    return (*own, "needs") if port in _CONFINED else own


def _has(thing: object, name: str) -> bool:
    """Whether it has that, without asking for it: a property may do much."""
    return inspect.getattr_static(thing, name, None) is not None


def _check_capabilities(entry: DriverEntry, port: Any) -> None:
    if not _has(port, "capabilities"):
        _refuse(entry, Text("it declares no capabilities"))
    declared = _guarded(entry, lambda: port.capabilities)
    if not _guarded(entry, lambda: _can_be(entry.port, declared)):
        _refuse(entry, Text("its capabilities are invalid: {found}", found=_told(declared)))


def _can_be(port: str, declared: object) -> bool:
    """Whether a device of this port can have these capabilities. Raises TypeError for what are no numbers."""
    match declared:
        case RelayCapabilities(channels=channels, hardware_pulse=timed, pulse_step_ms=step_ms):
            return port == "relay" and channels > 0 and (step_ms > 0) == timed
        case SignCapabilities(lines=lines, columns=columns, longest_s=longest_s):
            return port == "sign" and min(lines, columns, longest_s) > 0
        case _:
            return False


def _guarded(entry: DriverEntry, work: Callable[[], Any]) -> Any:
    """What the work brings. Whatever a driver's code raises that no port allows is told as a fault of the driver."""
    try:
        return work()
    except (DeviceError, ValidationError):
        raise
    except (Exception, SystemExit) as error:
        cause = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise DriverUnusableError(_about(entry, Text.of(_told(cause)))) from error


def _refuse(entry: DriverEntry, fault: Text) -> NoReturn:
    raise DriverUnusableError(_about(entry, fault))


def _about(entry: DriverEntry, fault: Text) -> Text:
    if entry.package is None:
        return Text("the driver {port}.{kind} cannot be used: {fault}", port=entry.port, kind=entry.kind, fault=fault)
    return Text(
        "the driver {port}.{kind} of the package {package} cannot be used: {fault}",
        port=entry.port,
        kind=entry.kind,
        package=str(entry.package),
        fault=fault,
    )


def _told(found: object) -> str:
    return shortened(" ".join(str(found).split()), _LONGEST_CAUSE)
