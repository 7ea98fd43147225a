"""Base45 (RFC 9285): bytes as the characters of a QR code's alphanumeric mode."""

from __future__ import annotations

from drivers.text import Text

ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

_BASE = len(ALPHABET)
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_TRIPLE = 3


class Base45Error(ValueError):
    """The text is no Base45. The message says where, and never repeats the text."""


def encode(data: bytes) -> bytes:
    """Return the Base45 text of any bytes: three characters for each two bytes, two for a last single byte."""
    text = bytearray()
    for start in range(0, len(data), 2):
        chunk = data[start : start + 2]
        number = int.from_bytes(chunk, "big")
        for _ in range(len(chunk) + 1):
            number, value = divmod(number, _BASE)
            text.append(ALPHABET[value])
    return bytes(text)


def decode(text: bytes) -> bytes:
    """Return the bytes of a Base45 text. One text stands for one value: nothing is stripped, nothing is forgiven.

    Raises:
        Base45Error: a foreign character, a length that no encoder makes, or a group above what its bytes can hold.
    """
    if len(text) % _TRIPLE == 1:
        raise Base45Error(Text("{count} characters is not a valid length of Base45", count=len(text)))
    values = _values(text)
    data = bytearray()
    for start in range(0, len(values), _TRIPLE):
        group = values[start : start + _TRIPLE]
        size = len(group) - 1
        number = sum(value * _BASE**place for place, value in enumerate(group))
        if number >> (8 * size):
            raise Base45Error(Text("the group at character {start} is out of range", start=start))
        data += number.to_bytes(size, "big")
    return bytes(data)


def _values(text: bytes) -> list[int]:
    try:
        return [_VALUES[character] for character in text]
    except KeyError:
        place = next(place for place, character in enumerate(text) if character not in _VALUES)
        raise Base45Error(Text("character {place} is not of the Base45 alphabet", place=place)) from None
