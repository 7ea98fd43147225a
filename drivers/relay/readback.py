"""What became of a command, judged from reading the relays back after it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from drivers.api import Delivery, DeviceError, DeviceMisconfiguredError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


def check_channel(channel: int, channels: int) -> None:
    """Raise DeviceMisconfiguredError for a channel that the board does not have."""
    if not 1 <= channel <= channels:
        raise DeviceMisconfiguredError(
            Text(
                "there is no relay channel {channel}; the board has 1 to {channels}", channel=channel, channels=channels
            )
        )


def proved(is_on: Callable[[], bool], *, on: bool) -> Delivery:
    """What became of a switching that was sent, from whether the relay, or any of the board, reads back energised.

    A relay that was switched on and reads back released may have been on for a moment: its own current can take the
    board's power away. To the barrier that is a pulse, so it is UNKNOWN; to switch it on again might be a second one.
    """
    return judged(lambda: is_on() == on, otherwise=Delivery.UNKNOWN if on else Delivery.NOT_DELIVERED)


def judged(read: Callable[[], bool], otherwise: Delivery) -> Delivery:
    """DELIVERED when the relays read back as wanted, `otherwise` when not, UNKNOWN when they cannot be read."""
    try:
        as_wanted = read()
    except DeviceError as error:
        log.warning("the relays could not be read back: %s", error)
        return Delivery.UNKNOWN
    return Delivery.DELIVERED if as_wanted else otherwise
