"""An Onbon card with a font of its own in software, on a pseudo-terminal or on TCP.

python -m drivers.emulators.onbon --link /run/sign
python -m drivers.emulators.onbon --tcp-port 5005
"""

from __future__ import annotations

import re
import struct
import time
from math import inf
from typing import TYPE_CHECKING

from typing_extensions import override

from drivers.emulators.sign import EmulatedSign
from drivers.emulators.sign_command_line import main
from drivers.emulators.sign_display import ShownText
from drivers.modbus_codec import crc16

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PING, AREAS = b"\xa2\x00", b"\xa3\x06"
ACCEPTED, REFUSED = b"\xa0\x00", b"\xa0\x01"
HEAD_LENGTH = 14
LINE_PX = 16
ALL = 0xFF
FOR_EVER, VANISH = 0, 2
COLOURS = {b"1": "red", b"2": "green", b"3": "yellow"}
_ORDERS = re.compile(rb"\\C([123])")
_ESCAPED = {b"\xa6\x02": b"\xa5", b"\xa6\x01": b"\xa6", b"\x5b\x02": b"\x5a", b"\x5b\x01": b"\x5b"}
_ESCAPE = re.compile(rb"[\xa6\x5b]([\x01\x02])")


class OnbonEmulator(EmulatedSign):
    """The card. It answers what wants an answer: with an acceptance, or a refusal of what it does not know."""

    def __init__(
        self,
        link: Path | None,
        lines: int = 4,
        columns: int = 8,
        now: Callable[[], float] = time.monotonic,
        tcp_port: int = 0,
        address: int = 1,
    ) -> None:
        super().__init__(link, lines, columns, now, tcp_port)
        self.address = address

    @override
    def feed(self, buffer: bytearray) -> None:
        """Take what stands between A5 and 5A."""
        while (end := buffer.find(b"\x5a")) >= 0:
            wire = bytes(buffer[:end]).rpartition(b"\xa5")[2]
            del buffer[: end + 1]
            body = _ESCAPE.sub(lambda found: _ESCAPED[found[0]], wire)
            if len(body) > HEAD_LENGTH + 2 and crc16(body, 0) == 0 and self._is_mine(body):
                self._take(body)

    def _is_mine(self, body: bytes) -> bool:
        return int.from_bytes(body[:2], "little") in {self.address, 0xFFFE}

    def _take(self, body: bytes) -> None:
        data = body[HEAD_LENGTH:-2]
        try:
            said = self._obey(data)
        except (IndexError, KeyError, ValueError, struct.error):
            said = REFUSED + b"\x01"
        if said.startswith(REFUSED):
            self.strange.append(data)
        if data[2] == 1:
            self.reply(self._framed(said + b"\x00\x00"))

    def _obey(self, data: bytes) -> bytes:
        if data[:2] == PING:
            return ACCEPTED + b"\x00"
        if data[:2] != AREAS:
            return REFUSED + b"\x02"
        count = data[5]
        gone = list(range(len(self.display.standing))) if count == ALL else list(data[6 : 6 + count])
        place = 6 + (0 if count == ALL else count)
        areas = []
        shown, place = data[place], place + 1
        for _ in range(shown):
            length = int.from_bytes(data[place : place + 2], "little")
            areas.append(self._area(data[place + 2 : place + 2 + length]))
            place += 2 + length
        if place != len(data):
            raise ValueError(place)
        if gone:
            self.display.drop(*gone)
        for line, text, seconds, spoken in areas:
            self.display.put(line, text, seconds)
            if spoken:
                self.display.say(spoken)
        return ACCEPTED + b"\x00"

    def _area(self, data: bytes) -> tuple[int, ShownText, float, str]:
        _, _, y, _, _, number, _, mode, timeout_s, voice = struct.unpack_from("<BHHHHBBBHB", data)
        if number * LINE_PX != y or mode not in {FOR_EVER, VANISH}:
            raise ValueError(number)
        rest, spoken = data[15:], b""
        if voice:
            length = int.from_bytes(rest[3:7], "little")
            spoken, rest = rest[7 : 7 + length], rest[7 + length :]
        length = int.from_bytes(rest[8:12], "little")
        text = rest[12 : 12 + length]
        if len(rest) != 12 + length:
            raise ValueError(length)
        found = _ORDERS.match(text)
        colour = COLOURS[found[1]] if found else "red"
        words = _ORDERS.sub(b"", text).decode("gbk", "replace")
        shown = ShownText(words, colour) if words.strip() else ShownText()
        return number, shown, timeout_s if mode == VANISH else inf, spoken.decode("gbk", "replace")

    def _framed(self, data: bytes) -> bytes:
        head = struct.pack("<HHxxxBBBBBH", 0x8000, self.address, 0, 0, 0, 0x51, 2, len(data))
        body = head + data
        body += crc16(body, 0).to_bytes(2, "little")
        pairs = {plain: pair for pair, plain in _ESCAPED.items()}
        return b"\xa5" * 8 + b"".join(pairs.get(bytes((octet,)), bytes((octet,))) for octet in body) + b"\x5a"


if __name__ == "__main__":
    raise SystemExit(main("An Onbon card in software.", OnbonEmulator))
