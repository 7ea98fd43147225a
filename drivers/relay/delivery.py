"""What became of a command, judged from reading the relays back after it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from drivers.api import Delivery, DeviceError, DeviceMisconfiguredError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


def check_channel(channel: int, channels: int) -> None:
    """Raise DeviceMisconfiguredError for a channel that the board does not have."""
    if not 1 <= channel <= channels:
        raise DeviceMisconfiguredError(f"there is no relay channel {channel}; the board has 1 to {channels}")


def judged(read: Callable[[], bool], otherwise: Delivery) -> Delivery:
    """DELIVERED when the relays read back as wanted, `otherwise` when not, UNKNOWN when they cannot be read."""
    try:
        as_wanted = read()
    except DeviceError as error:
        log.warning("the relays could not be read back: %s", error)
        return Delivery.UNKNOWN
    return Delivery.DELIVERED if as_wanted else otherwise
