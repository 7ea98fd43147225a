"""The bytes of LCUS, NOYITO and LC Tech USB relay boards (CH340). No input or output.

A frame is A0, channel, operation, sum of the three. What the boards answer to a query differs with the firmware.
"""

from __future__ import annotations

import re
from enum import IntEnum

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from drivers.text import Text

START = 0xA0
QUERY_ALL = b"\xff"
FRAME_LENGTH = 4
_LINE = re.compile(rb"CH(\d+): ?(ON|OFF) ?\r\n")


class Operation(IntEnum):
    """The third byte of a frame. From 2 on the board answers with a frame that carries the state."""

    OFF = 0
    ON = 1
    OFF_WITH_FEEDBACK = 2
    ON_WITH_FEEDBACK = 3
    QUERY = 5


class BadReplyError(DeviceUnavailableError):
    """The bytes that came back are no proper reply."""


def frame(channel: int, operation: int) -> bytes:
    """One frame; channels count from 1. A reply has the state, 0 or 1, in the place of the operation."""
    return bytes((START, channel, operation, (START + channel + operation) & 0xFF))


def has_lines(received: bytes, channels: int) -> bool:
    """Whether the text reply of so many channels is complete."""
    return received.count(b"\n") >= channels


def read_lines(received: bytes, channels: int) -> tuple[bool, ...]:
    """The states in a text reply, a line like CH1:ON a channel, in order.

    Raises BadReplyError, or DeviceMisconfiguredError when the board speaks otherwise or has other channels.
    """
    if received and set(received) <= {0, 1}:
        raise DeviceMisconfiguredError(Text('the board answers in single bytes: set readback = "bytes"'))
    found = _LINE.findall(received)
    if b"".join(match.group() for match in _LINE.finditer(received)) != received or not found:
        raise BadReplyError(Text("the board answered {bytes!r}: not lines like CH1:ON", bytes=received))
    if [int(channel) for channel, _ in found] != list(range(1, len(found) + 1)):
        raise BadReplyError(Text("the board answered {bytes!r}: channels out of order", bytes=received))
    if len(found) != channels:
        raise DeviceMisconfiguredError(
            Text("the board has {count} channels, not {channels}", count=len(found), channels=channels)
        )
    return tuple(state == b"ON" for _, state in found)


def read_bytes(received: bytes, channels: int) -> tuple[bool, ...]:
    """The states in a reply of one byte a channel, 0 or 1.

    Raises BadReplyError, or DeviceMisconfiguredError when the board speaks otherwise or has more channels.
    """
    if received.startswith(b"C"):
        raise DeviceMisconfiguredError(Text('the board answers in text: set readback = "ascii"'))
    if set(received) <= {0, 1} and len(received) > channels:
        raise DeviceMisconfiguredError(
            Text("the board has {count} channels, not {channels}", count=len(received), channels=channels)
        )
    if len(received) != channels or not set(received) <= {0, 1}:
        raise BadReplyError(
            Text(
                "the board answered {bytes}: not {channels} bytes 00 or 01",
                bytes=received.hex(" ").upper(),
                channels=channels,
            )
        )
    return tuple(map(bool, received))


def read_feedback(received: bytes, channel: int) -> bool:
    """The state in the feedback frame of a channel. Raises BadReplyError."""
    if received not in (frame(channel, 0), frame(channel, 1)):
        raise BadReplyError(
            Text(
                "the board answered {bytes}: no state of channel {channel}",
                bytes=received.hex(" ").upper(),
                channel=channel,
            )
        )
    return received[2] == Operation.ON
