"""The bytes of Devantech USB-RLY02, -RLY08 and -RLY16 relay boards, and of TOSR0x boards. No input or output.

A command is one byte and is acknowledged by nothing; an answer has no mark and no check sum.
Source: the maker's manuals of the boards; the Python package tosr0x 0.6.4.
"""

from __future__ import annotations

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from drivers.text import Text, either

CLEARING = b"\x00"
"""Ends a command to set all relays that another program has begun: as "none of them"; else it is no command."""
TELL_MODULE = b"\x5a"
TELL_STATES = b"\x5b"
ALL_OFF = b"\x6e"
ON_BASE, OFF_BASE = 0x64, 0x6E
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
        raise DeviceMisconfiguredError(
            Text("the board reports the number {number}; expected one of {known}", number=number, known=known)
        )
    name, sizes = BOARDS[number]
    if channels not in sizes:
        there = either(sizes)
        raise DeviceMisconfiguredError(
            Text(
                "the board is a {name} with {sizes} relays, not {channels}: set channels",
                name=name,
                sizes=there,
                channels=channels,
            )
        )
    return Text("{board}, version {version}", board=name, version=version)


def states_of(first: bytes, module: bytes, second: bytes, known: bytes, channels: int) -> tuple[bool, ...]:
    """The states of the relays in the answers to TELL_STATES, TELL_MODULE and TELL_STATES; relay 1 is the lowest bit.

    `known` is the answer to TELL_MODULE at the opening. Raises BadReplyError, or DeviceMisconfiguredError where a relay
    is energised that the board ought not to have.
    """
    if module != known or first != second:
        heard = " ".join(each.hex().upper() for each in (first, module, second))
        message = Text(
            "to the query for states, number and states, the board answered {heard}: its number is {known}",
            heard=heard,
            known=known.hex().upper(),
        )
        raise BadReplyError(message)
    mask = first[0]
    if mask >> channels:
        raise DeviceMisconfiguredError(
            Text(
                "relay {relay} is energised on a board of {channels} relays: set channels",
                relay=mask.bit_length(),
                channels=channels,
            )
        )
    return tuple(bool(mask >> place & 1) for place in range(channels))
