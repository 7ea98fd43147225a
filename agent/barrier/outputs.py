"""The relay outputs of one lane: which relay does what, and what the lane wants held and lit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.core.lane import Lamp

if TYPE_CHECKING:
    from collections.abc import Iterator

Action = Literal["open", "close"]


@dataclass(frozen=True, slots=True)
class Wiring:
    """Which relay channel does what (from 1), and how long a pulse lasts."""

    open_channel: int
    pulse_ms: int
    close_channel: int | None = None
    hold_channel: int | None = None
    red_channel: int | None = None
    green_channel: int | None = None


@dataclass(slots=True)
class LaneOutputs:
    """The wiring of one lane, whether it holds its barrier open, and its lamp. For the thread that owns the board."""

    wiring: Wiring
    held: bool = False
    lamp: Lamp = Lamp.RED

    @property
    def hold_channel(self) -> int:
        """The channel that holds the barrier open."""
        return self.wiring.hold_channel or self.wiring.open_channel

    def channel(self, action: Action) -> int | None:
        """The channel of an action; None where it is not wired."""
        return self.wiring.open_channel if action == "open" else self.wiring.close_channel

    def moving(self) -> Iterator[int]:
        """The channels that move the arm."""
        for channel in (self.wiring.open_channel, self.wiring.close_channel, self.wiring.hold_channel):
            if channel is not None:
                yield channel

    def lamps(self) -> Iterator[tuple[int, bool]]:
        """The channels of the lamps, and whether each is to be lit."""
        for channel, lamp in ((self.wiring.red_channel, Lamp.RED), (self.wiring.green_channel, Lamp.GREEN)):
            if channel is not None:
                yield channel, self.lamp is lamp
