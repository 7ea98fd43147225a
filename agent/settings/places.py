"""Where each key of a TOML text stands.

tomllib gives the values and no positions; the tree-sitter grammar gives positions and no values. Every path here is
the path of the value in what tomllib returns: names for tables, numbers for the items of arrays.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import tree_sitter_toml
from tree_sitter import Language, Parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

Path = tuple[str | int, ...]

_KEYS = ("bare_key", "quoted_key", "dotted_key")


@dataclass(frozen=True, slots=True)
class Place:
    """A key (or array item) and its value as offsets in the UTF-8 text. `row` and `start` say where the key begins.

    `value_start` equals `value_end` for tables with a header of their own.
    """

    row: int
    start: int
    end: int
    value_start: int
    value_end: int


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_toml.language()))


def places(text: str) -> dict[Path, Place]:
    """Return the place of every key, table and array item of a valid TOML text.

    A table that is only implied, such as `a` in `[a.b]`, has the place of the first header or key that implies it.
    """
    found: dict[Path, Place] = {}
    counts: dict[Path, int] = {}
    for node in _parser().parse(text.encode()).root_node.children:
        match node.type:
            case "pair":
                _pair(node, (), found)
            case "table" | "table_array_element":
                _table(node, found, counts)
            case _:
                pass  # comments and line ends
    return found


def _table(node: Node, found: dict[Path, Place], counts: dict[Path, int]) -> None:
    key = next(child for child in node.children if child.type in _KEYS)
    at = Place(key.start_point.row, key.start_byte, key.end_byte, key.end_byte, key.end_byte)
    path: Path = ()
    parts = list(_parts(key))
    for depth, part in enumerate(parts):
        path = (*path, part)
        found.setdefault(path, at)
        last = depth == len(parts) - 1
        if last and node.type == "table_array_element":
            counts[path] = counts.get(path, -1) + 1
            path = (*path, counts[path])
            found[path] = at
        elif path in counts:  # a header below an array of tables means its newest element
            path = (*path, counts[path])
    if node.type == "table":
        found[path] = at
    for child in node.children:
        if child.type == "pair":
            _pair(child, path, found)


def _pair(node: Node, base: Path, found: dict[Path, Place]) -> None:
    key = next(child for child in node.children if child.type in _KEYS)
    value = next(child for child in reversed(node.children) if child.is_named and child.type != "comment")
    at = Place(key.start_point.row, key.start_byte, key.end_byte, value.start_byte, value.end_byte)
    path = base
    for part in _parts(key):
        path = (*path, part)
        found.setdefault(path, at)
    _value(value, path, found)


def _value(node: Node, path: Path, found: dict[Path, Place]) -> None:
    if node.type == "inline_table":
        for child in node.children:
            if child.type == "pair":
                _pair(child, path, found)
    elif node.type == "array":
        items = [child for child in node.children if child.is_named and child.type != "comment"]
        for number, item in enumerate(items):
            inner = (*path, number)
            at = Place(item.start_point.row, item.start_byte, item.end_byte, item.start_byte, item.end_byte)
            found[inner] = at
            _value(item, inner, found)


def _parts(key: Node) -> Iterator[str]:
    """The names in a key, which may be dotted and quoted."""
    if key.type == "dotted_key":
        for child in key.children:
            if child.type in _KEYS:
                yield from _parts(child)
        return
    text = (key.text or b"").decode()
    yield text if key.type == "bare_key" else next(iter(tomllib.loads(f"{text} = 0")))
