"""Devices whose drivers cannot be used: they stand in their places, never connect, and say why.

So a gate whose package of one driver is gone or broken goes on with all other devices.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final, NoReturn

from drivers.api import DeviceMisconfiguredError, RelayCapabilities, ScanLosses, SignCapabilities, SignTimer

if TYPE_CHECKING:
    from pathlib import Path

    from drivers.api import Delivery, InputSample, Scan, SignPage

MOST_CHANNELS: Final = 1000


class UnusableDevice:
    """Any of them. `why`: what is wrong with the driver."""

    def __init__(self, why: str) -> None:
        self._why = why

    def open(self) -> str:
        """Raise DeviceMisconfiguredError, always."""
        self._refuse()

    def close(self) -> None:
        """There is nothing to let go."""

    def _refuse(self) -> NoReturn:
        raise DeviceMisconfiguredError(self._why)


class UnusableRelay(UnusableDevice):
    """A relay board without a usable driver: it moves nothing."""

    @property
    def capabilities(self) -> RelayCapabilities:
        """None, but channels enough: what is told of it is its driver, and not that it has too few."""
        return RelayCapabilities(MOST_CHANNELS, hardware_pulse=False, pulse_step_ms=0, read_back=False)

    def pulse(self, channel: int, duration_ms: int, *, deadline: float = inf) -> Delivery:  # noqa: ARG002
        """Raise DeviceMisconfiguredError, always: nothing is sent."""
        self._refuse()

    def set(self, channel: int, *, on: bool, deadline: float = inf) -> Delivery:  # noqa: ARG002
        """Raise DeviceMisconfiguredError, always: nothing is sent."""
        self._refuse()

    def all_off(self) -> Delivery:
        """Raise DeviceMisconfiguredError, always: nothing is sent."""
        self._refuse()

    def state(self) -> tuple[bool, ...] | None:
        """Raise DeviceMisconfiguredError, always."""
        self._refuse()


class UnusableInputs(UnusableDevice):
    """An input board without a usable driver: nothing is known of its inputs."""

    def sample(self) -> InputSample:
        """Raise DeviceMisconfiguredError, always."""
        self._refuse()


class UnusableScanner(UnusableDevice):
    """A scanner without a usable driver: it reads nothing."""

    @property
    def losses(self) -> ScanLosses:
        """None."""
        return ScanLosses()

    def read(self, timeout_s: float) -> Scan | None:  # noqa: ARG002
        """Raise DeviceMisconfiguredError, always."""
        self._refuse()


class UnusableSign(UnusableDevice):
    """A sign without a usable driver: it shows nothing."""

    @property
    def capabilities(self) -> SignCapabilities:
        """The least that a sign can be."""
        return SignCapabilities(1, 1, scrolls=False, speaks=False, timer=SignTimer.NONE, longest_s=1)

    def can_show(self, text: str) -> bool:  # noqa: ARG002
        """Nothing."""
        return False

    def can_speak(self, text: str) -> bool:  # noqa: ARG002
        """Nothing."""
        return False

    def show(self, page: SignPage) -> None:  # noqa: ARG002
        """Raise DeviceMisconfiguredError, always: nothing is sent."""
        self._refuse()


class UnusableVoice(UnusableDevice):
    """A sound device without a usable driver: it says nothing."""

    def play(self, recording: Path) -> None:  # noqa: ARG002
        """Raise DeviceMisconfiguredError, always."""
        self._refuse()

    def is_playing(self) -> bool:
        """Never."""
        return False
