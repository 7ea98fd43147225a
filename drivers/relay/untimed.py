"""What relay boards without a timer have in common."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from drivers.api import DeviceMisconfiguredError
from drivers.text import Text

if TYPE_CHECKING:
    from drivers.api import Delivery


class UntimedRelay:
    """A relay board that cannot time a pulse: its user must switch off in time."""

    # The parameters are those of RelayPort.
    def pulse(self, channel: int, duration_ms: int, *, deadline: float = inf) -> Delivery:  # noqa: ARG002
        """Refuse: raises DeviceMisconfiguredError."""
        raise DeviceMisconfiguredError(
            Text(
                "the board cannot time a pulse ({duration_ms} ms on channel {channel}): switch on and off instead",
                duration_ms=duration_ms,
                channel=channel,
            )
        )
