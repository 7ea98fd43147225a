"""Where each key of a TOML text stands.

tomllib gives the values and no positions; the tree-sitter grammar gives positions and no values. Every path here is
the path of the value in what tomllib returns: names for tables, numbers for the items of arrays.
"""

from __future__ import annotations

import re
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

MOST_NESTED = 64
_OPEN_RUN = re.compile(rb"(?:[\[{][^\[\]{}]*){%d}" % MOST_NESTED)
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


@dataclass(frozen=True, slots=True)
class Statement:
    """A key with its value, or the header of a table, as it stands in a text.

    `path`: of the value or the table; that of a header `[[x]]` ends in its number. `base`: of the table in whose body
    the key stands. `value`: None for a header.
    """

    path: Path
    base: Path
    place: Place
    value: Node | None = None


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_toml.language()))


def too_deep(text: str) -> int | None:
    """The offset, in the UTF-8 text, of what is nested deeper than anybody needs; None: nothing is."""
    raw = text.encode()
    cursor = _parser().parse(raw).walk()
    depth = 0
    while True:
        node = cursor.node
        if node is not None and depth > MOST_NESTED:
            return node.start_byte
        if node is not None and node.type == "ERROR":  # brackets that are never closed make no deep tree
            found = _OPEN_RUN.search(raw, node.start_byte, node.end_byte)
            if found:
                return found.start()
        if cursor.goto_first_child():
            depth += 1
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return None
            depth -= 1


def comments(text: str) -> list[tuple[int, int]]:
    """Where each comment between the statements begins and ends, as offsets in the UTF-8 text."""
    nodes = list(_parser().parse(text.encode()).root_node.children)
    nodes += [child for node in nodes for child in node.children]
    return sorted((node.start_byte, node.end_byte) for node in nodes if node.type == "comment")


def statements(text: str) -> Iterator[Statement]:
    """Every key with a value and every header, in their order; what cannot be read is left out."""
    counts: dict[Path, int] = {}
    for node in _parser().parse(text.encode()).root_node.children:
        if node.type == "pair":
            yield from _pair(node, ())
        elif node.type in {"table", "table_array_element"}:
            yield from _table(node, counts)


def places(text: str) -> dict[Path, Place]:
    """Return the place of every key, table and array item of a valid TOML text.

    A table that is only implied, such as `a` in `[a.b]`, has the place of the first header or key that implies it.
    """
    found: dict[Path, Place] = {}
    for statement in statements(text):
        _place(statement, found)
    return found


def _place(statement: Statement, found: dict[Path, Place]) -> None:
    for depth in range(len(statement.base), len(statement.path)):
        found.setdefault(statement.path[: depth + 1], statement.place)
    if statement.value is None:
        found[statement.path] = statement.place
    else:
        _value(statement.value, statement.path, found)


def _table(node: Node, counts: dict[Path, int]) -> Iterator[Statement]:
    key = next((child for child in node.children if child.type in _KEYS), None)
    if key is None:
        return
    path: Path = ()
    parts = list(_parts(key))
    for depth, part in enumerate(parts):
        path = (*path, part)
        if depth == len(parts) - 1 and node.type == "table_array_element":
            counts[path] = counts.get(path, -1) + 1
        if path in counts:  # a header below an array of tables means its newest element
            path = (*path, counts[path])
    at = Place(key.start_point.row, key.start_byte, key.end_byte, key.end_byte, key.end_byte)
    yield Statement(path, (), at)
    for child in node.children:
        if child.type == "pair":
            yield from _pair(child, path)


def _pair(node: Node, base: Path) -> Iterator[Statement]:
    key = next((child for child in node.children if child.type in _KEYS), None)
    value = next((child for child in reversed(node.children) if child.is_named and child.type != "comment"), None)
    if key is not None and value is not None and value != key:
        at = Place(key.start_point.row, key.start_byte, key.end_byte, value.start_byte, value.end_byte)
        yield Statement((*base, *_parts(key)), base, at, value)


def _value(node: Node, path: Path, found: dict[Path, Place]) -> None:
    if node.type == "inline_table":
        for child in node.children:
            if child.type == "pair":
                for statement in _pair(child, path):
                    _place(statement, found)
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
