"""A KMTronic relay board in software, on a pseudo-terminal.

python -m drivers.emulators.kmtronic --link /run/relay --channels 4
python -m drivers.emulators.kmtronic --link /run/relay --connection rs485 --address 1
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

START = 0xFF
FRAME_LENGTH = 3
OFF, ON, TELL = 0, 1, 3
ALL_OF_USB, ALL_OF_BUS = 0x09, 0xA0
FEW = 2
"""Boards with so few relays tell the state of one at a time, the others that of all."""


class Connection(StrEnum):
    """How the board is connected."""

    USB = "usb"
    RS485 = "rs485"


class KmtronicEmulator(EmulatedBoard):
    """A board of the family. On the bus every board obeys every command; only questions have an address."""

    def __init__(
        self, link: Path, channels: int = 4, connection: Connection = Connection.USB, address: int = 1
    ) -> None:
        super().__init__(link, channels)
        self.connection = Connection(connection)
        self.address = address

    @override
    def feed(self, buffer: bytearray) -> None:
        """Take frames of three bytes; what does not begin one is skipped."""
        while buffer:
            if buffer[0] != START:
                del buffer[0]
                continue
            if len(buffer) < FRAME_LENGTH:
                return
            _, second, third = buffer[:FRAME_LENGTH]
            del buffer[:FRAME_LENGTH]
            self._obey(second, third)

    @override
    def misaddressed(self, answer: bytes) -> bytes:
        """The answer of the next relay, where answers name one."""
        if answer[0] == START:
            return bytes((START, answer[1] + 1, answer[2]))
        return self.garbled(answer)

    def _obey(self, second: int, third: int) -> None:
        if 1 <= second <= self.relays.channels and third in {OFF, ON}:
            self.relays.set(second, on=third == ON)
        elif 1 <= second <= self.relays.channels <= FEW and third == TELL:
            self.reply(bytes((START, second, self.relays.states[second - 1])))
        elif (second, third) == (self._own_question(), 0):
            self.reply(bytes(self.relays.states))

    def _own_question(self) -> int | None:
        if self.connection is Connection.RS485:
            return ALL_OF_BUS + self.address
        return ALL_OF_USB if self.relays.channels > FEW else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the board from the command line until it is told to stop."""
    parser = argparse.ArgumentParser(description="A KMTronic relay board in software.")
    parser.add_argument("--link", type=Path, required=True, help="name under which the serial port appears")
    parser.add_argument("--channels", type=int, default=8, choices=(1, 2, 4, 8), help="number of relays")
    parser.add_argument(
        "--connection", type=Connection, default=Connection.USB, choices=list(Connection), help="how it is connected"
    )
    parser.add_argument("--address", type=int, default=1, help="address on an RS485 line")
    options = parser.parse_args(arguments)
    return run(KmtronicEmulator(options.link, options.channels, options.connection, options.address))


if __name__ == "__main__":
    raise SystemExit(main())
