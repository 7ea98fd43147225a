"""Deterministic CBOR (RFC 8949 section 4.2.1): only the part that permits and lists need.

It accepts integers, byte and text strings, arrays, maps, booleans and null. It refuses tags, floats, indefinite
lengths, and bytes after the item. Every head must have its shortest form. Map keys must be in ascending order of their
encoding, so no key can occur twice. A value has exactly one encoding: `encode` returns the bytes that `decode`
accepted. `decode` compares a declared length with the available bytes before it uses the length.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from drivers.text import Text

Value: TypeAlias = "int | bytes | str | bool | list[Value] | dict[int | str, Value] | None"

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_DIRECT = 24
_LONGEST = 27
_SIMPLES: dict[int, bool | None] = {20: False, 21: True, 22: None}


class CborError(ValueError):
    """The bytes are not the CBOR that is accepted here. The message says what and where, never the content."""


@dataclass(frozen=True, slots=True)
class CborLimits:
    """How much one item may hold. `depth`: arrays and maps within each other. `items`: values, map keys included."""

    depth: int
    items: int


PERMIT_LIMITS = CborLimits(depth=4, items=64)


def decode(data: bytes, limits: CborLimits = PERMIT_LIMITS) -> Value:
    """Return the one item that `data` holds.

    Raises:
        CborError: anything that is not deterministic, not of the subset, above the limits, cut short or followed by
        more.
    """
    reader = _Reader(data, limits)
    value = reader.value(0)
    if reader.place != len(data):
        raise CborError(Text("{count} bytes follow the item", count=len(data) - reader.place))
    return value


def encode(value: Value) -> bytes:
    """Return the deterministic encoding of a value.

    Raises:
        CborError: an integer beyond 64 bits, or a type that the subset does not have.
    """
    match value:
        case bool() | None:
            return bytes([_SIMPLE << 5 | {False: 20, True: 21, None: 22}[value]])
        case int():
            return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
        case bytes():
            return _head(_BYTES, len(value)) + value
        case str():
            return _text(value)
        case list():
            return _head(_ARRAY, len(value)) + b"".join(map(encode, value))
        case dict():
            pairs = sorted((_key(key), encode(item)) for key, item in value.items())
            return _head(_MAP, len(pairs)) + b"".join(key + item for key, item in pairs)
    raise CborError(f"no encoding for a {type(value).__name__}")


def _head(major: int, argument: int) -> bytes:
    if argument < _DIRECT:
        return bytes([major << 5 | argument])
    for size in range(4):
        if argument < 1 << (8 << size):
            return bytes([major << 5 | _DIRECT + size]) + argument.to_bytes(1 << size, "big")
    raise CborError(Text("an integer beyond 64 bits"))


def _text(text: str) -> bytes:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise CborError(Text("a text that is not Unicode")) from None
    return _head(_TEXT, len(data)) + data


def _key(key: int | str) -> bytes:
    # True and 1 are one key to Python and two to CBOR, so a boolean is no key.
    if isinstance(key, bool) or not isinstance(key, int | str):
        raise CborError(f"a {type(key).__name__} is no map key")
    return encode(key)


class _Reader:
    """Reads items from the front of the data, counting what it gives out."""

    def __init__(self, data: bytes, limits: CborLimits) -> None:
        self._data = data
        self._limits = limits
        self._items = 0
        self.place = 0

    def value(self, depth: int) -> Value:
        start = self.place
        self._items += 1
        if self._items > self._limits.items:
            raise CborError(Text("more than {items} values", items=self._limits.items))
        major, argument = self._head()
        match major:
            case 0 | 1:
                return argument if major == _UNSIGNED else -1 - argument
            case 2:
                return self._read_bytes(argument)
            case 3:
                return self._text(argument)
            case 4 | 5:
                return self._container(major, argument, depth)
            case 7 if argument in _SIMPLES:
                return _SIMPLES[argument]
        raise CborError(Text("a tag or a simple value at byte {start}", start=start))

    def _container(self, major: int, length: int, depth: int) -> Value:
        if depth >= self._limits.depth:
            raise CborError(Text("more than {depth} levels", depth=self._limits.depth))
        if major == _MAP:
            return self._map(depth + 1, length)
        return [self.value(depth + 1) for _ in range(length)]

    def _head(self) -> tuple[int, int]:
        start = self.place
        (first,) = self._read_bytes(1)
        major, argument = first >> 5, first & 31
        if argument < _DIRECT:
            return major, argument
        if argument > _LONGEST:
            raise CborError(Text("an indefinite or reserved length at byte {start}", start=start))
        if major == _SIMPLE:
            raise CborError(Text("a float or a long simple value at byte {start}", start=start))
        size = 1 << (argument - _DIRECT)
        number = int.from_bytes(self._read_bytes(size), "big")
        if number < (_DIRECT if size == 1 else 1 << (4 * size)):
            raise CborError(Text("a number not in its shortest form at byte {start}", start=start))
        return major, number

    def _read_bytes(self, count: int) -> bytes:
        end = self.place + count
        if end > len(self._data):
            raise CborError(Text("cut short: {end} bytes are missing", end=end - len(self._data)))
        taken = self._data[self.place : end]
        self.place = end
        return taken

    def _text(self, count: int) -> str:
        start = self.place
        try:
            return self._read_bytes(count).decode()
        except UnicodeDecodeError:
            raise CborError(Text("a text that is not UTF-8 at byte {start}", start=start)) from None

    def _map(self, depth: int, pairs: int) -> dict[int | str, Value]:
        found: dict[int | str, Value] = {}
        last = b""
        for _ in range(pairs):
            start = self.place
            key = self.value(depth)
            if isinstance(key, bool) or not isinstance(key, int | str):
                raise CborError(Text("a map key at byte {start} is neither an integer nor a text", start=start))
            encoded = self._data[start : self.place]
            if encoded <= last:
                raise CborError(Text("a map key at byte {start} is out of order or occurs twice", start=start))
            last = encoded
            found[key] = self.value(depth)
        return found
