"""An LCUS relay board in software, on a pseudo-terminal.

python -m drivers.emulators.lcus --link /run/relay --channels 2 --dialect ascii
"""

from __future__ import annotations

import argparse
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from drivers.emulators.board import EmulatedBoard
from drivers.emulators.command_line import run

if TYPE_CHECKING:
    from collections.abc import Sequence

START = 0xA0
QUERY_ALL = 0xFF
FRAME_LENGTH = 4
OFF, ON, OFF_TELL, ON_TELL, TOGGLE_TELL, TELL = range(6)


class Dialect(StrEnum):
    """What the firmware answers to questions."""

    ASCII = "ascii"
    BYTES = "bytes"
    NONE = "none"
    FEEDBACK = "feedback"


class LcusEmulator(EmulatedBoard):
    """A board of the LCUS family. `line_form`: how its text names a channel and a state; firmwares differ in spaces."""

    def __init__(self, link: Path, channels: int = 2, dialect: Dialect = Dialect.ASCII) -> None:
        super().__init__(link, channels)
        self.dialect = Dialect(dialect)
        self.line_form = "CH{}:{} \r\n"

    @override
    def feed(self, buffer: bytearray) -> None:
        """Take frames and queries; anything else is skipped byte by byte, as the firmware does."""
        while buffer:
            if buffer[0] == START:
                if len(buffer) < FRAME_LENGTH:
                    return
                frame = bytes(buffer[:FRAME_LENGTH])
                del buffer[:FRAME_LENGTH]
                self._obey(frame)
            elif buffer.pop(0) == QUERY_ALL:
                self._tell_all()

    @override
    def misaddressed(self, answer: bytes) -> bytes:
        """The answer of the next channel, where answers carry one."""
        if self.dialect is Dialect.FEEDBACK:
            return _frame(answer[1] + 1, answer[2])
        return answer.replace(b"CH1", b"CH9") if self.dialect is Dialect.ASCII else self.garbled(answer)

    def _obey(self, frame: bytes) -> None:
        _, channel, operation, _ = frame
        if frame != _frame(channel, operation) or not 1 <= channel <= self.relays.channels:
            return
        if operation in {OFF, ON}:
            self.relays.set(channel, on=operation == ON)
        elif self.dialect is Dialect.FEEDBACK and operation <= TELL:
            before = self.relays.states[channel - 1]
            wanted = {OFF_TELL: False, ON_TELL: True, TOGGLE_TELL: not before, TELL: before}[operation]
            self.relays.set(channel, on=wanted)
            self.reply(_frame(channel, self.relays.states[channel - 1]))

    def _tell_all(self) -> None:
        states = self.relays.states
        if self.dialect is Dialect.ASCII:
            lines = (self.line_form.format(number, "ON" if on else "OFF") for number, on in enumerate(states, 1))
            self.reply("".join(lines).encode())
        elif self.dialect is Dialect.BYTES:
            self.reply(bytes(states))


def _frame(channel: int, operation: int) -> bytes:
    return bytes((START, channel, operation, (START + channel + operation) & 0xFF))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the board from the command line until it is told to stop."""
    parser = argparse.ArgumentParser(description="An LCUS relay board in software.")
    parser.add_argument("--link", type=Path, required=True, help="name under which the serial port appears")
    parser.add_argument("--channels", type=int, default=2, choices=(1, 2, 4, 8), help="number of relays")
    parser.add_argument("--dialect", type=Dialect, default=Dialect.ASCII, choices=list(Dialect), help="its answers")
    options = parser.parse_args(arguments)
    return run(LcusEmulator(options.link, options.channels, options.dialect))


if __name__ == "__main__":
    raise SystemExit(main())
