"""Devantech USB-RLY02, -RLY08 and -RLY16 relay boards, and the TOSR0x boards that obey the same commands.

A command is one byte and is acknowledged by nothing: each is proved by asking for the states. That answer is one bare
byte, so it is asked for twice, with the number of the board in between: a byte that was garbled, lost, or that comes
from an earlier question shows itself. The command that sets all relays at once is not used: killed in the middle of it,
the agent would leave a board that takes the next question for a pattern of relays.

Source: the maker's manuals of the boards; the Python package tosr0x 0.6.4.
"""

from __future__ import annotations

import logging
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from drivers.api import (
    Delivery,
    DeviceError,
    DeviceMisconfiguredError,
    DeviceUnavailableError,
    RelayCapabilities,
)
from drivers.relay.delivery import check_channel, proved
from drivers.serial_port import NoReplyError, SerialParameters, SerialPort

log = logging.getLogger(__name__)

CLEARING = b"\x00"
"""Ends a command to set all relays that another program has begun: as "none of them"; else it is no command."""
TELL_MODULE = b"\x5a"
TELL_STATES = b"\x5b"
ALL_OFF = b"\x6e"
ON_BASE, OFF_BASE = 0x64, 0x6E
COMMAND_GAP_S = 0.002
"""The maker names none, and on USB the board says itself when it can take more; clones have a plain serial line."""
BOARDS: dict[int, tuple[str, tuple[int, ...]]] = {
    8: ("USB-RLY08", (8,)),
    9: ("USB-RLY16", (8,)),
    10: ("USB-RLY02", (2,)),
    15: ("USB-RLY16L or TOSR0x", (1, 2, 4, 8)),
}
"""By the number that a board gives itself: its name, and how many relays it may have."""


class BadReplyError(DeviceUnavailableError):
    """The bytes that came back are no proper reply."""


def switch(channel: int, *, on: bool) -> bytes:
    """The command that switches one relay; channels count from 1."""
    return bytes(((ON_BASE if on else OFF_BASE) + channel,))


def board_of(module: bytes, channels: int) -> str:
    """The name of the board that answered TELL_MODULE so, with its version.

    Raises DeviceMisconfiguredError for a board that is not known or has not so many relays.
    """
    number, version = module
    if number not in BOARDS:
        known = ", ".join(f"{each} ({name})" for each, (name, _) in BOARDS.items())
        raise DeviceMisconfiguredError(f"the board gives itself the number {number}; known are {known}")
    name, sizes = BOARDS[number]
    if channels not in sizes:
        there = " or ".join(map(str, sizes))
        raise DeviceMisconfiguredError(f"the board is a {name} with {there} relays, not {channels}: set channels")
    return f"{name}, version {version}"


def states_of(first: bytes, module: bytes, second: bytes, known: bytes, channels: int) -> tuple[bool, ...]:
    """The states of the relays in the answers to TELL_STATES, TELL_MODULE and TELL_STATES; relay 1 is the lowest bit.

    `known` is the answer to TELL_MODULE at the opening. Raises BadReplyError, or DeviceMisconfiguredError where a relay
    is energised that the board ought not to have.
    """
    if module != known or first != second:
        heard = " ".join(each.hex().upper() for each in (first, module, second))
        message = f"asked for states, number and states the board answered {heard}: its number is {known.hex().upper()}"
        raise BadReplyError(message)
    mask = first[0]
    if mask >> channels:
        raise DeviceMisconfiguredError(
            f"relay {mask.bit_length()} is energised on a board of {channels} relays: set channels"
        )
    return tuple(bool(mask >> place & 1) for place in range(channels))


class DevantechRelaySettings(BaseModel):
    """Configuration of a Devantech or TOSR0x relay board."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: str = Field(
        pattern="^/",
        description="Path of the serial port, best one that survives replugging: /dev/serial/by-id/...",
    )
    channels: Literal[1, 2, 4, 8] = Field(
        default=8, description="How many relays the board has: 2 on a USB-RLY02, 8 on -RLY08 and -RLY16."
    )
    timeout_ms: int = Field(
        default=200, ge=20, le=5000, description="How long the board may take to answer, in milliseconds."
    )


class DevantechRelay:
    """A Devantech relay board. It cannot time a pulse: whoever uses it must switch off in time."""

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
            self._module = self._ask(CLEARING + TELL_MODULE, 2)
            name = board_of(self._module, self._channels)
            self.state()
        except DeviceError:
            self.close()
            raise
        return f"{name}, {self._channels} relays, on {self._settings.port}"

    def close(self) -> None:
        """Let the port go."""
        self._port.close()

    def pulse(self, channel: int, duration_ms: int) -> Delivery:
        """Refuse: raises DeviceMisconfiguredError."""
        raise DeviceMisconfiguredError(
            f"a Devantech board cannot time a pulse ({duration_ms} ms on channel {channel}): switch on and off instead"
        )

    def set(self, channel: int, *, on: bool) -> Delivery:
        """Switch one relay and prove it."""
        check_channel(channel, self._channels)
        self._tell(switch(channel, on=on))
        return proved(lambda: self.state()[channel - 1], on=on)

    def all_off(self) -> Delivery:
        """Release every relay and prove it."""
        self._tell(ALL_OFF)
        return proved(lambda: any(self.state()), on=False)

    def state(self) -> tuple[bool, ...]:
        """Ask the board which relays are energised."""
        first, module, second = self._ask(TELL_STATES, 1), self._ask(TELL_MODULE, 2), self._ask(TELL_STATES, 1)
        return states_of(first, module, second, self._module, self._channels)

    def _tell(self, command: bytes) -> None:
        """Send a command once. Raises NotSentError when it did not leave; whether it arrived must be asked for."""
        try:
            self._port.send(command)
        except NoReplyError as error:
            log.warning("command %s went wrong: %s", command.hex().upper(), error)

    def _ask(self, question: bytes, length: int) -> bytes:
        return self._port.exchange(question, length, self._timeout_s)
