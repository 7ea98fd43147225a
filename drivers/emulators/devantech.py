"""A Devantech USB-RLY relay board, or a TOSR0x clone, in software, on a pseudo-terminal.

python -m drivers.emulators.devantech --link /run/relay --model usb-rly08
"""

from __future__ import annotations

import argparse
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from typing_extensions import override

from drivers.emulators.board import EmulatedBoard
from drivers.emulators.command_line import run

if TYPE_CHECKING:
    from collections.abc import Sequence

TELL_MODULE, TELL_STATES, SET_STATES, TELL_VOLTAGE = 0x5A, 0x5B, 0x5C, 0x5D
ALL_ON, ALL_OFF = 0x64, 0x6E
VERSION = 1


class Model(Enum):
    """Which board: its name, module number, relays, and what it says of its supply in tenths of a volt, if it does."""

    USB_RLY02 = ("usb-rly02", 10, 2, None)
    USB_RLY08 = ("usb-rly08", 8, 8, None)
    USB_RLY16 = ("usb-rly16", 9, 8, 125)
    USB_RLY16L = ("usb-rly16l", 15, 8, 50)
    TOSR04 = ("tosr04", 15, 4, 50)

    def __init__(self, title: str, module: int, channels: int, voltage: int | None) -> None:
        self.title = title
        self.module = module
        self.channels = channels
        self.voltage = voltage


class DevantechEmulator(EmulatedBoard):
    """The board. One byte is a command; only the one that sets all relays has a second, whatever that is."""

    def __init__(self, link: Path, model: Model = Model.USB_RLY08) -> None:
        super().__init__(link, model.channels)
        self.model = model
        self._is_mask_due = False

    @override
    def power_cycle(self) -> None:
        """Take the power away and give it back: relays fall off, half a command is forgotten."""
        super().power_cycle()
        with self._lock:
            self._is_mask_due = False

    @override
    def feed(self, buffer: bytearray) -> None:
        """Take every byte."""
        while buffer:
            byte = buffer.pop(0)
            if self._is_mask_due:
                self._is_mask_due = False
                self._set_all(byte)
            else:
                self._obey(byte)

    @override
    def misaddressed(self, answer: bytes) -> bytes:
        """The answer of another module, where answers name one."""
        return bytes((answer[0] + 1, answer[1])) if len(answer) > 1 else self.garbled(answer)

    def _obey(self, byte: int) -> None:
        channels = self.relays.channels
        if byte == TELL_MODULE:
            self.reply(bytes((self.model.module, VERSION)))
        elif byte == TELL_STATES:
            self.reply(bytes((sum(1 << place for place, on in enumerate(self.relays.states) if on),)))
        elif byte == TELL_VOLTAGE and self.model.voltage is not None:
            self.reply(bytes((self.model.voltage,)))
        elif byte == SET_STATES:
            self._is_mask_due = True
        elif byte in {ALL_ON, ALL_OFF}:
            self._set_all(0xFF if byte == ALL_ON else 0)
        elif ALL_ON < byte <= ALL_ON + channels:
            self.relays.set(byte - ALL_ON, on=True)
        elif ALL_OFF < byte <= ALL_OFF + channels:
            self.relays.set(byte - ALL_OFF, on=False)

    def _set_all(self, mask: int) -> None:
        for place in range(self.relays.channels):
            self.relays.set(place + 1, on=bool(mask >> place & 1))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the board from the command line until it is told to stop."""
    models = {model.title: model for model in Model}
    parser = argparse.ArgumentParser(description="A Devantech USB-RLY relay board in software.")
    parser.add_argument("--link", type=Path, required=True, help="name under which the serial port appears")
    parser.add_argument("--model", default=Model.USB_RLY08.title, choices=list(models), help="which board")
    options = parser.parse_args(arguments)
    return run(DevantechEmulator(options.link, models[options.model]))


if __name__ == "__main__":
    raise SystemExit(main())
