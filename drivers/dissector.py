"""What the bytes on the line of a board mean, in words, as far as its protocol can be read. For people who look on."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from drivers import modbus_codec, numato_codec
from drivers.relay import kmtronic_codec, lcus_codec
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_ALL_RELAYS = 0x00FF
_STEP_MS = 100
_FLASH_OFF = 0x0400
_HEAD = struct.Struct(">BBHH")

_DEVANTECH: Final = {
    0x5A: Text("which module is it?"),
    0x5B: Text("which relays are on?"),
    0x5D: Text("what is the voltage?"),
    0x64: Text("all relays on"),
    0x6E: Text("all relays off"),
    **{0x64 + relay: Text("relay {relay} on", relay=relay) for relay in range(1, 9)},
    **{0x6E + relay: Text("relay {relay} off", relay=relay) for relay in range(1, 9)},
}


class Reader:
    """Reads the bytes of one board, in the order in which they passed: an answer means nothing without its question."""

    def __init__(self, kind: str) -> None:
        """`kind`: that of the driver; of a kind without a reader nothing is said."""
        sent, received = _READERS.get(kind, (_nothing, _no_answer))
        self._sent: Callable[[bytes], str] = sent
        self._received: Callable[[bytes, bytes], str] = received
        self._question = b""

    def sent(self, data: bytes) -> str:
        """What a request asks for or orders; empty where that cannot be told."""
        self._question = data
        return self._sent(data)

    def received(self, data: bytes) -> str:
        """What an answer says; empty where that cannot be told."""
        return self._received(self._question, data) if data else Text("no answer")


def numbers(found: Iterable[int]) -> str:
    """Numbers in words: "1, 3", or "none"."""
    return ", ".join(map(str, found)) or Text("none")


def _on(found: Iterable[int]) -> Text:
    return Text("on: {numbers}", numbers=numbers(found))


def _relay(number: int, *, on: bool) -> Text:
    return Text("relay {relay} on", relay=number) if on else Text("relay {relay} off", relay=number)


def _nothing(_: bytes) -> str:
    return ""


def _no_answer(_question: bytes, _answer: bytes) -> str:
    return ""


# ---------------------------------------------------------------------------------------------------------- Modbus


def _modbus_sent(data: bytes) -> str:
    if not modbus_codec.is_sound(data) or len(data) < _HEAD.size + 2:
        return ""
    unit, function, address, value = _HEAD.unpack(data[: _HEAD.size])
    words = _modbus_read(function, address, value) or _modbus_write(function, address, value, data)
    return Text("unit {unit}: {words}", unit=unit, words=words)


def _modbus_read(function: int, address: int, count: int) -> str:
    span: int | Text = address + 1
    if count > 1:
        span = Text("{first} to {last}", first=span, last=address + count)
    match function:
        case modbus_codec.Function.READ_COILS:
            return Text("which of relays {span} are on?", span=span)
        case modbus_codec.Function.READ_DISCRETE_INPUTS:
            return Text("which of inputs {span} are on?", span=span)
        case modbus_codec.Function.READ_HOLDING_REGISTERS:
            if count == 1:
                return Text("read register 0x{address:04X}", address=address)
            return Text("read register 0x{first:04X} to 0x{last:04X}", first=address, last=address + count - 1)
        case _:
            return ""


def _modbus_write(function: int, address: int, value: int, data: bytes) -> str:
    match function:
        case modbus_codec.Function.WRITE_COIL:
            return _coil_order(address, value)
        case modbus_codec.Function.WRITE_REGISTER:
            return Text("write register 0x{address:04X}: {value}", address=address, value=value)
        case modbus_codec.Function.WRITE_COILS:
            on = _bits(data[7:-2], value, address + 1)
            span = Text("{first} to {last}", first=address + 1, last=address + value)
            return Text("switch relays {span}; on: {numbers}", span=span, numbers=numbers(on))
        case _:
            return Text("function {number}", number=function)


def _coil_order(address: int, value: int) -> str:
    kind, relay = address & 0xFF00, (address & 0x00FF) + 1
    if kind in {modbus_codec.FLASH_ON, _FLASH_OFF}:
        order = _relay(relay, on=kind == modbus_codec.FLASH_ON)
        return Text("{order} for {duration_ms} ms", order=order, duration_ms=value * _STEP_MS)
    if value not in {modbus_codec.ON, modbus_codec.OFF}:
        relays = Text("all relays") if address == _ALL_RELAYS else Text("relay {relay}", relay=address + 1)
        return Text("{relays} to 0x{value:04X}", relays=relays, value=value)
    if address == _ALL_RELAYS:
        return Text("all relays on") if value == modbus_codec.ON else Text("all relays off")
    return _relay(address + 1, on=value == modbus_codec.ON)


def _modbus_received(question: bytes, answer: bytes) -> str:
    if len(question) < _HEAD.size:
        return ""
    _, function, address, count = _HEAD.unpack(question[: _HEAD.size])
    reply = modbus_codec.reply_in(
        modbus_codec.Request(question, count if function in modbus_codec.READS else 0), answer
    )
    if reply is None or not modbus_codec.is_sound(reply):
        return Text("garbled")
    if reply[1] & modbus_codec.EXCEPTION_FLAG:
        return Text(
            "refused: {why}", why=modbus_codec.EXCEPTIONS.get(reply[2], Text("exception {number}", number=reply[2]))
        )
    match function:
        case modbus_codec.Function.READ_COILS | modbus_codec.Function.READ_DISCRETE_INPUTS:
            return _on(_bits(reply[3:-2], count, address + 1))
        case modbus_codec.Function.READ_HOLDING_REGISTERS:
            data = reply[3:-2]
            values = struct.unpack(f">{len(data) // 2}H", data[: len(data) // 2 * 2])
            return Text("values: {numbers}", numbers=numbers(values))
        case _:
            return Text("accepted") if reply[:6] == question[:6] else Text("not what was asked for")


def _bits(data: bytes, count: int, first: int) -> list[int]:
    mask = int.from_bytes(data, "little")
    return [first + place for place in range(count) if mask >> place & 1]


# ------------------------------------------------------------------------------------------------- boards with USB


def _lcus_sent(data: bytes) -> str:
    if data == lcus_codec.QUERY_ALL:
        return Text("which relays are on?")
    if len(data) != lcus_codec.FRAME_LENGTH or data != lcus_codec.frame(data[1], data[2]):
        return ""
    match data[2]:
        case lcus_codec.Operation.ON | lcus_codec.Operation.ON_WITH_FEEDBACK:
            return _relay(data[1], on=True)
        case lcus_codec.Operation.OFF | lcus_codec.Operation.OFF_WITH_FEEDBACK:
            return _relay(data[1], on=False)
        case lcus_codec.Operation.QUERY:
            return Text("is relay {relay} on?", relay=data[1])
        case _:
            return ""


def _lcus_received(question: bytes, answer: bytes) -> str:
    if len(question) == lcus_codec.FRAME_LENGTH:
        states = [lcus_codec.frame(question[1], on) for on in (0, 1)]
        return _relay(question[1], on=answer == states[1]) if answer in states else Text("garbled")
    if answer.startswith(b"CH"):
        try:
            told = lcus_codec.read_lines(answer, answer.count(b"\n"))
        except lcus_codec.BadReplyError:
            return Text("garbled")
        return _on(place for place, on in enumerate(told, 1) if on)
    return _flags(answer)


def _kmtronic_sent(data: bytes) -> str:
    match tuple(data):
        case (kmtronic_codec.START, 0x09, 0):
            return Text("which relays are on?")
        case (kmtronic_codec.START, channel, 0) if channel > kmtronic_codec.ADDRESS_BASE:
            return Text("which relays are on?")
        case (kmtronic_codec.START, channel, kmtronic_codec.ASK):
            return Text("is relay {relay} on?", relay=channel)
        case (kmtronic_codec.START, channel, on):
            return _relay(channel, on=bool(on))
        case _:
            return ""


def _kmtronic_received(question: bytes, answer: bytes) -> str:
    if len(answer) == kmtronic_codec.FRAME_LENGTH and answer[:2] == question[:2]:
        return _relay(answer[1], on=bool(answer[2]))
    return _flags(answer)


def _flags(answer: bytes) -> str:
    """One byte 00 or 01 a relay."""
    if not set(answer) <= {0, 1}:
        return Text("garbled")
    return _on(place for place, on in enumerate(answer, 1) if on)


def _devantech_sent(data: bytes) -> str:
    match tuple(data):
        case (0x5C, mask):
            return Text("switch all relays; on: {numbers}", numbers=numbers(_bits(bytes([mask]), 8, 1)))
        case (order,) | (0, order):
            return _DEVANTECH.get(order, "")
        case _:
            return ""


def _devantech_received(question: bytes, answer: bytes) -> str:
    match (question[-1:], tuple(answer)):
        case (b"\x5a", (module, version)):
            return Text("module {module}, version {version}", module=module, version=version)
        case (b"\x5b", (mask,)):
            return _on(_bits(bytes([mask]), 8, 1))
        case _:
            return ""


def _numato_sent(data: bytes) -> str:
    return data.decode("ascii", "replace").strip()


def _numato_received(question: bytes, answer: bytes) -> str:
    try:
        return numato_codec.answer(_numato_sent(question), answer) or Text("accepted")
    except numato_codec.BadReplyError:
        return Text("garbled")


_READERS: Final[dict[str, tuple[Callable[[bytes], str], Callable[[bytes, bytes], str]]]] = {
    "modbus_rtu": (_modbus_sent, _modbus_received),
    "lcus": (_lcus_sent, _lcus_received),
    "kmtronic": (_kmtronic_sent, _kmtronic_received),
    "numato": (_numato_sent, _numato_received),
    "devantech": (_devantech_sent, _devantech_received),
}
