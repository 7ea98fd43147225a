"""What stands in for the relay board of a lane in dry run: it takes every order, and nothing is wired to it.

Such a lane is given no driver of a board at all, so nothing that it decides can reach one.
"""

from __future__ import annotations

from math import inf
from typing import Final

from drivers.api import Delivery, RelayCapabilities
from drivers.text import Text

IDENTITY: Final = Text("none: the lane is in dry run, and nothing moves")
_CHANNELS: Final = 64


class DryRunRelay:
    """A RelayPort without a board. It opens nothing and energises nothing, so whatever it is told is done at once."""

    @property
    def capabilities(self) -> RelayCapabilities:
        """All that a lane may ask for, so that it goes on as it would with a board."""
        return RelayCapabilities(_CHANNELS, hardware_pulse=True, pulse_step_ms=1, read_back=False)

    def open(self) -> str:
        """There is nothing to open."""
        return IDENTITY

    def close(self) -> None:
        """There is nothing to close."""

    def pulse(self, channel: int, duration_ms: int, *, deadline: float = inf) -> Delivery:  # noqa: ARG002
        """Take a pulse, and give none."""
        return Delivery.DELIVERED

    def set(self, channel: int, *, on: bool, deadline: float = inf) -> Delivery:  # noqa: ARG002
        """Take a level, and switch nothing."""
        return Delivery.DELIVERED

    def all_off(self) -> Delivery:
        """Everything is off, and always was."""
        return Delivery.DELIVERED

    def state(self) -> tuple[bool, ...] | None:
        """There are no relays that could be asked."""
        return None
