from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drivers.contracts.inputs import InputContract, Rig
from drivers.inputs import simulated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class TestSimulated(InputContract):
    kind = "simulated"

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        board = simulated.board("contract", 4)

        def unplugged(out: bool) -> None:
            board.unplugged = out

        yield Rig({"name": "contract", "count": 4}, board.set, lambda: unplugged(True), lambda: unplugged(False))
        simulated.forget_boards()


class TestSimulatedFromAnotherProcess(InputContract):
    kind = "simulated"

    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        path = tmp_path / "inputs.json"
        board = simulated.board("contract", 4)
        bits = [False] * 4

        def drive(number: int, on: bool) -> None:
            bits[number - 1] = on
            simulated.write_state(path, bits)

        def unplugged(out: bool) -> None:
            board.unplugged = out

        yield Rig(
            {"name": "contract", "count": 4, "state_file": str(path)},
            drive,
            lambda: unplugged(True),
            lambda: unplugged(False),
        )
        simulated.forget_boards()
