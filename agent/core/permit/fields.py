"""Reads a map field by field: each field once, with its form and range, and no field may remain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.text import Text

if TYPE_CHECKING:
    from agent.core.crypto import Value


_HEXADECIMAL = frozenset("0123456789abcdef")


class ClaimsError(ValueError):
    """A claim is missing, unknown, or not in its form. The message names the claim, never its content."""


class Fields:
    """The entries of one map, of CBOR or JSON. `name` is what a message calls an entry."""

    def __init__(self, item: Value, name: str) -> None:
        """Take over a decoded item.

        Raises:
            ClaimsError: it is no map.
        """
        if not isinstance(item, dict):
            raise ClaimsError(Text("no map of {name}s", name=name))
        self._left = dict(item)
        self._name = name

    def __contains__(self, key: int | str) -> bool:
        return key in self._left

    def take_field(self, key: int | str) -> Value:
        """Return the entry of any form.

        Raises:
            ClaimsError: it is missing.
        """
        if key not in self._left:
            raise ClaimsError(Text("{name} {key} is missing", name=self._name, key=key))
        return self._left.pop(key)

    def integer(self, key: int | str, allowed: range) -> int:
        """Return an integer of the allowed range.

        Raises:
            ClaimsError: it is missing, no integer, or out of range.
        """
        value = self.take_field(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ClaimsError(Text("{name} {key} is not an integer", name=self._name, key=key))
        if value not in allowed:
            raise ClaimsError(Text("{name} {key} is out of range", name=self._name, key=key))
        return value

    def text(self, key: int | str, lengths: range) -> str:
        """Return a printable text without spaces at its ends; `lengths` in characters.

        Raises:
            ClaimsError: it is missing, no text, too long or short, or holds what cannot be printed.
        """
        value = self.take_field(key)
        if not isinstance(value, str):
            raise ClaimsError(Text("{name} {key} is not a text", name=self._name, key=key))
        if len(value) not in lengths or not value.isprintable() or value != value.strip():
            raise ClaimsError(
                Text("{name} {key} is not a printable text of the right length", name=self._name, key=key)
            )
        return value

    def octets(self, key: int | str, lengths: range) -> bytes:
        """Return a byte string; `lengths` in bytes.

        Raises:
            ClaimsError: it is missing, no byte string, or too long or short.
        """
        value = self.take_field(key)
        if not isinstance(value, bytes):
            raise ClaimsError(Text("{name} {key} is not a byte string", name=self._name, key=key))
        if len(value) not in lengths:
            raise ClaimsError(Text("{name} {key} has {count} bytes", name=self._name, key=key, count=len(value)))
        return value

    def hexadecimal(self, key: int | str, lengths: range) -> bytes:
        """Return a byte string written as small hexadecimal digits; `lengths` in bytes.

        Raises:
            ClaimsError: it is missing, no text, not written so, or too long or short.
        """
        text = self.take_field(key)
        if not isinstance(text, str) or not _HEXADECIMAL.issuperset(text) or len(text) % 2:
            raise ClaimsError(Text("{name} {key} is not written in small hexadecimal digits", name=self._name, key=key))
        if len(text) // 2 not in lengths:
            raise ClaimsError(Text("{name} {key} has {count} bytes", name=self._name, key=key, count=len(text) // 2))
        return bytes.fromhex(text)

    def skip_null(self, key: int | str) -> bool:
        """Say whether the entry is there and null; then it is taken."""
        if key in self._left and self._left[key] is None:
            del self._left[key]
            return True
        return False

    def finish(self) -> None:
        """Say that all was read.

        Raises:
            ClaimsError: something is left that nobody knows.
        """
        if self._left:
            raise ClaimsError(Text("{count} unknown {name}s", count=len(self._left), name=self._name))
