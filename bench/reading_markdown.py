"""Tables as Markdown, whose columns stand under one another on a terminal too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table whose columns stand under one another on a terminal too; the first row is the head."""
    widths = [max(_columns(row[place]) for row in rows) for place in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        cells = [cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)]
        return f"| {' | '.join(cells)} |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([line(rows[0]), rule, *[line(row) for row in rows[1:]]])


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if "\u2e80" <= character <= "\uffef" else 1 for character in text)


def milliseconds(value: float) -> str:
    """A time as a cell shows it: three digits, and no power of ten."""
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
