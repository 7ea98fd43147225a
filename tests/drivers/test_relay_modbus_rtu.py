from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from drivers.emulators.modbus_rtu import ModbusEmulator
from tests.relay_contract import RelayContract, emulated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.relay_contract import Rig


class ModbusContract(RelayContract):
    kind = "modbus_rtu"
    profile: ClassVar[str]

    @pytest.fixture
    def rig(self, link: Path) -> Iterator[Rig]:
        board = ModbusEmulator(link, channels=self.channels)
        yield from emulated(board, {"channels": self.channels, "profile": self.profile, "timeout_ms": 100})


class TestModbusWaveshareD(ModbusContract):
    profile = "waveshare_d"


class TestModbusWaveshare(ModbusContract):
    profile = "waveshare"


class TestModbusCoils(ModbusContract):
    profile = "coils"


class TestModbusWithLocalEcho(RelayContract):
    kind = "modbus_rtu"

    @pytest.fixture
    def rig(self, link: Path) -> Iterator[Rig]:
        board = ModbusEmulator(link, channels=self.channels)
        board.local_echo = True
        yield from emulated(board, {"channels": self.channels, "local_echo": True, "timeout_ms": 100})
