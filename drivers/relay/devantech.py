"""Devantech USB-RLY02, -RLY08 and -RLY16 relay boards, and the TOSR0x boards that obey the same commands.

A command is one byte and is acknowledged by nothing: each is proved by asking for the states. That answer is one bare
byte, so it is asked for twice, with the number of the board in between: a byte that was garbled, lost, or that comes
from an earlier question shows itself. The command that sets all relays at once is not used: killed in the middle of it,
the agent would leave a board that takes the next question for a pattern of relays.
"""

from __future__ import annotations

import logging
from math import inf
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from drivers.api import Delivery, DeviceError, RelayCapabilities
from drivers.relay import devantech_codec as codec
from drivers.relay.readback import check_channel, proved
from drivers.relay.untimed import UntimedRelay
from drivers.serial.shared_port import NoReplyError, SerialParameters, SerialPort
from drivers.text import Text

log = logging.getLogger(__name__)

COMMAND_GAP_S = 0.002
"""The maker names none, and on USB the board says itself when it can take more; clones have a plain serial line."""


class DevantechRelaySettings(BaseModel):
    """Configuration of a Devantech or TOSR0x relay board."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: str = Field(
        pattern="^/",
        description="Path of the serial port. Use a path that survives replugging: /dev/serial/by-id/...",
    )
    channels: Literal[1, 2, 4, 8] = Field(
        default=8, description="How many relays the board has: 2 on a USB-RLY02, 8 on a -RLY08 or -RLY16."
    )
    timeout_ms: int = Field(
        default=200, ge=20, le=5000, description="How long the board may take to answer, in milliseconds."
    )


class DevantechRelay(UntimedRelay):
    """A Devantech relay board."""

    Settings: ClassVar[type[DevantechRelaySettings]] = DevantechRelaySettings

    def __init__(self, settings: DevantechRelaySettings) -> None:
        self._settings = settings
        self._channels: int = settings.channels
        self._timeout_s = settings.timeout_ms / 1000
        self._port = SerialPort(settings.port, SerialParameters("devantech", gap_s=COMMAND_GAP_S))
        self._module = b""

    @property
    def capabilities(self) -> RelayCapabilities:
        """What this board can do."""
        return RelayCapabilities(self._channels, hardware_pulse=False, pulse_step_ms=0, read_back=True)

    def open(self) -> str:
        """Connect, check that the board is one of the known ones with so many relays, and read them once."""
        self._port.open()
        try:
            self._module = self._ask(codec.CLEARING + codec.TELL_MODULE, 2)
            name = codec.board_of(self._module, self._channels)
            self.state()
        except DeviceError:
            self.close()
            raise
        return Text(
            "{board}, {channels} relays, on {port}", board=name, channels=self._channels, port=self._settings.port
        )

    def close(self) -> None:
        """Let the port go."""
        self._port.close()

    def set(self, channel: int, *, on: bool, deadline: float = inf) -> Delivery:
        """Switch one relay and prove it."""
        check_channel(channel, self._channels)
        self._send(codec.switch(channel, on=on), deadline if on else inf)
        return proved(lambda: self.state()[channel - 1], on=on)

    def all_off(self) -> Delivery:
        """Release every relay and prove it."""
        self._send(codec.ALL_OFF)
        return proved(lambda: any(self.state()), on=False)

    def state(self) -> tuple[bool, ...]:
        """Ask the board which relays are energised."""
        first, module, second = (
            self._ask(codec.TELL_STATES, 1),
            self._ask(codec.TELL_MODULE, 2),
            self._ask(codec.TELL_STATES, 1),
        )
        return codec.states_of(first, module, second, self._module, self._channels)

    def _send(self, command: bytes, deadline: float = inf) -> None:
        """Send a command once. Raises NotSentError when it did not leave; whether it arrived must be asked for."""
        try:
            self._port.send(command, deadline=deadline)
        except NoReplyError as error:
            log.warning("command %s went wrong: %s", command.hex().upper(), error)

    def _ask(self, question: bytes, length: int) -> bytes:
        return self._port.exchange(question, length, self._timeout_s)
