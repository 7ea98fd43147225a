"""Modbus RTU as bytes: requests, replies, checks. No input or output.

Source: Modbus application protocol V1.1b3 and Modbus over serial line V1.02; the timed switching ("flash") is the
vendor's own use of function 05 on Waveshare boards. Addresses count from 0, as they do on the wire.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from drivers.api import DeviceMisconfiguredError, DeviceUnavailableError
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

ON = 0xFF00
OFF = 0x0000
FLASH_ON = 0x0200
"""Address of the vendor's "on for a time" of the first relay."""
FLASH_LIMIT = 0x7FFF
EXCEPTION_FLAG = 0x80
EXCEPTION_LENGTH = 5
ACKNOWLEDGE_LENGTH = 8
HEAD_LENGTH = 3


class Function(IntEnum):
    """The function codes in use here."""

    READ_COILS = 0x01
    READ_DISCRETE_INPUTS = 0x02
    READ_HOLDING_REGISTERS = 0x03
    WRITE_COIL = 0x05
    WRITE_REGISTER = 0x06
    WRITE_COILS = 0x0F
    WRITE_REGISTERS = 0x10


READS = frozenset({Function.READ_COILS, Function.READ_DISCRETE_INPUTS, Function.READ_HOLDING_REGISTERS})
_COUNTED = READS | {0x04}  # replies that carry their length; 04 may be an answer to somebody else
_ACKNOWLEDGED = frozenset(
    {Function.WRITE_COIL, Function.WRITE_REGISTER, Function.WRITE_COILS, Function.WRITE_REGISTERS}
)

EXCEPTIONS = {
    1: Text("illegal function"),
    2: Text("illegal data address"),
    3: Text("illegal data value"),
    4: Text("server device failure"),
    5: Text("acknowledge"),
    6: Text("server device busy"),
    7: Text("negative acknowledge"),
    8: Text("memory parity error"),
    10: Text("gateway path unavailable"),
    11: Text("gateway target device failed to respond"),
}
_REFUSALS = frozenset({1, 2, 3})
_NOT_NOW = frozenset({6, 7, 10})


class BadReplyError(DeviceUnavailableError):
    """The bytes that came back are no proper reply to the request."""


class NoEchoError(BadReplyError):
    """A sound reply to a write that does not repeat what was asked: the board did something else."""


class RefusedError(DeviceMisconfiguredError):
    """The board understood the request and refuses it for good; it did nothing."""


class NotNowError(DeviceUnavailableError):
    """The board refuses the request for the time being; it did nothing."""


class FailedError(DeviceUnavailableError):
    """The board reports a failure; it may or may not have acted."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it goes over the wire. `count` is the number of bits or registers asked for, 0 for a write."""

    frame: bytes
    count: int = 0

    @property
    def unit(self) -> int:
        """The address of the board."""
        return self.frame[0]

    @property
    def function(self) -> int:
        """The function code."""
        return self.frame[1]

    @property
    def data_length(self) -> int:
        """How many bytes of data the reply to a read carries."""
        return 2 * self.count if self.function == Function.READ_HOLDING_REGISTERS else (self.count + 7) // 8


def crc16(data: bytes, start: int = 0xFFFF) -> int:
    """The CRC of Modbus over serial line: polynomial 0xA001 reflected, start 0xFFFF. With start 0 it is called ARC."""
    crc = start
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def framed(body: bytes) -> bytes:
    """The body with its CRC, low byte first."""
    return body + struct.pack("<H", crc16(body))


def is_sound(frame: bytes) -> bool:
    """Whether the CRC at the end of the frame is right."""
    return len(frame) > EXCEPTION_LENGTH - 2 and framed(frame[:-2]) == frame


# -------------------------------------------------------------------------------------------------------- requests


def read_coils(unit: int, first: int, count: int) -> Request:
    """Ask for the state of relays."""
    return _read(unit, Function.READ_COILS, first, count)


def read_discrete_inputs(unit: int, first: int, count: int) -> Request:
    """Ask for digital inputs."""
    return _read(unit, Function.READ_DISCRETE_INPUTS, first, count)


def read_holding_registers(unit: int, first: int, count: int) -> Request:
    """Ask for registers."""
    return _read(unit, Function.READ_HOLDING_REGISTERS, first, count)


def write_coil(unit: int, address: int, *, on: bool) -> Request:
    """Switch one relay."""
    return _write(unit, Function.WRITE_COIL, address, ON if on else OFF)


def flash_on(unit: int, address: int, steps: int) -> Request:
    """Switch one relay on for `steps` times 100 ms, timed by the board (vendor's extension of function 05)."""
    if not 1 <= steps <= FLASH_LIMIT:
        raise ValueError(f"{steps} steps: 1 to {FLASH_LIMIT} can be sent")
    return _write(unit, Function.WRITE_COIL, FLASH_ON + address, steps)


def write_register(unit: int, address: int, value: int) -> Request:
    """Write one register."""
    return _write(unit, Function.WRITE_REGISTER, address, value)


