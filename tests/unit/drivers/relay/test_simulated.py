from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pytest

from drivers.contracts.relay import RelayContract, Rig
from drivers.relay import simulated

if TYPE_CHECKING:
    from collections.abc import Iterator


class TestSimulated(RelayContract):
    kind = "simulated"
    options: ClassVar[dict[str, object]] = {}

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        board = simulated.board("contract", self.channels)

        def unplug() -> None:
            board.fault = simulated.BoardFault.UNPLUGGED
            board.power_cycle()

        def plug() -> None:
            board.fault = None

        yield Rig({"name": "contract", "channels": self.channels, **self.options}, board.relays, unplug, plug)
        simulated.forget_boards()


class TestSimulatedPlain(TestSimulated):
    options: ClassVar[dict[str, object]] = {"hardware_pulse": False, "read_back": False}
