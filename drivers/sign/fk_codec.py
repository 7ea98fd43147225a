"""The bytes of FK sign cards (also sold as OLM, and inside plate cameras). No input or output.

A frame is: address, 64, FF FF, command, length of the data, data, CRC of Modbus. Only the three commands in `Command`
can be built. The cards know others, which open and close a barrier, switch relays and write flash memory: none of them
is here, nor may be.

What the card does at the end of a text's time is written in no document that was found: a text has a time and a number
of times, 0 stands for "for ever", and texts that are kept are said to be shown where there is no temporary one. So one
with times of 1 and more is taken to give way to what is kept.

Sources: the public code of mandala5741/ylc-smart-spring-boot-starter (LED_ResponseUtils.java: layouts, modes, and
the limit of a frame), two more public codes that agree on the head, 62 and 6E, and the field table on
blog.sdlinka.com/2465.html (document V2.6, 2023-09-10). Not seen on a wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import ceil
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from drivers.api import SignColour
from drivers.modbus_codec import framed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VERSION = 0x64
NO_SEQUENCE = b"\xff\xff"
FRAME_LIMIT = 255
"""Bytes of a whole frame."""
_AROUND_DATA = 8
STAY_LIMIT_S = 255
TIMES_LIMIT = 255
LONGEST_S = STAY_LIMIT_S * TIMES_LIMIT
AT_ONCE = 0
"""The mode without a movement: a text that is longer than its line comes part by part."""
_SPEED = 1
_FONT = 3
_TEMPORARY = 0
_SAY = 1
_MORE, _SPOKEN, _END = 0x0D, 0x0A, 0x00


class Command(IntEnum):
    """All that is ever sent: say a text, show one line, show several lines and say a text."""

    SPEAK = 0x30
    LINE = 0x62
    PAGE = 0x6E


@dataclass(frozen=True, slots=True)
class FkText:
    """A line from 0 and its text, shown for `stay_s` (each part of it) and `times` times, at most 255 of both."""

    line: int
    text: bytes
    colour: SignColour
    stay_s: int
    times: int


_COLOURS: Final[Mapping[SignColour, bytes]] = MappingProxyType(
    {
        SignColour.RED: b"\xff\x00\x00\x00",
        SignColour.GREEN: b"\x00\xff\x00\x00",
        SignColour.YELLOW: b"\xff\xff\x00\x00",
    }
)
_BLACK = b"\x00\x00\x00\x00"
_LINE_HEAD, _PAGE_LINE_HEAD = 19, 10
TEXT_LIMIT = FRAME_LIMIT - _AROUND_DATA - _LINE_HEAD
SPEECH_LIMIT = FRAME_LIMIT - _AROUND_DATA - 1


def line(address: int, one: FkText) -> bytes:
    """The frame that shows one line. Its text has at most TEXT_LIMIT bytes."""
    data = bytes((one.line, AT_ONCE, _SPEED, 0, one.stay_s, AT_ONCE, _SPEED, _FONT, one.times))
    data += _COLOURS[one.colour] + _BLACK + len(one.text).to_bytes(2, "little") + one.text
    return _frame(address, Command.LINE, data)


def page(address: int, texts: Sequence[FkText], spoken: bytes = b"") -> bytes | None:
    """The frame that shows several lines, temporarily, and says a text; None where one frame cannot hold them."""
    data = bytes((_TEMPORARY, len(texts)))
    for number, one in enumerate(texts, 1):
        data += bytes((one.line, AT_ONCE, _SPEED, one.stay_s, one.times)) + _COLOURS[one.colour]
        if len(data) + len(one.text) > FRAME_LIMIT:
            return None
        data += bytes((len(one.text),)) + one.text + bytes((_END if number == len(texts) else _MORE,))
    if len(data) + len(spoken) + 3 > FRAME_LIMIT - _AROUND_DATA:
        return None
    data += bytes((_SPOKEN, len(spoken))) + spoken if spoken else bytes((_END,))
    return _frame(address, Command.PAGE, data + bytes((_END,)))


def speak(address: int, text: bytes) -> bytes:
    """The frame that says a text of at most SPEECH_LIMIT bytes."""
    return _frame(address, Command.SPEAK, bytes((_SAY,)) + text)


def duration(parts: int, dark_after_s: int, part_s: int) -> tuple[int, int] | None:
    """How long and how often a text of so many parts is shown, so that it is over by `dark_after_s`, LONGEST_S at most.

    `part_s`: how long each part is to stay where there are several; shorter where there is no time for that. None: the
    parts do not fit into the time even with a second each.
    """
    if parts == 1:
        times = ceil(dark_after_s / STAY_LIMIT_S)
        return dark_after_s // times, times
    stay_s = min(part_s, dark_after_s // parts)
    return (stay_s, min(TIMES_LIMIT, dark_after_s // (parts * stay_s))) if stay_s else None


def _frame(address: int, command: Command, data: bytes) -> bytes:
    frame = framed(bytes((address, VERSION)) + NO_SEQUENCE + bytes((Command(command), len(data))) + data)
    if len(frame) > FRAME_LIMIT:
        message = f"a frame of {len(frame)} bytes: the card takes {FRAME_LIMIT}"
        raise ValueError(message)
    return frame
