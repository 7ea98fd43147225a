"""The bytes of display and voice cards whose frames begin with AA 55 (显示语音控制卡). No input or output.

A frame is: AA 55, sequence, address, 00, command, length of the data (high byte first), data, check, AF. Only the four
commands in `Command` can be built: standing texts, the card's traffic lights, its address, speed and volume are not
here.

Public code has two rules for the check, both with the CRC of Modbus. `PADDED`: over sequence to data and two bytes 00,
high byte first; the one command that is printed as the maker's, AA 55 01 64 00 22 00 01 0B 07 76 AF, comes out by it.
`WHOLE`: over AA to data, low byte first.

A temporary text has a time in seconds, of which 0 means "for ever" and is never sent. What a card answers is written
nowhere: an answer is taken to have the form of the frame that it answers.

Sources: mandala5741/ylc-smart-spring-boot-starter (Rs485DisplayUtils.java: the printed command, the mask of 21, the
times; DisplayVoiceCardProtocol.java: commands, the other check). Not seen on a wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from drivers.api import SignColour
from drivers.modbus_codec import crc16

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HEAD = b"\xaa\x55"
TAIL = 0xAF
LONGEST_S = 255
TEXT_LIMIT = 200
"""Bytes of a text. No limit is documented; longer ones than any sign could want are not sent."""
_LENGTH_AT, _DATA_AT = 6, 8
_AROUND_DATA = 11


class Command(IntEnum):
    """All that is ever sent: who are you, end temporary texts, say a recording, show a text for a time."""

    VERSION = 0x01
    END = 0x21
    VOICE = 0x22
    TEXT = 0x27


class Check(StrEnum):
    """Over what the check of a frame is made, and in which order its bytes stand."""

    PADDED = "padded"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Answer:
    """A sound frame of a card."""

    command: int
    data: bytes


_COLOURS: Final[Mapping[SignColour, int]] = MappingProxyType(
    {SignColour.RED: 1, SignColour.GREEN: 2, SignColour.YELLOW: 3}
)


@dataclass(frozen=True, slots=True)
class Framing:
    """The address of a card and the check that it uses. Each method returns the frame with that `sequence`."""

    address: int
    check: Check

    def version(self, sequence: int) -> bytes:
        """Ask the card for its version."""
        return self._frame(sequence, Command.VERSION, b"")

    def end(self, sequence: int, lines: Iterable[int]) -> bytes:
        """End the temporary texts of these lines, which count from 1."""
        return self._frame(sequence, Command.END, bytes((sum(1 << (line - 1) for line in lines),)))

    def text(self, sequence: int, line: int, seconds: int, colour: SignColour, text: bytes) -> bytes:
        """Show a text in a line, from 1, for 1 to 255 seconds. It has at most TEXT_LIMIT bytes."""
        if not 1 <= seconds <= LONGEST_S or len(text) > TEXT_LIMIT:
            message = f"a text of {len(text)} bytes for {seconds} s: the card takes {TEXT_LIMIT} and 1 to {LONGEST_S} s"
            raise ValueError(message)
        return self._frame(sequence, Command.TEXT, bytes((line, seconds, _COLOURS[colour], 0)) + text)

    def voice(self, sequence: int, number: int) -> bytes:
        """Say the recording with this number, 1 to 255, of the card's own list."""
        return self._frame(sequence, Command.VOICE, bytes((number,)))

    def answers(self, received: bytes) -> Iterator[Answer]:
        """The sound frames in what came in, in their order, whatever stands between them."""
        place = received.find(HEAD)
        while place >= 0:
            frame = _frame_at(received, place)
            if frame and self._checked(frame[: -_AROUND_DATA + _DATA_AT]) == frame:
                yield Answer(frame[_LENGTH_AT - 1], frame[_DATA_AT : _DATA_AT - _AROUND_DATA])
                place += len(frame) - 1
            place = received.find(HEAD, place + 1)

    def _frame(self, sequence: int, command: Command, data: bytes) -> bytes:
        inner = bytes((sequence & 0xFF, self.address, 0, Command(command))) + len(data).to_bytes(2, "big") + data
        return self._checked(HEAD + inner)

    def _checked(self, frame: bytes) -> bytes:
        """The frame with its check and its end."""
        if self.check is Check.WHOLE:
            check = crc16(frame).to_bytes(2, "little")
        else:
            check = crc16(frame[len(HEAD) :] + b"\0\0").to_bytes(2, "big")
        return frame + check + bytes((TAIL,))


def _frame_at(received: bytes, place: int) -> bytes:
    """The frame that begins there by its own length; empty where it has not wholly come."""
    length = int.from_bytes(received[place + _LENGTH_AT : place + _DATA_AT], "big")
    frame = received[place : place + _AROUND_DATA + length]
    return frame if len(frame) == _AROUND_DATA + length else b""
