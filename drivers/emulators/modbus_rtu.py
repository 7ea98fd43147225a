"""A Waveshare Modbus RTU Relay (D) in software, on a pseudo-terminal: relays, inputs, timed switching, linkage.

    python -m drivers.emulators.modbus_rtu --link /run/relay

As the real board does when it leaves the factory, it starts with every input driving the relay of the same number, and
it does so again after each loss of power, so that a driver that forgets to switch that off is found out.
"""

from __future__ import annotations

import argparse
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from typing_extensions import override

from drivers.emulators.bench import run
from drivers.emulators.board import EmulatedBoard
from drivers.modbus import OFF, ON, READS, Function, framed, is_sound

if TYPE_CHECKING:
    from collections.abc import Sequence

MODE_REGISTERS = 0x1000
UNIT_REGISTER = 0x4000
ALL_RELAYS = 0x00FF
FLASH_ON, FLASH_OFF = 0x0200, 0x0400
NORMAL, LINKED = 0, 1
STEP_S = 0.1
FRAME_TIMEOUT_S = 0.05
SHORT_REQUEST = 8
COUNTED_HEAD = 7
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


Item = TypeVar("Item")


class _RefusalError(Exception):
    """The board answers with this exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class ModbusEmulator(EmulatedBoard):
    """The board. Inputs and relays count from 1. `refuses` holds function codes that it does not know."""

    def __init__(self, link: Path, unit: int = 1, channels: int = 8, inputs: int = 8) -> None:
        super().__init__(link, channels)
        self.unit = unit
        self.refuses: set[int] = set()
        self._inputs = [False] * inputs
        self._modes = [LINKED] * channels
        self._heard_at = 0.0

    @property
    def inputs(self) -> tuple[bool, ...]:
        """The digital inputs as they are."""
        with self._lock:
            return tuple(self._inputs)

    @property
    def modes(self) -> tuple[int, ...]:
        """Which relays follow their input: 1, or 0 for those that do not."""
        with self._lock:
            return tuple(self._modes)

    def set_input(self, number: int, *, on: bool) -> None:
        """Drive one digital input; a linked relay follows."""
        with self._lock:
            self._inputs[number - 1] = on
            if number <= len(self._modes) and self._modes[number - 1] == LINKED:
                self.relays.set(number, on=on)

    @override
    def power_cycle(self) -> None:
        """Take the power away and give it back: relays off, and linked to the inputs again."""
        super().power_cycle()
        with self._lock:
            self._modes = [LINKED] * self.relays.channels
            for number, on in enumerate(self._inputs[: self.relays.channels], 1):
                self.relays.set(number, on=on)

    @override
    def feed(self, buffer: bytearray) -> None:
        """Take whole requests; a pause or a wrong check sum ends a frame, as the standard has it."""
        now = time.monotonic()
        if now - self._heard_at > FRAME_TIMEOUT_S and len(buffer) > 1:
            self._forget_stale(buffer)
        self._heard_at = now
        while (length := _request_length(buffer)) is not None and len(buffer) >= length:
            frame = bytes(buffer[:length])
            del buffer[:length]
            if not is_sound(frame):
                buffer.clear()
            elif frame[0] == self.unit:
                self._answer(frame)

    @override
    def misaddressed(self, answer: bytes) -> bytes:
        """The answer as the next unit would give it, sound in itself."""
        return framed(bytes([answer[0] + 1]) + answer[1:-2])

    def _forget_stale(self, buffer: bytearray) -> None:
        """Drop what was left of a frame that never ended: what came now starts a new one."""
        arrived = self.line.tap[-1].data if self.line.tap else b""
        del buffer[: max(0, len(buffer) - len(arrived))]

    def _answer(self, frame: bytes) -> None:
        function, body = frame[1], frame[2:-2]
        try:
            data = self._read(function, body) if function in READS else self._write(function, body)
        except _RefusalError as refusal:
            function, data = function | 0x80, bytes([refusal.code])
        self.reply(framed(bytes([self.unit, function]) + data))

    def _read(self, function: int, body: bytes) -> bytes:
        self._check_known(function)
        first, count = struct.unpack(">HH", body)
        match function:
            case Function.READ_COILS:
                return _packed(_part(self.relays.states, first, count))
            case Function.READ_DISCRETE_INPUTS:
                return _packed(_part(self.inputs, first, count))
            case _:
                registers = self._registers(first, count)
                return bytes([2 * count]) + struct.pack(f">{count}H", *registers)

    def _write(self, function: int, body: bytes) -> bytes:
        self._check_known(function)
        first, value = struct.unpack(">HH", body[:4])
        match function:
            case Function.WRITE_COIL:
                self._switch(first, value)
            case Function.WRITE_REGISTER:
                self._set_modes(first, (value,))
            case Function.WRITE_COILS:
                states = _unpacked(body[5:], value)
                _part(self.relays.states, first, value)
                for place, on in enumerate(states):
                    self.relays.set(first + place + 1, on=on)
            case Function.WRITE_REGISTERS:
                self._set_modes(first, struct.unpack(f">{value}H", body[5:]))
            case _:
                raise _RefusalError(ILLEGAL_FUNCTION)
        return body[:4]

    def _check_known(self, function: int) -> None:
        if function in self.refuses:
            raise _RefusalError(ILLEGAL_FUNCTION)

    def _registers(self, first: int, count: int) -> Sequence[int]:
        if (first, count) == (UNIT_REGISTER, 1):
            return (self.unit,)
        return _part(self.modes, first - MODE_REGISTERS, count)

    def _set_modes(self, first: int, values: Sequence[int]) -> None:
        _part(self.modes, first - MODE_REGISTERS, len(values))
        if not set(values) <= {NORMAL, LINKED}:
            raise _RefusalError(ILLEGAL_VALUE)
        place = first - MODE_REGISTERS
        self._modes[place : place + len(values)] = values

    def _switch(self, address: int, value: int) -> None:
        kind, place = address & 0xFF00, address & 0x00FF
        if kind in {FLASH_ON, FLASH_OFF} and place < self.relays.channels:
            if not value:
                raise _RefusalError(ILLEGAL_VALUE)
            self.relays.pulse(place + 1, value * STEP_S, on=kind == FLASH_ON)
            return
        if value not in {ON, OFF}:
            raise _RefusalError(ILLEGAL_VALUE)
        if address == ALL_RELAYS:
            targets = range(1, self.relays.channels + 1)
        elif kind == 0 and place < self.relays.channels:
            targets = range(place + 1, place + 2)
        else:
            raise _RefusalError(ILLEGAL_ADDRESS)
        for channel in targets:
            self.relays.set(channel, on=value == ON)


def _request_length(buffer: bytearray) -> int | None:
    """How long the request at the front is; None when that cannot be told yet."""
    if len(buffer) > 1 and buffer[1] in {Function.WRITE_COILS, Function.WRITE_REGISTERS}:
        return COUNTED_HEAD + buffer[COUNTED_HEAD - 1] + 2 if len(buffer) >= COUNTED_HEAD else None
    return SHORT_REQUEST


def _part(items: Sequence[Item], first: int, count: int) -> Sequence[Item]:
    if first < 0 or count < 1 or first + count > len(items):
        raise _RefusalError(ILLEGAL_ADDRESS)
    return items[first : first + count]


def _packed(bits: Sequence[bool]) -> bytes:
    mask = sum(1 << place for place, on in enumerate(bits) if on)
    data = mask.to_bytes((len(bits) + 7) // 8, "little")
    return bytes([len(data)]) + data


def _unpacked(data: bytes, count: int) -> list[bool]:
    mask = int.from_bytes(data, "little")
    return [bool(mask >> place & 1) for place in range(count)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the board from the command line until it is told to stop."""
    parser = argparse.ArgumentParser(description="A Modbus RTU relay board with inputs in software.")
    parser.add_argument("--link", type=Path, required=True, help="name under which the serial port appears")
    parser.add_argument("--unit", type=int, default=1, help="Modbus address")
    parser.add_argument("--channels", type=int, default=8, help="number of relays")
    parser.add_argument("--inputs", type=int, default=8, help="number of digital inputs")
    options = parser.parse_args(arguments)
    return run(ModbusEmulator(options.link, options.unit, options.channels, options.inputs))


if __name__ == "__main__":
    raise SystemExit(main())
