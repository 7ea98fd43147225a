"""The bytes of KMTronic relay boards, USB, RS232 and RS485. No input or output.

A frame is FF, channel, operation; commands are answered by nothing. How the state is asked for differs with the board.
Sources: the vendor's list of commands of its USB boards, and the Python package kmtronic-usb-relay 26.0.2.
"""

from __future__ import annotations

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from drivers.text import Text

START = 0xFF
ASK = 0x03
QUERY_ALL = b"\xff\x09\x00"
ADDRESS_BASE = 0xA0
FRAME_LENGTH = 3
SIZES = (4, 8)
"""Boards that tell the state of all relays at once."""
CLEARING = b"\x00\x00"
"""Completes half a frame that a killed program has left on the board: into an off, or into nothing."""


class BadReplyError(DeviceUnavailableError):
    """The bytes that came back are no proper reply."""


def switch(channel: int, *, on: bool) -> bytes:
    """The frame that switches one relay; channels count from 1."""
    return bytes((START, channel, on))


def query_one(channel: int) -> bytes:
    """The frame that asks for one relay."""
    return bytes((START, channel, ASK))


def query_board(address: int) -> bytes:
    """The frame that asks for all relays of the RS485 board with this address, from 1."""
    return bytes((START, ADDRESS_BASE + address, 0))


def read_all(received: bytes, channels: int) -> tuple[bool, ...]:
    """The states in a reply of one byte a relay, 0 or 1.

    Raises BadReplyError, or DeviceMisconfiguredError when the board has other channels.
    """
    if START in received:
        raise BadReplyError(
            Text("{bytes} came back: does the adapter echo? Then set local_echo = true", bytes=_hex(received))
        )
    is_clean = set(received) <= {0, 1}
    if is_clean and len(received) != channels and len(received) in SIZES:
        raise DeviceMisconfiguredError(
            Text("the board has {count} channels, not {channels}: set channels", count=len(received), channels=channels)
        )
    if not is_clean or len(received) != channels:
        raise BadReplyError(
            Text("the board answered {bytes}: not {channels} bytes 00 or 01", bytes=_hex(received), channels=channels)
        )
    return tuple(map(bool, received))


def read_one(received: bytes, channel: int) -> bool:
    """The state in the reply to `query_one`. Raises BadReplyError."""
    if received not in {switch(channel, on=False), switch(channel, on=True)}:
        raise BadReplyError(
            Text("the board answered {bytes}: no state of channel {channel}", bytes=_hex(received), channel=channel)
        )
    return bool(received[2])


def _hex(received: bytes) -> str:
    return received.hex(" ").upper() or "nothing"
