"""What the Modbus RTU relay boards do differently: one line of the table a board."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Profile(StrEnum):
    """The boards that the table knows."""

    WAVESHARE_D = "waveshare_d"
    WAVESHARE = "waveshare"
    COILS = "coils"


@dataclass(frozen=True, slots=True)
class Traits:
    """How a board behaves.

    `flash_step_ms`: resolution of the vendor's timed switching on, 0 for a board without it. `mode_registers`: address
    of the first of the registers, one a relay, that let an input drive the relay unless they are 0; None without.
    """

    title: str
    channels_limit: int
    flash_step_ms: int
    mode_registers: int | None


TRAITS: Mapping[Profile, Traits] = MappingProxyType(
    {
        Profile.WAVESHARE_D: Traits("Waveshare Modbus RTU Relay (D)", 8, 100, 0x1000),
        Profile.WAVESHARE: Traits("Waveshare Modbus RTU Relay", 32, 100, None),
        Profile.COILS: Traits("Modbus RTU relay board with plain coils", 32, 0, None),
    }
)
