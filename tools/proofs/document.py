"""A report as headings, sentences and tables, and as Markdown: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence


_TAG: Final = re.compile(r"<(?=[A-Za-z/!?])")


class Tone(StrEnum):
    """How a cell looks on a screen."""

    PLAIN = ""
    GOOD = "good"
    BAD = "bad"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table. `is_code`: a command or what a program printed."""

    text: str
    tone: Tone = Tone.PLAIN
    is_code: bool = False
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A line of words."""

    text: str


@dataclass(frozen=True, slots=True)
class Printed:
    """What a program printed, after words on it."""

    words: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; each row has as many cells as there are headings."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


Block = Heading | Sentence | Printed | Table


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    title: str
    blocks: tuple[Block, ...]


def markdown(document: Document) -> str:
    """The report as a page in Markdown."""
    parts = [f"# {document.title}", *map(_block, document.blocks)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"## {block.text}"
    if isinstance(block, Sentence):
        return _escaped(block.text)
    if isinstance(block, Printed):
        printed = [line.replace("```", "'''") for line in block.lines]
        return "\n".join([_escaped(block.words), "", "```", *printed, "```"])
    rule = ["--:" if is_right else "---" for is_right in of_numbers(block)]
    lines: list[Sequence[str]] = [block.headings, rule, *map(_cells, block.rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def of_numbers(table: Table) -> list[bool]:
    """Which columns hold numbers alone."""
    places = range(len(table.headings))
    return [bool(table.rows) and all(row[place].is_number for row in table.rows) for place in places]


def _cells(row: Sequence[Cell]) -> list[str]:
    return [_cell(one) for one in row]


def _cell(cell: Cell) -> str:
    if not cell.text:
        return " "
    if cell.is_code:
        return f"`{_one_line(cell.text).replace('`', chr(39)).replace('|', '/')}`"
    text = _escaped(_one_line(cell.text))
    return f"**{text}**" if cell.tone is Tone.BAD else text


def _escaped(text: str) -> str:
    """Words in which nothing is Markdown, except code."""
    parts = text.split("`")
    parts[::2] = [_bare(part) for part in parts[::2]]
    return "`".join(parts)


def _bare(text: str) -> str:
    for sign in "\\*[|":
        text = text.replace(sign, f"\\{sign}")
    return _TAG.sub("&lt;", text)


def _one_line(text: str) -> str:
    return " ".join(text.split())
