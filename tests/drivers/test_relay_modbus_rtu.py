from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from drivers.emulators.board import ReplyFault
from drivers.emulators.modbus_rtu import ModbusEmulator
from tests.board_faults import Fault, LineFault, Operation
from tests.relay_contract import EmulatedRelay

if TYPE_CHECKING:
    from pathlib import Path


class ModbusRelay(EmulatedRelay):
    kind = "modbus_rtu"
    copes_with = frozenset({ReplyFault.DUPLICATE})

    def emulator(self, link: Path) -> ModbusEmulator:
        return ModbusEmulator(link, channels=self.channels)


class TestWaveshareD(ModbusRelay):
    title = "modbus waveshare_d"
    options: ClassVar = {"profile": "waveshare_d"}


class TestWaveshare(ModbusRelay):
    title = "modbus waveshare"
    options: ClassVar = {"profile": "waveshare"}


class TestCoils(ModbusRelay):
    title = "modbus coils"
    options: ClassVar = {"profile": "coils"}


class TestWithLocalEcho(ModbusRelay):
    """The echo of the adapter is expected; the fault is that it ceases."""

    title = "modbus local_echo"
    options: ClassVar = {"local_echo": True}

    def emulator(self, link: Path) -> ModbusEmulator:
        board = super().emulator(link)
        board.local_echo = True
        return board

    def copes(self, operation: Operation, fault: Fault) -> bool:
        # What acknowledges the unlinking of the inputs is then taken for the echo, and opening fails.
        return super().copes(operation, fault) or (fault is LineFault.LOCAL_ECHO and operation is not Operation.OPEN)
