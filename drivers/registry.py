"""Which driver serves which kind: one line a driver, loaded only when used.

Ours stand here, in the very form in which installed packages declare theirs (`drivers.installed`), and all are judged
by the same rules (`drivers.driver_declaration`) and made in the same way (`drivers.driver_class`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from typing_extensions import override

from drivers.api import DeviceMisconfiguredError
from drivers.driver_class import driver_class_of, made, needs_of, settings_model_of
from drivers.driver_declaration import PORTS, Declaration, DriverEntry, JudgedDeclarations, judged
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

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

OWN: Mapping[str, str] = MappingProxyType(
    {
        "camera.folder": "drivers.camera.picture_folder:FolderCamera",
        "camera.folder.settings": "drivers.camera.settings:FolderSettings",
        "camera.opencv": "drivers.camera.opencv:OpenCvCamera",
        "camera.opencv.settings": "drivers.camera.settings:OpenCvSettings",
        "camera.simulated": "drivers.camera.simulated:SimulatedCamera",
        "camera.simulated.settings": "drivers.camera.settings:SimulatedSettings",
        "inputs.modbus_rtu": "drivers.inputs.modbus_rtu:ModbusRtuInputs",
        "inputs.numato": "drivers.inputs.numato:NumatoInputs",
        "inputs.simulated": "drivers.inputs.simulated:SimulatedInputs",
        "relay.devantech": "drivers.relay.devantech:DevantechRelay",
        "relay.kmtronic": "drivers.relay.kmtronic:KmtronicRelay",
        "relay.lcus": "drivers.relay.lcus:LcusRelay",
        "relay.modbus_rtu": "drivers.relay.modbus_rtu:ModbusRtuRelay",
        "relay.numato": "drivers.relay.numato:NumatoRelay",
        "relay.simulated": "drivers.relay.simulated:SimulatedRelay",
        "scanner.serial_lines": "drivers.scanner.serial_lines:SerialLinesScanner",
        "sign.aa55": "drivers.sign.aa55:Aa55Sign",
        "sign.fk": "drivers.sign.fk:FkSign",
        "sign.onbon": "drivers.sign.onbon:OnbonSign",
        "sign.simulated": "drivers.sign.simulated:SimulatedSign",
        "voice.alsa": "drivers.voice.alsa:AlsaVoice",
        "voice.simulated": "drivers.voice.simulated:SimulatedVoice",
        "witness.dahua": "drivers.witness.dahua:DahuaWitness",
        "witness.hikvision": "drivers.witness.hikvision:HikvisionWitness",
    }
)
"""Our drivers: PORT.KIND and where its class is; with .settings, where the class is heavy to load."""
_ICSE = Text(
    "after the query for its type, every further byte switches all its relays, also the agent's next "
    'query; it cannot report its state either; use another board, such as one of kind "modbus_rtu" or '
    '"lcus"'
)
_LINE_RELAY = Text(
    "the operating system raises this line whenever the port is opened, so each start of the agent would "
    'open the barrier; use a relay board with commands, such as one of kind "modbus_rtu" or "lcus"'
)
_BIT_BANG = Text(
    "its relays are wired to pins of the USB chip, which switch when the port is opened, and it has no "
    'commands; use a board of kind "devantech" or "modbus_rtu"'
)
_HID = Text('it has no serial port; use the model with a CH340 (kind "lcus") or a board of kind "devantech"')
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
            "it restarts when its port is opened, and what its program then does is unknown; load a "
            'program with Modbus RTU, and use kind "modbus_rtu" with profile "coils"'
        ),
        "latching": Text(
            "its relays keep their state when the power fails, so an opening would never end; use a "
            "board whose relays release"
        ),
        "tg9541": Text(
            "it neither acknowledges a command nor reports its state, and needs another value for on "
            'than Modbus has; use a board of kind "modbus_rtu" with profile "waveshare_d"'
        ),
    }
)
"""Boards that must not move a barrier, or cannot: why, and what to take instead."""


class DriverFamily(Mapping[str, DriverEntry]):
    """The drivers of one port, by kind: ours, then those of installed packages, which are looked for when needed.

    `own`: ours alone.
    """

    def __init__(self, port: str, own: Mapping[str, DriverEntry]) -> None:
        self.port = port
        self.own = own

    @override
    def __getitem__(self, kind: str) -> DriverEntry:
        return self.own[kind] if kind in self.own else outside().entries[self.port, kind]

    @override
    def __iter__(self) -> Iterator[str]:
        yield from self.own
        yield from (kind for port, kind in outside().entries if port == self.port)

    @override
    def __len__(self) -> int:
        return sum(1 for _ in self)


@cache
def outside() -> JudgedDeclarations:
    """The drivers that installed packages bring, and what of their declarations counts for nothing.

    Looked for once in a process: what is installed later needs a new one, as the agent's own code does.
    """
    from drivers.installed import declarations  # noqa: PLC0415 - most processes look at our own drivers alone

    ours = Text("the gate already has a driver of this kind")
    refused = {
        (port, kind): Text("a board of kind {kind!r} is not used: {why}", kind=kind, why=why)
        for port in ("relay", "inputs")
        for kind, why in REFUSED.items()
    }
    return judged(declarations(), {**refused, **dict.fromkeys(_OWN.entries, ours)})


_OWN = judged((Declaration(name, target) for name, target in OWN.items()), {})


def _family(port: str) -> DriverFamily:
    own = {entry.kind: entry for entry in _OWN.entries.values() if entry.port == port}
    return DriverFamily(port, MappingProxyType(own))


FAMILIES: Mapping[str, DriverFamily] = MappingProxyType({port: _family(port) for port in PORTS})
CAMERAS, RELAYS, INPUTS, SCANNERS, SIGNS, VOICES, WITNESSES = (
    FAMILIES[port] for port in ("camera", "relay", "inputs", "scanner", "sign", "voice", "witness")
)


def settings_model(family: DriverFamily, kind: str) -> type[BaseModel]:
    """The pydantic model of the configuration table of a driver; loads the driver only when that is cheap.

    Raises DeviceMisconfiguredError for a kind that is not in the family, or cannot be used.
    """
    return settings_model_of(_entry(family, kind))


def camera(kind: str, table: Mapping[str, object]) -> CameraPort:
    """Make the camera of this kind from its configuration table."""
    return cast("CameraPort", make(CAMERAS, kind, table))


def camera_needs(kind: str, table: Mapping[str, object]) -> CameraNeeds:
    """What of the machine the camera of this kind must reach. Loads its driver, and all that the driver needs."""
    return needs_of(_entry(CAMERAS, kind), table)


def relay(kind: str, table: Mapping[str, object]) -> RelayPort:
    """Make the relay board of this kind from its configuration table."""
    return cast("RelayPort", make(RELAYS, kind, table))


def inputs(kind: str, table: Mapping[str, object]) -> InputPort:
    """Make the input board of this kind from its configuration table."""
    return cast("InputPort", make(INPUTS, kind, table))


def scanner(kind: str, table: Mapping[str, object]) -> ScannerPort:
    """Make the QR scanner of this kind from its configuration table."""
    return cast("ScannerPort", make(SCANNERS, kind, table))


def sign(kind: str, table: Mapping[str, object]) -> SignPort:
    """Make the sign of this kind from its configuration table."""
    return cast("SignPort", make(SIGNS, kind, table))


def voice(kind: str, table: Mapping[str, object]) -> VoicePort:
    """Make the voice of this kind from its configuration table."""
    return cast("VoicePort", make(VOICES, kind, table))


def witness(kind: str, table: Mapping[str, object]) -> WitnessPort:
    """Make the camera of this kind that reads plates by itself from its configuration table."""
    return cast("WitnessPort", make(WITNESSES, kind, table))


def witness_needs(kind: str, table: Mapping[str, object]) -> CameraNeeds:
    """What of the machine the witness of this kind must reach. Loads its driver, and all that the driver needs."""
    return needs_of(_entry(WITNESSES, kind), table)


def load(family: DriverFamily, kind: str) -> None:
    """Load the driver of this kind, and its settings. Raises DeviceMisconfiguredError where it cannot be used."""
    entry = _entry(family, kind)
    driver_class_of(entry)
    settings_model_of(entry)


def make(family: DriverFamily, kind: str, table: Mapping[str, object]) -> object:
    """Make the device of this kind from its configuration table; opens nothing.

    Raises DeviceMisconfiguredError, and pydantic's ValidationError for a table that the kind does not take.
    """
    return made(_entry(family, kind), table)


def _entry(family: DriverFamily, kind: str) -> DriverEntry:
    try:
        return family[kind]
    except KeyError:
        raise DeviceMisconfiguredError(_why_not(family, kind)) from None


def _why_not(family: DriverFamily, kind: str) -> Text:
    if kind in REFUSED and family.port in {"relay", "inputs"}:
        return Text("a board of kind {kind!r} is not used: {why}", kind=kind, why=REFUSED[kind])
    for one in outside().rejected:
        if (one.port, one.kind) == (family.port, kind):
            return Text(
                "the driver {port}.{kind} of the package {package} is not used: {why}",
                port=one.port,
                kind=kind,
                package=str(one.declaration.package),
                why=one.reason,
            )
    return Text("no driver of kind {kind!r}; expected one of {kinds}", kind=kind, kinds=", ".join(sorted(family)))
