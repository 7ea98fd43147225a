from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from drivers.contracts.board_faults import Fault, LineFault, Operation
from drivers.contracts.relay import EmulatedRelay
from drivers.emulators.board import ReplyFault
from drivers.emulators.modbus_models import Model
from drivers.emulators.modbus_rtu import ModbusEmulator

if TYPE_CHECKING:
    from pathlib import Path


class ModbusRelay(EmulatedRelay):
    kind = "modbus_rtu"
    model: ClassVar[Model]
    copes_with = frozenset({ReplyFault.DUPLICATE})

    def emulator(self, link: Path) -> ModbusEmulator:
        return ModbusEmulator(link, channels=self.channels, model=self.model)


class TestWaveshareD(ModbusRelay):
    title = "modbus waveshare_d"
    model = Model.WAVESHARE_D
    options: ClassVar = {"profile": "waveshare_d"}


class TestWaveshareIo(ModbusRelay):
    title = "modbus waveshare_io"
    model = Model.WAVESHARE_IO
    options: ClassVar = {"profile": "waveshare_io"}


class TestWaveshare(ModbusRelay):
    title = "modbus waveshare"
    model = Model.WAVESHARE
    options: ClassVar = {"profile": "waveshare"}


class TestLcTech(ModbusRelay):
    title = "modbus lctech"
    model = Model.LCTECH
    options: ClassVar = {"profile": "lctech"}


class TestLcTechD7(ModbusRelay):
    title = "modbus lctech D7"
    model = Model.LCTECH_D7
    options: ClassVar = {"profile": "lctech", "timed_pulse": True}


class R421A(ModbusRelay):
    """All-off is an order and an acknowledge for each relay; only the question after them is the proof."""

    model = Model.R421A


class TestR421A(R421A):
    title = "modbus r421a"
    options: ClassVar = {"profile": "r421a"}


class TestR421ATimed(R421A):
    title = "modbus r421a timed"
    options: ClassVar = {"profile": "r421a", "timed_pulse": True}


class TestCoils(ModbusRelay):
    title = "modbus coils"
    model = Model.COILS
    options: ClassVar = {"profile": "coils"}


class TestWithLocalEcho(ModbusRelay):
    """The echo of the adapter is expected; the fault is that it ceases."""

    title = "modbus local_echo"
    model = Model.WAVESHARE_D
    options: ClassVar = {"local_echo": True}

    def emulator(self, link: Path) -> ModbusEmulator:
        board = super().emulator(link)
        board.local_echo = True
        return board

    def copes(self, operation: Operation, fault: Fault) -> bool:
        # What acknowledges the unlinking of the inputs is then taken for the echo, and opening fails.
        return super().copes(operation, fault) or (fault is LineFault.LOCAL_ECHO and operation is not Operation.OPEN)
