"""What the Modbus RTU relay boards want to be sent: one line of the table a board. Pure bytes.

Sources: the boards' manuals as they are cited by programs that drive them; which of it was checked against a second
program stands in docs/boards. Channels count from 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from drivers import modbus_codec
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from drivers.modbus_codec import Request

LCTECH_BLOCK = 8
"""LC-Tech boards answer to a question for eight relays or inputs, however many they have."""
LCTECH_TIMERS, LCTECH_TIMER_LENGTH, LCTECH_ON_FOR_A_TIME = 3, 5, 0x0004
R421A_ON, R421A_OFF, R421A_ON_FOR_SECONDS = 0x0100, 0x0200, 0x0600
STEPS_LIMIT, R421A_SECONDS_LIMIT = modbus_codec.FLASH_LIMIT, 255


class Profile(StrEnum):
    """The boards that the table knows."""

    WAVESHARE_D = "waveshare_d"
    WAVESHARE_IO = "waveshare_io"
    WAVESHARE = "waveshare"
    LCTECH = "lctech"
    R421A = "r421a"
    COILS = "coils"


@dataclass(frozen=True, slots=True)
class Timer:
    """How a board is told to energise a relay for a time.

    `order`: unit, channel and number of steps to the request. `is_usual`: every board of the profile has it, so that
    it is used without being asked for.
    """

    step_ms: int
    limit: int
    order: Callable[[int, int, int], Request]
    is_usual: bool


class ProfileCommands(Protocol):
    """The requests that a kind of board understands."""

    def switch(self, unit: int, channel: int, *, on: bool) -> Request:
        """Switch one relay."""
        ...

    def release_all(self, unit: int, channels: int) -> Request | None:
        """Release every relay at once; None for a board that cannot."""
        ...

    def state_request(self, unit: int, channels: int) -> Request:
        """Ask for the state of all relays."""
        ...

    def states(self, request: Request, reply: bytes, channels: int) -> tuple[bool, ...]:
        """Which relays are energised. Raises as `modbus_codec.read_bits`."""
        ...


@dataclass(frozen=True, slots=True)
class Coils:
    """Relays as coils, functions 01, 05 and 0F. `block`: the only number that may be asked for; 0 for any."""

    block: int = 0

    def switch(self, unit: int, channel: int, *, on: bool) -> Request:
        """Switch one relay."""
        return modbus_codec.write_coil(unit, channel - 1, on=on)

    def release_all(self, unit: int, channels: int) -> Request:
        """Release every relay at once."""
        return modbus_codec.write_coils(unit, 0, [False] * (self.block or channels))

    def state_request(self, unit: int, channels: int) -> Request:
        """Ask for the state of all relays."""
        return modbus_codec.read_coils(unit, 0, self.block or channels)

    def states(self, request: Request, reply: bytes, channels: int) -> tuple[bool, ...]:
        """Which relays are energised. Raises as `modbus_codec.read_bits`."""
        return modbus_codec.read_bits(request, reply)[:channels]


@dataclass(frozen=True, slots=True)
class Registers:
    """Relays as registers from 1, functions 03 and 06; an order is a code in the upper byte."""

    def switch(self, unit: int, channel: int, *, on: bool) -> Request:
        """Switch one relay."""
        return modbus_codec.write_register(unit, channel, R421A_ON if on else R421A_OFF)

    def release_all(self, unit: int, channels: int) -> None:
        """Every relay has its own register."""

    def state_request(self, unit: int, channels: int) -> Request:
        """Ask for the state of all relays."""
        return modbus_codec.read_holding_registers(unit, 1, channels)

    def states(self, request: Request, reply: bytes, channels: int) -> tuple[bool, ...]:
        """Which relays are energised.

        Raises as `modbus_codec.read_bits`, and BadReplyError for a value that is no state.
        """
        values = modbus_codec.read_registers(request, reply)[:channels]
        if not set(values) <= {0, 1}:
            raise modbus_codec.BadReplyError(
                Text("unit {unit} answered the states {values}: not 0 or 1", unit=request.unit, values=values)
            )
        return tuple(map(bool, values))


@dataclass(frozen=True, slots=True)
class Traits:
    """How a board behaves.

    `timer`: its timed switching on, None for a board without. `mode_registers`: address of the first of the registers,
    one a relay, that let an input drive the relay unless they are 0; None without. `modes_may_lack`: there are boards
    of the profile without these registers.
    """

    title: Text
    channels_limit: int
    commands: ProfileCommands
    timer: Timer | None = None
    mode_registers: int | None = None
    modes_may_lack: bool = False


def _flash(unit: int, channel: int, steps: int) -> Request:
    return modbus_codec.flash_on(unit, channel - 1, steps)


def _lctech_timer(unit: int, channel: int, steps: int) -> Request:
    first = LCTECH_TIMERS + LCTECH_TIMER_LENGTH * (channel - 1)
    return modbus_codec.write_registers(unit, first, (LCTECH_ON_FOR_A_TIME, steps))


def _r421a_delay(unit: int, channel: int, steps: int) -> Request:
    return modbus_codec.write_register(unit, channel, R421A_ON_FOR_SECONDS | steps)


_FLASH = Timer(100, STEPS_LIMIT, _flash, is_usual=True)
_LCTECH_TIMER = Timer(100, STEPS_LIMIT, _lctech_timer, is_usual=False)
_R421A_DELAY = Timer(1000, R421A_SECONDS_LIMIT, _r421a_delay, is_usual=False)

TRAITS: Mapping[Profile, Traits] = MappingProxyType(
    {
        Profile.WAVESHARE_D: Traits(Text.of("Waveshare Modbus RTU Relay (D)"), 8, Coils(), _FLASH, 0x1000),
        Profile.WAVESHARE_IO: Traits(
            Text.of("Waveshare Modbus RTU IO 8CH"), 8, Coils(), _FLASH, 0x1000, modes_may_lack=True
        ),
        Profile.WAVESHARE: Traits(Text.of("Waveshare Modbus RTU Relay"), 32, Coils(), _FLASH),
        Profile.LCTECH: Traits(Text("LC-Tech Modbus relay board"), LCTECH_BLOCK, Coils(LCTECH_BLOCK), _LCTECH_TIMER),
        Profile.R421A: Traits(Text("Eletechsup R421A relay board"), 8, Registers(), _R421A_DELAY),
        Profile.COILS: Traits(Text("Modbus RTU relay board with plain coils"), 32, Coils()),
    }
)
