"""Which driver serves which kind: one line a driver, loaded only when used."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from drivers.api import DeviceMisconfiguredError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from drivers.api import (
        CameraNeeds,
        CameraPort,
        InputPort,
        RelayPort,
        ScannerPort,
        SignPort,
        VoicePort,
        WitnessPort,
    )


@dataclass(frozen=True, slots=True)
class DriverEntry:
    """One driver.

    `path` of its class, and of its settings model where the class is heavy to load; else its `Settings`.
    """

    path: str
    settings: str = ""


CAMERAS: Mapping[str, DriverEntry] = MappingProxyType(
    {
        "opencv": DriverEntry("drivers.camera.opencv:OpenCvCamera", "drivers.camera.settings:OpenCvSettings"),
        "folder": DriverEntry("drivers.camera.picture_folder:FolderCamera", "drivers.camera.settings:FolderSettings"),
        "simulated": DriverEntry(
            "drivers.camera.simulated:SimulatedCamera", "drivers.camera.settings:SimulatedSettings"
        ),
    }
)
RELAYS: Mapping[str, DriverEntry] = MappingProxyType(
    {
        "devantech": DriverEntry("drivers.relay.devantech:DevantechRelay"),
        "kmtronic": DriverEntry("drivers.relay.kmtronic:KmtronicRelay"),
        "lcus": DriverEntry("drivers.relay.lcus:LcusRelay"),
        "modbus_rtu": DriverEntry("drivers.relay.modbus_rtu:ModbusRtuRelay"),
        "numato": DriverEntry("drivers.relay.numato:NumatoRelay"),
        "simulated": DriverEntry("drivers.relay.simulated:SimulatedRelay"),
    }
)
INPUTS: Mapping[str, DriverEntry] = MappingProxyType(
    {
        "modbus_rtu": DriverEntry("drivers.inputs.modbus_rtu:ModbusRtuInputs"),
        "numato": DriverEntry("drivers.inputs.numato:NumatoInputs"),
        "simulated": DriverEntry("drivers.inputs.simulated:SimulatedInputs"),
    }
)
_ICSE = Text(
    "once it has been asked what it is, every further byte switches all its relays, also the agent's next question; "
    'it cannot tell its state either; take a board that can, such as one of kind "modbus_rtu" or "lcus"'
)
_LINE_RELAY = Text(
    "the operating system raises this line whenever the port is opened, so that each start of the agent would open the "
    'barrier; take a relay board with commands, such as one of kind "modbus_rtu" or "lcus"'
)
_BIT_BANG = Text(
    "its relays hang on pins of the USB chip, which move when the port is opened, and it has no commands; "
    'take a board of kind "devantech" or "modbus_rtu"'
)
_HID = Text('it has no serial port; take its sister with a CH340 (kind "lcus") or a board of kind "devantech"')
REFUSED: Mapping[str, Text] = MappingProxyType(
    {
        "icse": _ICSE,
        "icse012a": _ICSE,
        "icse013a": _ICSE,
        "icse014a": _ICSE,
        "dtr": _LINE_RELAY,
        "rts": _LINE_RELAY,
        "denkovi_usb": _BIT_BANG,
        "sainsmart_usb": _BIT_BANG,
        "noyito_hid": _HID,
        "usbrelay": _HID,
        "arduino": Text(
            "it starts anew when its port is opened, and what its program does then is not known; "
            'teach it Modbus RTU and use kind "modbus_rtu" with profile "coils"'
        ),
        "latching": Text(
            "its relays stay as they are when the power fails, so that an opening would last for ever; "
            "take a board whose relays fall off"
        ),
        "tg9541": Text(
            "it neither acknowledges a command nor tells its state, and wants another value for on than Modbus has; "
            'take a board of kind "modbus_rtu" with profile "waveshare_d"'
        ),
    }
)
"""Boards that must not move a barrier, or cannot: why, and what to take instead."""
SCANNERS: Mapping[str, DriverEntry] = MappingProxyType(
    {
        "serial_lines": DriverEntry("drivers.scanner.serial_lines:SerialLinesScanner"),
    }
)

SIGNS: Mapping[str, DriverEntry] = MappingProxyType(
    {
        "aa55": DriverEntry("drivers.sign.aa55:Aa55Sign"),
        "fk": DriverEntry("drivers.sign.fk:FkSign"),
        "onbon": DriverEntry("drivers.sign.onbon:OnbonSign"),
        "simulated": DriverEntry("drivers.sign.simulated:SimulatedSign"),
    }
)
VOICES: Mapping[str, DriverEntry] = MappingProxyType(
    {
        "alsa": DriverEntry("drivers.voice.alsa:AlsaVoice"),
        "simulated": DriverEntry("drivers.voice.simulated:SimulatedVoice"),
    }
)
WITNESSES: Mapping[str, DriverEntry] = MappingProxyType(
    {
        "dahua": DriverEntry("drivers.witness.dahua:DahuaWitness"),
        "hikvision": DriverEntry("drivers.witness.hikvision:HikvisionWitness"),
    }
)


def settings_model(family: Mapping[str, DriverEntry], kind: str) -> type[BaseModel]:
    """The pydantic model of the configuration table of a driver; loads the driver only when that is cheap.

    Raises DeviceMisconfiguredError for a kind that is not in the family.
    """
    line = _entry(family, kind)
    settings = _loaded(line.settings) if line.settings else _loaded(line.path).Settings  # type: ignore[attr-defined]
    return cast("type[BaseModel]", settings)


def camera(kind: str, table: Mapping[str, object]) -> CameraPort:
    """Make the camera of this kind from its configuration table."""
    return cast("CameraPort", _make(CAMERAS, kind, table))


def camera_needs(kind: str, table: Mapping[str, object]) -> CameraNeeds:
    """What of the machine the camera of this kind must reach. Loads its driver, and all that the driver needs."""
    settings = settings_model(CAMERAS, kind).model_validate(table)
    driver = _loaded(_entry(CAMERAS, kind).path)
    return cast("CameraNeeds", driver.needs(settings))  # type: ignore[attr-defined]


def relay(kind: str, table: Mapping[str, object]) -> RelayPort:
    """Make the relay board of this kind from its configuration table."""
    return cast("RelayPort", _make(RELAYS, kind, table))


def inputs(kind: str, table: Mapping[str, object]) -> InputPort:
    """Make the input board of this kind from its configuration table."""
    return cast("InputPort", _make(INPUTS, kind, table))


def scanner(kind: str, table: Mapping[str, object]) -> ScannerPort:
    """Make the QR scanner of this kind from its configuration table."""
    return cast("ScannerPort", _make(SCANNERS, kind, table))


def sign(kind: str, table: Mapping[str, object]) -> SignPort:
    """Make the sign of this kind from its configuration table."""
    return cast("SignPort", _make(SIGNS, kind, table))


def voice(kind: str, table: Mapping[str, object]) -> VoicePort:
    """Make the voice of this kind from its configuration table."""
    return cast("VoicePort", _make(VOICES, kind, table))


def witness(kind: str, table: Mapping[str, object]) -> WitnessPort:
    """Make the camera of this kind that reads plates by itself from its configuration table."""
    return cast("WitnessPort", _make(WITNESSES, kind, table))


def witness_needs(kind: str, table: Mapping[str, object]) -> CameraNeeds:
    """What of the machine the witness of this kind must reach. Loads its driver, and all that the driver needs."""
    settings = settings_model(WITNESSES, kind).model_validate(table)
    return _loaded(_entry(WITNESSES, kind).path).needs(settings)  # type: ignore[attr-defined,no-any-return]


def _make(family: Mapping[str, DriverEntry], kind: str, table: Mapping[str, object]) -> object:
    settings = settings_model(family, kind).model_validate(table)
    return _loaded(_entry(family, kind).path)(settings)


def _entry(family: Mapping[str, DriverEntry], kind: str) -> DriverEntry:
    try:
        return family[kind]
    except KeyError:
        if kind in REFUSED and (family is RELAYS or family is INPUTS):
            message = Text("a board of kind {kind!r} is not used: {why}", kind=kind, why=REFUSED[kind])
            raise DeviceMisconfiguredError(message) from None
        message = Text("no driver of kind {kind!r}; there is: {kinds}", kind=kind, kinds=", ".join(sorted(family)))
        raise DeviceMisconfiguredError(message) from None


def _loaded(path: str) -> type:
    module, _, name = path.partition(":")
    return cast("type", getattr(import_module(module), name))
