"""What all readings share: printed text as plain lines, numbers in it, tables in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bench.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping

VERDICT: Final = "verdict"
"""The key of a table's last column, which has no heading."""
_CONTROL: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_GAP: Final = re.compile(r"\s{2,}")


def plain(text: str) -> str:
    """Without the colours and movements of a terminal; a line that was written over is a line of its own."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def number(words: str) -> float | None:
    """A number with its commas; None where it is none. "none" counts as 0."""
    digits = words.replace(",", "").strip()
    if digits == "none":
        return 0.0
    return float(digits) if re.fullmatch(r"[+-]?\d+(?:\.\d+)?", digits) else None


def value(pattern: str, text: str) -> float | None:
    """The number in the last match's first group; None where nothing matches."""
    matches = list(re.finditer(pattern, text, re.MULTILINE))
    return number(matches[-1][1]) if matches else None


def seconds(pattern: str, text: str) -> float | None:
    """A time in the last match's groups, of which the second is "ms", "s" or "min"; in seconds."""
    matches = list(re.finditer(pattern, text, re.MULTILINE))
    if not matches or (found := number(matches[-1][1])) is None:
        return None
    return found * {"ms": 0.001, "s": 1.0, "min": 60.0}[matches[-1][2]]


def cells(line: str) -> list[str]:
    """The cells of a printed table's line: between two spaces or more."""
    return _GAP.split(line.strip())


def rows(text: str, head: str) -> list[Mapping[str, str]]:
    """The rows of the last table whose line of headings begins so, each by its headings."""
    lines = plain(text).splitlines()
    begins = [place for place, line in enumerate(lines) if cells(line)[0] == head and cells(line)[1:]]
    if not begins:
        return []
    headings = cells(lines[begins[-1]])
    found: list[Mapping[str, str]] = []
    for line in lines[begins[-1] + 1 :]:
        if set(line.strip()) == {"-"}:
            continue
        row = cells(line)
        if len(row) < len(headings):
            break
        found.append(dict(zip([*headings, VERDICT], row, strict=False)))
    return found


def none_may(what: str, count: float | None, unit: str = "") -> Figure:
    """A count that must be 0."""
    return Figure(what, count, unit, 0.0)


def at_least(what: str, count: float | None, goal: float, unit: str = "") -> Figure:
    """A figure that must reach a goal."""
    return Figure(what, count, unit, goal, at_least=True)


def at_most(what: str, count: float | None, goal: float, unit: str = "") -> Figure:
    """A figure that may not exceed a goal."""
    return Figure(what, count, unit, goal)


def told(what: str, count: float | None, unit: str = "") -> Figure:
    """A figure without a goal."""
    return Figure(what, count, unit)
