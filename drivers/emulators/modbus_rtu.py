"""A Modbus RTU relay board in software, on a pseudo-terminal: relays, inputs, timed switching, linkage.

    python -m drivers.emulators.modbus_rtu --link /run/relay --model waveshare_d

As some real boards do when they leave the factory, one that can link inputs to relays starts with every input driving
the relay of the same number, and it does so again after each loss of power, so that a driver that forgets to switch
that off is found out.
"""

from __future__ import annotations

import argparse
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from typing_extensions import override

from drivers.emulators.board import EmulatedBoard
from drivers.emulators.command_line import run
from drivers.emulators.modbus_models import NATURES, Model, RegisterCommand, TimedWay
from drivers.modbus_codec import OFF, ON, READS, Function, framed, is_sound

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
TIMERS, TIMER_LENGTH = 3, 5
MOMENTARY_S = 1.0
COUNTED_HEAD = 7
BITS = frozenset({Function.READ_COILS, Function.READ_DISCRETE_INPUTS, Function.WRITE_COILS})
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


Item = TypeVar("Item")


class _RefusalError(Exception):
    """The board answers with this exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class ModbusEmulator(EmulatedBoard):
    """The board. Inputs and relays count from 1. `refuses` holds function codes that this one does not know either."""

    def __init__(
        self, link: Path, unit: int = 1, channels: int = 8, inputs: int = 8, model: Model = Model.WAVESHARE_D
    ) -> None:
        super().__init__(link, channels, inputs)
        self.unit = unit
        self.refuses: set[int] = set()
        self._nature = NATURES[model]
        self._modes = self._modes_at_start()
        self._heard_at = 0.0

    @property
    def modes(self) -> tuple[int, ...]:
        """Which relays follow their input: 1, or 0 for those that do not."""
        with self._lock:
            return tuple(self._modes)

    @override
    def set_input(self, number: int, *, on: bool) -> None:
        """Drive one digital input; a linked relay follows."""
        with self._lock:
            super().set_input(number, on=on)
            if number <= len(self._modes) and self._modes[number - 1] == LINKED:
                self.relays.set(number, on=on)

    @override
    def power_cycle(self) -> None:
        """Take the power away and give it back: relays off, and linked to the inputs again."""
        super().power_cycle()
        with self._lock:
            self._modes = self._modes_at_start()
            for number, (on, _) in enumerate(zip(self._inputs, self._modes, strict=False), 1):
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

    def _modes_at_start(self) -> list[int]:
        return [LINKED] * self.relays.channels if self._nature.links else []

    def _answer(self, frame: bytes) -> None:
        function, body = frame[1], frame[2:-2]
        try:
            data = self._done(function, body)
        except _RefusalError as refusal:
            function, data = function | 0x80, bytes([refusal.code])
        if data is not None:
            self.reply(framed(bytes([self.unit, function]) + data))

    def _done(self, function: int, body: bytes) -> bytes | None:
        """Carry out a request and return the data of the answer; None for one that the board leaves unanswered."""
        if function not in self._nature.functions or function in self.refuses:
            raise _RefusalError(ILLEGAL_FUNCTION)
        first, value = struct.unpack(">HH", body[:4])
        if function in BITS and self._nature.block not in {0, value}:
            return None
        if function in READS:
            return self._read(function, first, value)
        self._write(function, first, value, body[5:])
        return body[:4]

    def _read(self, function: int, first: int, count: int) -> bytes:
        match function:
            case Function.READ_COILS:
                return _packed(_part(self._padded(self.relays.states), first, count))
            case Function.READ_DISCRETE_INPUTS:
                return _packed(_part(self._padded(self.inputs), first, count))
            case _:
                registers = self._registers(first, count)
                return bytes([2 * count]) + struct.pack(f">{count}H", *registers)

    def _padded(self, bits: tuple[bool, ...]) -> tuple[bool, ...]:
        """The bits that the board tells of; one that tells of eight tells of some that it does not have."""
        return bits + (False,) * (self._nature.block - len(bits))

    def _write(self, function: int, first: int, value: int, data: bytes) -> None:
        match function:
            case Function.WRITE_COIL:
                self._switch(first, value)
            case Function.WRITE_REGISTER if self._nature.takes_orders:
                self._order(first, *divmod(value, 0x100))
            case Function.WRITE_REGISTER:
                self._set_modes(first, (value,))
            case Function.WRITE_COILS:
                _part(self._padded(self.relays.states), first, value)
                for place, on in list(enumerate(_unpacked(data, value)))[: self.relays.channels - first]:
                    self.relays.set(first + place + 1, on=on)
            case _ if self._nature.has_timers:
                self._time(first, struct.unpack(f">{value}H", data))
            case _:
                self._set_modes(first, struct.unpack(f">{value}H", data))

    def _registers(self, first: int, count: int) -> Sequence[int]:
        if self._nature.takes_orders:
            return _part(tuple(map(int, self.relays.states)), first - 1, count)
        if (first, count) == (UNIT_REGISTER, 1):
            return (self.unit,)
        return _part(self.modes, first - MODE_REGISTERS, count)

    def _set_modes(self, first: int, values: Sequence[int]) -> None:
        _part(self.modes, first - MODE_REGISTERS, len(values))
        if not set(values) <= {NORMAL, LINKED}:
            raise _RefusalError(ILLEGAL_VALUE)
        place = first - MODE_REGISTERS
        self._modes[place : place + len(values)] = values

    def _time(self, first: int, values: Sequence[int]) -> None:
        place, rest = divmod(first - TIMERS, TIMER_LENGTH)
        if rest or not 0 <= place < self.relays.channels:
            raise _RefusalError(ILLEGAL_ADDRESS)
        match values:
            case (TimedWay.ON | TimedWay.OFF as way, steps) if steps:
                self.relays.pulse(place + 1, steps * STEP_S, on=way == TimedWay.ON)
            case _:
                raise _RefusalError(ILLEGAL_VALUE)

    def _order(self, channel: int, order: int, delay_s: int) -> None:
        if not 1 <= channel <= self.relays.channels:
            raise _RefusalError(ILLEGAL_ADDRESS)
        match order:
            case RegisterCommand.ON | RegisterCommand.OFF:
                self.relays.set(channel, on=order == RegisterCommand.ON)
            case RegisterCommand.TOGGLE:
                self.relays.set(channel, on=not self.relays.states[channel - 1])
            case RegisterCommand.ALONE:
                for other in range(1, self.relays.channels + 1):
                    self.relays.set(other, on=other == channel)
            case RegisterCommand.MOMENTARY:
                self.relays.pulse(channel, MOMENTARY_S)
            case RegisterCommand.DELAY if delay_s:
                self.relays.pulse(channel, float(delay_s))
            case _:
                raise _RefusalError(ILLEGAL_VALUE)

    def _switch(self, address: int, value: int) -> None:
        kind, place = address & 0xFF00, address & 0x00FF
        if self._nature.flashes and kind in {FLASH_ON, FLASH_OFF} and place < self.relays.channels:
            if not value:
                raise _RefusalError(ILLEGAL_VALUE)
            self.relays.pulse(place + 1, value * STEP_S, on=kind == FLASH_ON)
            return
        if value not in {ON, OFF}:
            raise _RefusalError(ILLEGAL_VALUE)
        if address == ALL_RELAYS and self._nature.flashes:
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
    parser.add_argument("--model", type=Model, default=Model.WAVESHARE_D, choices=list(Model), help="which board")
    parser.add_argument("--unit", type=int, default=1, help="Modbus address")
    parser.add_argument("--channels", type=int, default=8, help="number of relays")
    parser.add_argument("--inputs", type=int, default=8, help="number of digital inputs")
    options = parser.parse_args(arguments)
    return run(ModbusEmulator(options.link, options.unit, options.channels, options.inputs, options.model))


if __name__ == "__main__":
    raise SystemExit(main())
