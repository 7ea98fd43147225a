from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drivers.contracts.sign import Rig, SignContract, as_shown
from drivers.contracts.virtual_clock import VirtualClock
from drivers.sign import simulated

if TYPE_CHECKING:
    from collections.abc import Iterator


class TestSimulated(SignContract):
    kind = "simulated"
    shows_kazakh = True

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        panel, clock = simulated.panel("test"), VirtualClock()
        panel.now = clock
        yield Rig(
            {"name": "test"},
            lambda: as_shown(panel.page, self.lines),
            lambda: panel.spoken,
            clock.go,
            lambda: setattr(panel, "unplugged", True),
            lambda: setattr(panel, "unplugged", False),
            lambda: panel.pages,
        )
        simulated.forget_panels()


def test_signs_of_one_name_are_one_sign() -> None:
    assert simulated.panel("a") is simulated.panel("a")
    assert simulated.panel("a") is not simulated.panel("b")
    simulated.forget_panels()
