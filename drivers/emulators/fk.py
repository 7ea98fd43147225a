"""An FK sign card in software, on a pseudo-terminal or on TCP.

python -m drivers.emulators.fk --link /run/sign
python -m drivers.emulators.fk --tcp-port 8800
"""

from __future__ import annotations

import time
from math import inf
from typing import TYPE_CHECKING

from typing_extensions import override

from drivers.emulators.sign import EmulatedSign, take_frames
from drivers.emulators.sign_command_line import main
from drivers.emulators.sign_display import ShownText
from drivers.modbus_codec import crc16

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SPEAK, LINE, PAGE = 0x30, 0x62, 0x6E
HEAD = b"\x64\xff\xff"
AROUND_DATA = 8
COLOURS = {b"\xff\x00\x00": "red", b"\x00\xff\x00": "green", b"\xff\xff\x00": "yellow"}
MORE, SPOKEN = 0x0D, 0x0A


class FkEmulator(EmulatedSign):
    """The card. It answers nothing. A text with a number of times gives way to what the card keeps, as we take it."""

    def __init__(
        self,
        link: Path | None,
        lines: int = 4,
        columns: int = 8,
        now: Callable[[], float] = time.monotonic,
        tcp_port: int = 0,
        address: int = 0,
    ) -> None:
        super().__init__(link, lines, columns, now, tcp_port)
        self.address = address

    @override
    def feed(self, buffer: bytearray) -> None:
        """Take whole frames; a byte before the head is the address."""
        for frame in take_frames(buffer, bytes((self.address,)) + HEAD, _length_at):
            try:
                self._obey(frame)
            except (IndexError, KeyError, ValueError):
                self.strange.append(frame)

    def _obey(self, frame: bytes) -> None:
        command, data = frame[4], frame[6:-2]
        if command == SPEAK and data[0] == 1:
            self.display.say(_text(data[1:]))
        elif command == LINE:
            line, _, _, _, stay, _, _, _, times = data[:9]
            length = int.from_bytes(data[17:19], "little")
            if len(data) != 19 + length:
                raise ValueError(length)
            self._put(line, ShownText(_text(data[19:]), COLOURS[data[9:12]]), stay, times)
        elif command == PAGE:
            self._page(data)
        else:
            self.strange.append(frame)

    def _page(self, data: bytes) -> None:
        place, texts = 2, []
        for number in range(data[1]):
            line, _, _, stay, times = data[place : place + 5]
            colour, length = COLOURS[data[place + 5 : place + 8]], data[place + 9]
            place += 10
            texts.append((line, ShownText(_text(data[place : place + length]), colour), stay, times))
            place += length
            if data[place] != (0 if number == data[1] - 1 else MORE):
                raise ValueError(place)
            place += 1
        if data[place] == SPOKEN:
            self.display.say(_text(data[place + 2 : place + 2 + data[place + 1]]))
        if data[0]:
            self.flash_writes += 1
        for line, text, stay, times in texts:
            if data[0]:
                self.display.standing[line] = text
            else:
                self._put(line, text, stay, times)

    def _put(self, line: int, text: ShownText, stay: int, times: int) -> None:
        blank = ShownText() if not text.text.strip() else text
        parts = len(self.display.parts(text.text))
        self.display.put(line, blank, stay * parts * times if times else inf, stay)


def _length_at(data: bytes, place: int) -> int:
    """The length of a sound frame there, 0 where there is none."""
    if place + AROUND_DATA > len(data):
        return 0
    frame = data[place : place + AROUND_DATA + data[place + 5]]
    return len(frame) if len(frame) == AROUND_DATA + data[place + 5] and crc16(frame) == 0 else 0


def _text(data: bytes) -> str:
    return data.decode("gbk", "replace")


if __name__ == "__main__":
    raise SystemExit(main("An FK sign card in software.", FkEmulator))
