"""A Numato relay board in software, on a pseudo-terminal: relays and inputs, commands in text.

python -m drivers.emulators.numato --link /run/relay --channels 4 --inputs 10

It knows only whole commands: anything before or after one makes the line unknown, which it answers with a bare prompt.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from drivers.emulators.board import EmulatedBoard
from drivers.emulators.command_line import run

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANNELS = (1, 2, 4, 8, 16, 32, 64)
SMALL = 4
"""Boards with so few relays do not know readall and writeall."""
LARGE = 64
"""The largest board names relays with two digits and ends its lines the other way round."""
PROMPT = b">"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUV"


class NumatoEmulator(EmulatedBoard):
    """The board. Inputs and relays count from 1, on the wire from 0."""

    def __init__(self, link: Path, channels: int = 4, inputs: int = 10, identity: str = "00000000") -> None:
        super().__init__(link, channels, inputs)
        self.identity = identity
        self.version = "00000008"
        self._eol = b"\r\n" if channels == LARGE else b"\n\r"
        self._repeated = 0

    @override
    def power_cycle(self) -> None:
        """Take the power away and give it back: relays fall off, half a line is forgotten."""
        super().power_cycle()
        with self._lock:
            self._repeated = 0

    @override
    def feed(self, buffer: bytearray) -> None:
        """Take whole lines; what comes of the next one is repeated to the sender as it comes."""
        while (end := buffer.find(b"\r")) >= 0:
            line = bytes(buffer[:end])
            del buffer[: end + 1]
            said = self._obey(line.decode("latin-1").strip("\n"))
            unrepeated, self._repeated = line[self._repeated :], 0
            self.reply(unrepeated + self._eol + (said.encode() + self._eol if said else b"") + PROMPT)
        if len(buffer) > self._repeated:
            self.line.send(bytes(buffer[self._repeated :]))
            self._repeated = len(buffer)

    @override
    def misaddressed(self, answer: bytes) -> bytes:
        """The answer to a command for the next relay or input."""
        repeated, rest = answer.split(self._eol, 1)
        return repeated[:-1] + bytes([repeated[-1] + 1]) + self._eol + rest

    def _obey(self, line: str) -> str:
        """Carry out one line; the answer, or nothing."""
        match line.split(" "):
            case ["ver"]:
                return self.version
            case ["id", "get"]:
                return self.identity
            case ["id", "set", identity] if len(identity) == len(self.identity):
                self.identity = identity
            case ["reset"]:
                self._write(0)
            case ["gpio", "read", place] if (number := _number(place, len(self._inputs), 1)) is not None:
                return "01"[self._inputs[number - 1]]
            case ["relay", *words]:
                return self._relay(words)
            case _:
                pass
        return ""

    def _relay(self, words: list[str]) -> str:
        channels = self.relays.channels
        match words:
            case ["readall"] if channels > SMALL:
                mask = sum(1 << place for place, on in enumerate(self.relays.states) if on)
                return f"{mask:0{channels // 4}x}"
            case ["writeall", mask] if channels > SMALL and len(mask) == channels // 4 and _is_hex(mask):
                self._write(int(mask, 16))
            case [("on" | "off" | "read") as verb, place]:
                channel = _number(place, channels, 2 if channels == LARGE else 1)
                if channel is None:
                    return ""
                if verb == "read":
                    return "on" if self.relays.states[channel - 1] else "off"
                self.relays.set(channel, on=verb == "on")
            case _:
                pass
        return ""

    def _write(self, mask: int) -> None:
        for channel in range(1, self.relays.channels + 1):
            self.relays.set(channel, on=bool(mask >> (channel - 1) & 1))


def _number(place: str, count: int, digits: int) -> int | None:
    """The number, from 1, that the wire names so; None where there is none."""
    known = DIGITS if digits == 1 else DIGITS[:10]
    if len(place) != digits or not set(place) <= set(known):
        return None
    number = int(place, len(known)) + 1
    return number if number <= count else None


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdefABCDEF" for character in text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the board from the command line until it is told to stop."""
    parser = argparse.ArgumentParser(description="A Numato relay board with inputs in software.")
    parser.add_argument("--link", type=Path, required=True, help="name under which the serial port appears")
    parser.add_argument("--channels", type=int, default=4, choices=CHANNELS, help="number of relays")
    parser.add_argument("--inputs", type=int, default=10, help="number of digital inputs")
    options = parser.parse_args(arguments)
    return run(NumatoEmulator(options.link, options.channels, options.inputs))


if __name__ == "__main__":
    raise SystemExit(main())
