"""A display and voice card with AA 55 in software, on a pseudo-terminal or on TCP.

python -m drivers.emulators.aa55 --link /run/sign
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

VERSION, END, VOICE, STANDING, TEXT = 0x01, 0x21, 0x22, 0x25, 0x27
HEAD = b"\xaa\x55"
AROUND_DATA = 11
COLOURS = {1: "red", 2: "green", 3: "yellow"}


class Aa55Emulator(EmulatedSign):
    """The card. It tells its version and, where `acknowledges`, answers every other command with an empty frame.

    `whole`: it checks its frames from their first byte to their last, and not as the printed command is checked.
    """

    def __init__(
        self,
        link: Path | None,
        lines: int = 4,
        columns: int = 8,
        now: Callable[[], float] = time.monotonic,
        tcp_port: int = 0,
        address: int = 100,
    ) -> None:
        super().__init__(link, lines, columns, now, tcp_port)
        self.address = address
        self.whole = False
        self.acknowledges = False
        self.version = b"V2.1"

    @override
    def feed(self, buffer: bytearray) -> None:
        """Take whole frames."""
        for frame in take_frames(buffer, HEAD, self._length_at):
            if frame[3] == self.address:
                self._take(frame)

    def _take(self, frame: bytes) -> None:
        command, data = frame[5], frame[8:-3]
        try:
            self._obey(command, data)
        except (IndexError, KeyError, ValueError):
            self.strange.append(frame)
        if command == VERSION or self.acknowledges:
            said = self.version if command == VERSION else b""
            self.reply(self._closed(frame[:6] + len(said).to_bytes(2, "big") + said))

    def _obey(self, command: int, data: bytes) -> None:
        match command:
            case 0x01:
                pass
            case 0x21:
                gone = [line for line in range(len(self.display.standing)) if data[0] >> line & 1]
                if gone:
                    self.display.drop(*gone)
            case 0x22:
                for number in data:
                    self.display.say(f"recording {number}")
            case 0x27:
                text = data[4:].decode("gbk", "replace")
                self.display.put(data[0] - 1, ShownText(text, COLOURS[data[2]]), data[1] or inf)
            case 0x25:
                self.flash_writes += 1
                self.display.standing[data[0] - 1] = ShownText(data[3:].decode("gbk", "replace"), COLOURS[data[1]])
            case _:
                raise ValueError(command)

    def _length_at(self, data: bytes, place: int) -> int:
        """The length of a sound frame there, 0 where there is none."""
        if place + AROUND_DATA > len(data):
            return 0
        length = AROUND_DATA + int.from_bytes(data[place + 6 : place + 8], "big")
        frame = data[place : place + length]
        return length if len(frame) == length and self._closed(frame[:-3]) == frame else 0

    def _closed(self, frame: bytes) -> bytes:
        padded = crc16(frame[2:] + b"\x00\x00").to_bytes(2, "big")
        return frame + (crc16(frame).to_bytes(2, "little") if self.whole else padded) + b"\xaf"


if __name__ == "__main__":
    raise SystemExit(main("A display and voice card with AA 55 in software.", Aa55Emulator))
