"""The bytes of Onbon BX-5K and BX-6K cards with a font of their own. No input or output.

On the wire: A5 eight times, the body with A5, A6, 5A and 5B escaped, 5A. The body: a head of 14 bytes, the data, a CRC
(ARC, low byte first) over both. Only the two commands in `Command` can be built: programs, brightness, locks, the
deletion of all that is stored and the clock are not here.

A dynamic area lies in the card's memory, not in its flash, and has a run mode. In mode 2 it vanishes when no news came
for its time: that is what the maker's own decoder calls it.

Answers have the same frame. That A0 00 accepts and A0 01 refuses is from memory; any other sound answer is taken for a
sign of life.

Sources: strongercjd/Onbon-Protocol-Analysis (Form1.cs, by an employee of the maker: head, commands, the fields of an
area, CRC, escapes; a spoken text of its own has voice 2), deanled.cn (equipmentassemblydisplay/330: lengths), and the
maker's Java library (ports, speed). Not seen on a wire.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from drivers.api import DeviceUnavailableError, SignColour
from drivers.modbus_codec import crc16
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

START, END = 0xA5, 0x5A
_LEAD = bytes((START,)) * 8
_ESCAPES: Final[Mapping[int, bytes]] = MappingProxyType(
    {0xA5: b"\xa6\x02", 0xA6: b"\xa6\x01", 0x5A: b"\x5b\x02", 0x5B: b"\x5b\x01"}
)
_ESCAPED: Final[Mapping[bytes, int]] = MappingProxyType({pair: octet for octet, pair in _ESCAPES.items()})
_HEAD = struct.Struct("<HHxxxBBBBBH")
_AREA = struct.Struct("<BHHHHBBBH")
_LOOK = struct.Struct("<BBBBBBBBI")
_COMPUTER = 0x8000
_ANY_CARD, _VERSION = 0xFE, 0x02
_ANSWER = b"\x01\x00\x00"
_IN_PIXELS = 0x8000
LINE_PX, COLUMN_PX = 16, 8
_SINGLE_LINE, _NO_WRAP = 1, 1
_STAY_TENTHS = 5
VANISH = 2
"""The run mode of an area that goes when no news came for its time."""
_OWN_SPEECH, _ONCE = 2, 0x10
_VOICE_SPEED = 5
LONGEST_S = 0xFFFF
DATA_LIMIT = 1000
"""Bytes of data in a frame. No limit is documented; a card's buffer is taken to hold 1 KiB."""
TEXT_LIMIT = 160
"""Bytes of a text, so that four lines and a spoken one are always within a frame."""
ESCAPE = 0x5C
"""A backslash in a text begins an order to the font, such as the colour."""
_ACKNOWLEDGE, _ACCEPTED, _REFUSED = 0xA0, 0x00, 0x01
_CRC_LENGTH = 2


class Command(Enum):
    """All that is ever sent, group and number: are you there, and show dynamic areas."""

    PING = (0xA2, 0x00)
    AREAS = (0xA3, 0x06)


class Mode(Enum):
    """How a text comes in: at once, or from the right again and again."""

    STILL = 1
    LEFT = 3


_ASKED = frozenset(bytes(command.value) for command in Command)


@dataclass(frozen=True, slots=True)
class Area:
    """A line of the sign: its number from 0 from the top, and what it shows for `timeout_s`; 0: for ever.

    `run_mode`: what it does then. `speed`: of a moving text. `spoken`: said once, with this `volume` of 0 to 10.
    """

    number: int
    text: bytes
    colour: SignColour
    columns: int
    timeout_s: int
    mode: Mode = Mode.STILL
    speed: int = 1
    run_mode: int = VANISH
    spoken: bytes = b""
    volume: int = 5


class BadReplyError(DeviceUnavailableError):
    """The bytes that came back are no answer of such a card, or it does not accept the page."""


_COLOURS: Final[Mapping[SignColour, bytes]] = MappingProxyType(
    {SignColour.RED: rb"\C1", SignColour.GREEN: rb"\C2", SignColour.YELLOW: rb"\C3"}
)


def ping(address: int) -> bytes:
    """The frame that asks whether the card with this address is there."""
    return _frame(address, Command.PING, b"")


