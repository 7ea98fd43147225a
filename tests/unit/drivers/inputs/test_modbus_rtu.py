from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drivers.contracts.inputs import InputContract, Rig
from drivers.emulators.modbus_rtu import ModbusEmulator
from tests.support.waiting import REPLY_MS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class TestModbusRtu(InputContract):
    kind = "modbus_rtu"

    @pytest.fixture
    def rig(self, link: Path) -> Iterator[Rig]:
        with ModbusEmulator(link, unit=7, inputs=4) as board:
            table: dict[str, object] = {"port": str(link), "unit": 7, "count": 4, "timeout_ms": REPLY_MS}
            yield Rig(table, lambda number, on: board.set_input(number, on=on), board.unplug, board.plug)
