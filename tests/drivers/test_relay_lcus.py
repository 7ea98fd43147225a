from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from drivers.emulators.lcus import Dialect, LcusEmulator
from tests.relay_contract import RelayContract, emulated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.relay_contract import Rig


class LcusContract(RelayContract):
    kind = "lcus"
    dialect: ClassVar[Dialect]

    @pytest.fixture
    def rig(self, link: Path) -> Iterator[Rig]:
        board = LcusEmulator(link, self.channels, self.dialect)
        yield from emulated(board, {"channels": self.channels, "readback": self.dialect.value, "timeout_ms": 50})


class TestLcusAscii(LcusContract):
    dialect = Dialect.ASCII


class TestLcusBytes(LcusContract):
    dialect = Dialect.BYTES


class TestLcusFeedback(LcusContract):
    dialect = Dialect.FEEDBACK


class TestLcusBlind(LcusContract):
    dialect = Dialect.NONE
