"""The text of Numato relay and GPIO boards on USB: commands, and what comes back. No input or output.

A command is a line that ends with a carriage return. The board repeats the line, then gives its answer in a line of
its own where the command has one, and then the prompt ">". Numbers of relays and inputs count from 1 here and from 0
on the wire. Sources: the vendor's own Python package numato-usb-relay 0.0.1, and its sample code.
"""

from __future__ import annotations

import re
from typing import NoReturn

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from drivers.text import Text

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
"""One character names one of up to 32 relays or inputs; it goes beyond hexadecimal."""
READS_ALL_FROM = 8
"""Boards with fewer relays are known that cannot read or write all of them at once."""
VERSION = "ver"
IDENTITY = "id get"
READ_ALL_RELAYS = "relay readall"
MARKS = 100
_REPLY = re.compile(rb"([^\r\n>]*)[\r\n]+(?:([^\r\n>]+)[\r\n]+)?>")
_WORD = re.compile(r"[!-~]{1,16}")
_HEX = re.compile(r"[0-9A-Fa-f]+")


class BadReplyError(DeviceUnavailableError):
    """What came back is no proper reply to the command."""


def index(number: int, count: int) -> str:
    """How the wire names a relay or an input, from 1, on a board with `count` of them."""
    return DIGITS[number - 1] if count <= len(DIGITS) else f"{number - 1:02d}"


def switch(channel: int, channels: int, *, on: bool) -> str:
    """The command that switches one relay."""
    return f"relay {'on' if on else 'off'} {index(channel, channels)}"


def read_relay(channel: int, channels: int) -> str:
    """The command that reads one relay."""
    return f"relay read {index(channel, channels)}"


def read_input(number: int) -> str:
    """The command that reads one input; it makes an input of a pin that was an output."""
    return f"gpio read {index(number, len(DIGITS))}"


def all_off(channels: int) -> tuple[str, ...]:
    """The commands that release every relay: one where the board can, else one a relay."""
    if channels >= READS_ALL_FROM:
        return (f"relay writeall {'0' * (channels // 4)}",)
    return tuple(switch(channel, channels, on=False) for channel in range(1, channels + 1))


def mark(number: int) -> str:
    """A line that no board knows, and that spoils what was typed before it.

    Half a command may stand on the board, left by a program that was killed. A bare carriage return would carry out
    "relay on 0"; with the mark behind it, it is no command, and no relay has the index "?".
    """
    return f"?{number % MARKS:02d}"


def wire(line: str) -> bytes:
    """The bytes of a line."""
    return line.encode("ascii") + b"\r"


def is_complete(received: bytes) -> bool:
    """Whether the board waits for the next command."""
    return received.endswith(b">")


def is_past(line: str, received: bytes) -> bool:
    """Whether the board has come to this line, with whatever it had to say before, and waits for the next."""
    _, found, after = received.rpartition(line.encode("ascii"))
    return bool(found) and after[:1] in {b"\r", b"\n"} and is_complete(after)


def check_once(line: str, received: bytes) -> None:
    """Raise BadReplyError where a line came back more often than it was sent."""
    if received.count(line.encode("ascii")) > 1:
        raise BadReplyError(
            Text(
                "{line!r} came back as {received!r}: an adapter that echoes, or noise",
                line=line,
                received=received,
            )
        )


def answer(line: str, received: bytes) -> str:
    """The answer to a command; empty where the board only took it.

    Raises BadReplyError unless the board repeated exactly this command and gave at most one line.
    """
    match = _REPLY.fullmatch(received)
    if match is None:
        raise BadReplyError(
            Text(
                "the board answered {line!r} with {received!r}: not the command, an answer and >",
                line=line,
                received=received,
            )
        )
    if match[1] != line.encode("ascii"):
        raise BadReplyError(
            Text(
                "the board answered {line!r} with {received!r}: it understood another command",
                line=line,
                received=received,
            )
        )
    return (match[2] or b"").decode("ascii", "replace")


def word(line: str, first: str, second: str) -> str:
    """The answer to VERSION or IDENTITY, got twice.

    Raises BadReplyError unless both are the same word of up to 16 characters.
    """
    if not _WORD.fullmatch(first):
        _refuse(line, first, Text("not one word"))
    if first != second:
        _refuse(line, second, Text("before it was {first!r}", first=first))
    return first


def relay_state(line: str, text: str) -> bool:
    """The state in the answer to `read_relay`: whether it is energised. Raises BadReplyError."""
    if text not in {"on", "off"}:
        _refuse(line, text, Text("neither on nor off"))
    return text == "on"


def input_state(line: str, text: str) -> bool:
    """The level in the answer to `read_input`: whether it is high. Raises BadReplyError."""
    if text not in {"0", "1"}:
        _refuse(line, text, Text("neither 0 nor 1"))
    return text == "1"


def relay_states(text: str, channels: int) -> tuple[bool, ...]:
    """The states in the answer to READ_ALL_RELAYS, hexadecimal, relay 1 in the lowest bit.

    Raises BadReplyError, or DeviceMisconfiguredError when the board has other channels.
    """
    if not _HEX.fullmatch(text):
        _refuse(READ_ALL_RELAYS, text, Text("not hexadecimal"))
    if len(text) * 4 != channels:
        raise DeviceMisconfiguredError(
            Text("the board has {count} relays, not {channels}: set channels", count=len(text) * 4, channels=channels)
        )
    mask = int(text, 16)
    return tuple(bool(mask >> place & 1) for place in range(channels))


def _refuse(line: str, text: str, wrong: Text) -> NoReturn:
    if not text:
        raise BadReplyError(
            Text("the board does not answer {line!r}: does it have that many relays and inputs?", line=line)
        )
    raise BadReplyError(Text("the board answered {line!r} with {text!r}: {wrong}", line=line, text=text, wrong=wrong))