def write_coils(unit: int, first: int, states: Sequence[bool]) -> Request:
    """Switch several relays at once."""
    mask = sum(1 << place for place, on in enumerate(states) if on)
    data = mask.to_bytes((len(states) + 7) // 8, "little")
    head = struct.pack(">BBHHB", unit, Function.WRITE_COILS, first, len(states), len(data))
    return Request(framed(head + data))


def write_registers(unit: int, first: int, values: Sequence[int]) -> Request:
    """Write several registers at once."""
    data = struct.pack(f">{len(values)}H", *values)
    head = struct.pack(">BBHHB", unit, Function.WRITE_REGISTERS, first, len(values), len(data))
    return Request(framed(head + data))


def _read(unit: int, function: Function, first: int, count: int) -> Request:
    return Request(framed(struct.pack(">BBHH", unit, function, first, count)), count)


def _write(unit: int, function: Function, address: int, value: int) -> Request:
    return Request(framed(struct.pack(">BBHH", unit, function, address, value)))


# --------------------------------------------------------------------------------------------------------- replies


def reply_in(request: Request, received: bytes) -> bytes | None:
    """The reply among the bytes received so far, sound or not; None while more must come.

    Whole sound frames that answer something else, a late reply to an earlier request or to another board, are passed
    over: only at the start, never by searching. Of several sound replies the last counts: those before it are late
    ones to the same question.
    """
    reply = None
    while (length := _frame_length(request, received)) is not None and len(received) >= length:
        frame, received = received[:length], received[length:]
        if not is_sound(frame):
            return reply or frame
        if frame[0] == request.unit and frame[1] & ~EXCEPTION_FLAG == request.function:
            reply = frame
    return reply


def read_bits(request: Request, reply: bytes) -> tuple[bool, ...]:
    """The bits that a reply carries. Raises BadReplyError, RefusedError, NotNowError or FailedError."""
    data = _data(request, reply)
    return tuple(bool(data[place // 8] >> place % 8 & 1) for place in range(request.count))


def read_registers(request: Request, reply: bytes) -> tuple[int, ...]:
    """The registers that a reply carries. Errors as in `read_bits`."""
    return struct.unpack(f">{request.count}H", _data(request, reply))


def check_acknowledge(request: Request, reply: bytes) -> None:
    """Check the reply to a write: the board repeats address and value or count.

    Errors as in `read_bits`, NoEchoError.
    """
    _check(request, reply, ACKNOWLEDGE_LENGTH)
    if reply[:6] != request.frame[:6]:
        raise NoEchoError(
            Text(
                "unit {unit} answered {reply} to {frame}: not what was asked for",
                unit=request.unit,
                reply=_hex(reply),
                frame=_hex(request.frame),
            )
        )


def _frame_length(request: Request, received: bytes) -> int | None:
    """How long the frame at the start is; None when that cannot be told yet."""
    if len(received) < HEAD_LENGTH:
        return None
    function = received[1]
    if function & EXCEPTION_FLAG:
        return EXCEPTION_LENGTH
    if function in _COUNTED and (function != request.function or received[2] == request.data_length):
        return HEAD_LENGTH + received[2] + 2
    if function in _ACKNOWLEDGED:
        return ACKNOWLEDGE_LENGTH
    return len(received)


def _data(request: Request, reply: bytes) -> bytes:
    _check(request, reply, HEAD_LENGTH + request.data_length + 2)
    if reply[2] != request.data_length:
        raise BadReplyError(
            Text(
                "the reply {reply} announces {count} bytes of data; expected {wanted}",
                reply=_hex(reply),
                count=reply[2],
                wanted=request.data_length,
            )
        )
    return reply[HEAD_LENGTH:-2]


def _check(request: Request, reply: bytes, length: int) -> None:
    if not is_sound(reply):
        raise BadReplyError(Text("garbled reply {reply} to {frame}", reply=_hex(reply), frame=_hex(request.frame)))
    if reply[0] != request.unit:
        raise BadReplyError(
            Text("unit {other} answered for unit {unit}: {reply}", other=reply[0], unit=request.unit, reply=_hex(reply))
        )
    if reply[1] == request.function | EXCEPTION_FLAG and len(reply) == EXCEPTION_LENGTH:
        raise _exception(request, reply[2])
    if reply[1] != request.function or len(reply) != length:
        raise BadReplyError(
            Text("the reply {reply} does not answer {frame}", reply=_hex(reply), frame=_hex(request.frame))
        )


def _exception(request: Request, code: int) -> RefusedError | NotNowError | FailedError:
    message = Text(
        "unit {unit} answered {frame} with exception {code}, {name}",
        unit=request.unit,
        frame=_hex(request.frame),
        code=code,
        name=EXCEPTIONS.get(code, Text("unknown exception")),
    )
    if code in _REFUSALS:
        return RefusedError(message)
    return NotNowError(message) if code in _NOT_NOW else FailedError(message)


def _hex(data: bytes) -> str:
    return data.hex(" ").upper()
