"""Numato relay boards on USB.

The board repeats each command, which proves only that it heard it: every switching is proved by reading back. An on is
never sent twice.
"""

from __future__ import annotations

from math import inf
from typing import ClassVar, Literal

from pydantic import Field

from drivers import numato_codec
from drivers.api import Delivery, DeviceError, RelayCapabilities
from drivers.numato_client import NumatoClient, NumatoSettings
from drivers.relay.readback import check_channel, proved
from drivers.relay.untimed import UntimedRelay
from drivers.text import Text


class NumatoRelaySettings(NumatoSettings):
    """Configuration of the relays of a Numato board."""

    channels: Literal[1, 2, 4, 8, 16, 32, 64] = Field(default=4, description="How many relays the board has.")


class NumatoRelay(UntimedRelay):
    """The relays of a Numato board; the port may be shared with its inputs."""

    Settings: ClassVar[type[NumatoRelaySettings]] = NumatoRelaySettings

    def __init__(self, settings: NumatoRelaySettings) -> None:
        self._settings = settings
        self._channels: int = settings.channels
        self._client = NumatoClient(settings)

    @property
    def capabilities(self) -> RelayCapabilities:
        """What this board can do."""
        return RelayCapabilities(self._channels, hardware_pulse=False, pulse_step_ms=0, read_back=True)

    def open(self) -> str:
        """Connect and read the relays once."""
        identity = self._client.open()
        try:
            self.state()
        except DeviceError:
            self.close()
            raise
        return Text(
            "{board}, {channels} relays, on {port}", board=identity, channels=self._channels, port=self._settings.port
        )

    def close(self) -> None:
        """Let the port go."""
        self._client.close()

    def set(self, channel: int, *, on: bool, deadline: float = inf) -> Delivery:
        """Switch one relay and read it back."""
        check_channel(channel, self._channels)
        line = numato_codec.switch(channel, self._channels, on=on)
        self._client.send_lines(line, regardless=not on, deadline=deadline if on else inf)
        return proved(lambda: self._state_of(channel), on=on)

    def all_off(self) -> Delivery:
        """Release every relay and read them back."""
        self._client.send_lines(*numato_codec.all_off(self._channels), regardless=True)
        return proved(lambda: any(self.state()), on=False)

    def state(self) -> tuple[bool, ...]:
        """Ask the board which relays are energised."""
        if self._channels >= numato_codec.READS_ALL_FROM:
            return numato_codec.relay_states(self._client.query(numato_codec.READ_ALL_RELAYS), self._channels)
        return tuple(self._state_of(channel) for channel in range(1, self._channels + 1))

    def _state_of(self, channel: int) -> bool:
        line = numato_codec.read_relay(channel, self._channels)
        return numato_codec.relay_state(line, self._client.query(line))
