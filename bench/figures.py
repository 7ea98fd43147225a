"""The figures of a benchmark: values with their goals, and the one table that shows them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value, or None with a note that says why it was not measured.

    `goal`: the most it may be, or the least where `at_least`; None for a value that is only told.
    """

    what: str
    value: float | None
    unit: str
    goal: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def kept(self) -> bool | None:
        """Whether the goal is reached; None without a goal or a value."""
        if self.value is None or self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    @property
    def verdict(self) -> str:
        """The word for the table."""
        if self.value is None:
            return "NOT MEASURED"
        return {True: "kept", False: "MISSED", None: ""}[self.kept]

    @property
    def measured(self) -> str:
        """The value with its unit; "-" without one."""
        return "-" if self.value is None else f"{_number(self.value)} {self.unit}".rstrip()

    @property
    def wanted(self) -> str:
        """The goal as a bound with its unit; empty without one."""
        if self.goal is None:
            return ""
        return f"{'>=' if self.at_least else '<='} {_number(self.goal)} {self.unit}".rstrip()

    def as_json(self) -> dict[str, object]:
        """All fields, and whether the goal is kept."""
        return asdict(self) | {"kept": self.kept}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed. Raises ValueError for no values."""
    if not values:
        message = "no values"
        raise ValueError(message)
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def p50(values: Sequence[float]) -> float:
    return percentile(values, 0.5)


def p99(values: Sequence[float]) -> float:
    return percentile(values, 0.99)


def table(figures: Iterable[Figure]) -> str:
    """The table as text, a line a figure."""
    rows = [("what", "measured", "goal", "", "how")]
    rows += [(figure.what, figure.measured, figure.wanted, figure.verdict, figure.note) for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = []
    for what, measured, goal, verdict, note in rows:
        cells = f"{what:<{widths[0]}}  {measured:>{widths[1]}}  {goal:>{widths[2]}}  {verdict:<{widths[3]}}  {note}"
        lines.append(cells.rstrip())
    lines.insert(1, "-" * min(150, max(map(len, lines))))
    return "\n".join(lines)


def _number(value: float) -> str:
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 10 else f"{value:.0f}" if value >= 100 else f"{value:.1f}"
