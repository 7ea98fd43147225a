"""Which Modbus relay board an emulator plays: what it understands, one line a board."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from drivers.modbus_codec import Function

if TYPE_CHECKING:
    from collections.abc import Mapping

_COILS = frozenset({Function.READ_COILS, Function.WRITE_COIL, Function.WRITE_COILS})
_INPUTS = frozenset({Function.READ_DISCRETE_INPUTS})
_REGISTERS = frozenset({Function.READ_HOLDING_REGISTERS, Function.WRITE_REGISTER})
_SEVERAL = frozenset({Function.WRITE_REGISTERS})


class Model(StrEnum):
    """The boards that can be played."""

    WAVESHARE_D = "waveshare_d"
    WAVESHARE_IO = "waveshare_io"
    WAVESHARE = "waveshare"
    LCTECH = "lctech"
    LCTECH_D7 = "lctech_d7"
    R421A = "r421a"
    COILS = "coils"


class TimedWay(IntEnum):
    """Which way a relay is switched for a time, in the first of its pair of registers."""

    OFF = 2
    ON = 4


class RegisterCommand(IntEnum):
    """What a register that takes orders is told in its upper byte. ALONE: on, and every other relay off."""

    ON = 1
    OFF = 2
    TOGGLE = 3
    ALONE = 4
    MOMENTARY = 5
    DELAY = 6


@dataclass(frozen=True, slots=True)
class Nature:
    """What a board is like.

    `functions`: the function codes that it knows. `flashes`: it takes 0x0200 and 0x0400 as timed switching. `links`:
    it has registers that let an input drive a relay. `block`: the only number of bits that it answers to, 0 for any.
    `has_timers`: a pair of registers a relay switches for a time. `takes_orders`: its registers are orders to relays.
    """

    functions: frozenset[int]
    flashes: bool = False
    links: bool = False
    block: int = 0
    has_timers: bool = False
    takes_orders: bool = False


NATURES: Mapping[Model, Nature] = MappingProxyType(
    {
        Model.WAVESHARE_D: Nature(_COILS | _INPUTS | _REGISTERS | _SEVERAL, flashes=True, links=True),
        Model.WAVESHARE_IO: Nature(_COILS | _INPUTS | _REGISTERS | _SEVERAL, flashes=True, links=True),
        Model.WAVESHARE: Nature(_COILS | _REGISTERS, flashes=True),
        Model.LCTECH: Nature(_COILS | _INPUTS, block=8),
        Model.LCTECH_D7: Nature(_COILS | _INPUTS | _SEVERAL, block=8, has_timers=True),
        Model.R421A: Nature(_REGISTERS, takes_orders=True),
        Model.COILS: Nature(_COILS | _INPUTS),
    }
)
