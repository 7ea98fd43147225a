"""A card of the page Numbers: a chart, and the same figures as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from agent.console.charts.columns import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Said = Callable[[str], str]

NO_CHART: Final = Markup("")
FIGURE: Final = "r"
"""The class of a column of figures."""


@dataclass(frozen=True, slots=True)
class BarRow:
    """A row of a chart in words: what it is, its figure, and its bar."""

    words: str
    value: str
    bar: Markup


@dataclass(frozen=True, slots=True)
class Card:
    """One card. `name`: of its part of the page, and of its file. `chart`: an SVG, or empty where `bars` are the chart.

    `legend`: how each kind of part is drawn, and its name. `heads`: of the table's columns, those of figures with their
    class. `empty`: what to say where there is nothing to show. `other_file`: a file beside its own, and its name in
    words; ("", ""): there is none.
    """

    name: str
    title: str
    note: str
    heads: Sequence[str | tuple[str, str]]
    rows: Sequence[Sequence[str]]
    chart: Markup = NO_CHART
    bars: Sequence[BarRow] = ()
    legend: Sequence[tuple[Markup, str]] = ()
    empty: str = ""
    other_file: tuple[str, str] = ("", "")


def legend(kinds: Sequence[tuple[str, str]]) -> tuple[tuple[Markup, str], ...]:
    """How each kind of part is drawn, and its name."""
    box = Markup('<svg viewBox="0 0 20 12" aria-hidden="true"><rect {} width="20" height="12" rx="3"/></svg>')
    return tuple((box.format(fill(kind)), name) for kind, name in kinds)