def areas(address: int, shown: Sequence[Area], dark: Sequence[int] = ()) -> bytes:
    """The frame that takes the areas with the numbers `dark` off and shows the others.

    Raises ValueError where the card could not hold it.
    """
    data = bytes((len(dark), *dark, len(shown))) + b"".join(map(_area, shown))
    if len(data) > DATA_LIMIT:
        message = f"a page of {len(data)} bytes: the card takes {DATA_LIMIT}"
        raise ValueError(message)
    return _frame(address, Command.AREAS, data)


def is_whole(received: bytes) -> bool:
    """Whether a frame has ended in what came in."""
    return END in received.lstrip(bytes((START, 0)))


def answer_in(received: bytes) -> bytes:
    """The data of the one answer in what came in. Raises BadReplyError."""
    begin = received.find(bytes((START,)))
    wire = received[begin:].lstrip(bytes((START,))) if begin >= 0 else b""
    frame, end, rest = wire.partition(bytes((END,)))
    if rest:
        raise BadReplyError(Text("the card answered {bytes}: more than one frame", bytes=received.hex(" ").upper()))
    body = _unescaped(frame) if end else None
    if body is None or len(body) < _HEAD.size + _CRC_LENGTH or crc16(body, 0) != 0:
        raise BadReplyError(Text("the card answered {bytes}: not a whole frame", bytes=received.hex(" ").upper()))
    data = body[_HEAD.size : -_CRC_LENGTH]
    if data[:2] in _ASKED:
        raise BadReplyError(
            Text(
                "{bytes} came back: does the adapter echo? Then set local_echo = true",
                bytes=received.hex(" ").upper(),
            )
        )
    if len(data) != _HEAD.unpack_from(body)[-1]:
        raise BadReplyError(Text("the card answered {bytes}: its length is wrong", bytes=received.hex(" ").upper()))
    return data


def check_accepted(data: bytes) -> None:
    """Raise BadReplyError where the answer's data refuse what was asked."""
    if data[:2] == bytes((_ACKNOWLEDGE, _REFUSED)):
        code = data[2] if len(data) > len((_ACKNOWLEDGE, _REFUSED)) else 0
        raise BadReplyError(Text("the card refuses the page, error {code}: check its size and model", code=code))


def has_room_for(text: bytes) -> bool:
    """Whether a frame has room for the text, and no byte of it would be taken for the beginning of an order."""
    return ESCAPE not in text and len(text) <= TEXT_LIMIT


def _area(area: Area) -> bytes:
    text = _COLOURS[area.colour] + area.text
    place = (_IN_PIXELS, area.number * LINE_PX, area.columns * COLUMN_PX | _IN_PIXELS, LINE_PX)
    data = _AREA.pack(0, *place, area.number, 0, area.run_mode, area.timeout_s) + _speech(area)
    speed = area.speed if area.mode is Mode.LEFT else 1
    data += _LOOK.pack(0, 0, _SINGLE_LINE, _NO_WRAP, area.mode.value, 0, speed, _STAY_TENTHS, len(text)) + text
    return len(data).to_bytes(2, "little") + data


def _speech(area: Area) -> bytes:
    if not area.spoken:
        return b"\x00"
    return struct.pack("<BBBBI", _OWN_SPEECH, _ONCE, area.volume, _VOICE_SPEED, len(area.spoken)) + area.spoken


def _frame(address: int, command: Command, data: bytes) -> bytes:
    data = bytes(Command(command).value) + _ANSWER + data
    body = _HEAD.pack(address, _COMPUTER, 0, 0, 0, _ANY_CARD, _VERSION, len(data)) + data
    body += crc16(body, 0).to_bytes(2, "little")
    return _LEAD + _escaped(body) + bytes((END,))


def _escaped(body: bytes) -> bytes:
    return b"".join(_ESCAPES.get(octet, bytes((octet,))) for octet in body)


def _unescaped(wire: bytes) -> bytes | None:
    """The bytes before escaping; None where they hold half an escape or one that there is not."""
    body = bytearray()
    octets = iter(wire)
    for octet in octets:
        if octet not in _ESCAPES:
            body.append(octet)
            continue
        found = _ESCAPED.get(bytes((octet, next(octets, 0))))
        if found is None:
            return None
        body.append(found)
    return bytes(body)
