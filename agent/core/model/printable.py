"""Makes texts from outside safe for a terminal: they cannot move its cursor, clear it or answer in its name."""

from __future__ import annotations

from typing import Final
from unicodedata import category

_STEERING: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_PLANE: Final = 0x10000


def printable(text: str, keep: str = "") -> str:
    """The text with every character that is not shown as itself escaped as JSON would, but for those in `keep`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if one in keep or category(one) not in _STEERING else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    code = ord(character)
    if code < _PLANE:
        return f"\\u{code:04x}"
    high, low = divmod(code - _PLANE, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
