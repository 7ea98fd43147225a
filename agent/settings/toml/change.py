"""Changing one value in a TOML text: its bytes and nothing else.

A key that is not there yet comes after the line that shows its default in a comment, else after the last key of its
table. Every result is read again and compared: all other values must be what they were.
"""

from __future__ import annotations

import copy
import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.settings.toml.includes import dotted
from agent.settings.toml.key_positions import Statement, comments, places, statements
from drivers.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agent.settings.toml.key_positions import Path


class ChangeError(Exception):
    """The text cannot be changed so; the message says why and what to do instead."""


def with_value(text: str, path: Path, value: str) -> str:
    """The text with another value, written as TOML, at the path. Raises ChangeError."""
    wanted = _wanted(tomllib.loads(text), path, tomllib.loads(f"x = {value}")["x"])
    refusal = Text(
        "{key} cannot be set in this file without changing its form: edit the file yourself", key=dotted(path)
    )
    return first_right(_candidates(text, path, value), [wanted], refusal)


def first_right(candidates: Iterable[str], wanted: Sequence[Any], refusal: Text) -> str:
    """The first text that says just one of what is wanted. Raises ChangeError with the refusal where none does."""
    for candidate in candidates:
        with suppress(ValueError):
            found = tomllib.loads(candidate)
            if any(_same(found, one) for one in wanted):
                return candidate
    raise ChangeError(refusal)


def _wanted(data: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """What the text must say after the change. Raises ChangeError for a path that cannot be in it."""
    wanted = copy.deepcopy(data)
    table: Any = wanted
    for depth, part in enumerate(path[:-1]):
        if isinstance(table, dict) and isinstance(part, str):
            table = table.setdefault(part, {})
        elif isinstance(table, list) and isinstance(part, int) and part < len(table):
            table = table[part]
        else:
            raise ChangeError(Text("there is no {key}", key=dotted(path[: depth + 1])))
    last = path[-1]
    if isinstance(table, list) and isinstance(last, int) and last < len(table):
        before = table[last]
    elif isinstance(table, dict) and isinstance(last, str):
        before = table.get(last)
    else:
        raise ChangeError(Text("there is no {key}", key=dotted(path)))
    if isinstance(before, dict) or (isinstance(before, list) and any(isinstance(item, dict) for item in before)):
        raise ChangeError(Text("{key} is a table: set one of its keys", key=dotted(path)))
    table[last] = value
    return wanted


def _same(one: Any, other: Any) -> bool:
    """Whether two trees are alike: NaN too, and 1 is not 1.0, nor true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))  # noqa: PLR0124 - NaN


def _candidates(text: str, path: Path, value: str) -> Iterator[str]:
    """Ways to write it, the best first; not all of them are valid in every text."""
    raw = text.encode()
    place = places(text).get(path)
    if place is not None:
        yield spliced(raw, place.value_start, place.value_end, value)
        return
    found = list(statements(text))
    yield from inline_candidates(raw, found, path, value)
    for block in sorted(_blocks(found, len(raw)), key=lambda block: -len(block.path)):
        if block.path == path[: len(block.path)] and (block.header or len(path) == 1 or block.starts(path[0])):
            yield block.with_line(raw, text, path, value)
    end = "" if text.endswith("\n") or not text else "\n"
    lines = f"{end}\n[{dotted(path[:-1])}]\n{dotted(path[-1:])} = {value}\n"
    yield text + (lines.replace("\n", "\r\n") if "\r\n" in text else lines)


def spliced(raw: bytes, start: int, end: int, text: str) -> str:
    """The text with other text between two offsets of its UTF-8 bytes."""
    return (raw[:start] + text.encode() + raw[end:]).decode()


def inline_candidates(raw: bytes, found: list[Statement], path: Path, value: str) -> Iterator[str]:
    """Into the inline table that should hold it."""
    for statement in found:
        inner = statement.path == path[: len(statement.path)]
        start, end = statement.place.value_start, statement.place.value_end
        if inner and statement.value is not None and raw[start:end].startswith(b"{"):
            empty = not raw[start + 1 : end - 1].strip()
            body = raw[start : end - 1].rstrip().decode()
            rest = dotted(path[len(statement.path) :])
            yield spliced(raw, start, end, f"{body}{'' if empty else ','} {rest} = {value} }}")


@dataclass(frozen=True, slots=True)
class _Block:
    """The lines of one table: its header, None at the begin of the file, and the keys that stand below it."""

    path: Path
    header: Statement | None
    keys: tuple[Statement, ...]
    end: int

    def starts(self, part: str | int) -> bool:
        """Whether some key here begins with the part."""
        return any(key.path[len(self.path)] == part for key in self.keys)

    def with_line(self, raw: bytes, text: str, path: Path, value: str) -> str:
        """The text with a line for the key."""
        start = self.header.place.end if self.header else 0
        rest = path[len(self.path) :]
        shown = re.compile(rb"#\s?" + re.escape(dotted(rest).encode()) + rb"\s*=")
        after = next((end for at, end in comments(text) if start <= at < self.end and shown.match(raw, at)), None)
        if after is None:
            near = [key for key in self.keys if key.path[: len(path) - 1] == path[:-1]] or list(self.keys)
            after = near[-1].place.value_end if near else start
        line_end = raw.find(b"\n", after)
        newline = "\r\n" if b"\r\n" in raw else "\n"
        if line_end < 0:
            return f"{text}{newline if text else ''}{self._indent(raw)}{dotted(rest)} = {value}{newline}"
        if not self.keys and self.header is None and after == 0:
            line_end = -1
        return spliced(raw, line_end + 1, line_end + 1, f"{self._indent(raw)}{dotted(rest)} = {value}{newline}")

    def _indent(self, raw: bytes) -> str:
        at = self.keys[-1].place.start if self.keys else self.header.place.start if self.header else 0
        line = raw[raw.rfind(b"\n", 0, at) + 1 : at].decode()
        return line if not line.strip() else line[: len(line) - len(line.lstrip())]


def _blocks(found: list[Statement], end: int) -> Iterator[_Block]:
    headers = [statement for statement in found if statement.value is None]
    starts = [statement.place.start for statement in headers]
    for header, until in zip([None, *headers], [*starts, end], strict=True):
        start = header.place.start if header else -1
        keys = tuple(one for one in found if one.value is not None and start < one.place.start < until)
        yield _Block(header.path if header else (), header, keys, until)
