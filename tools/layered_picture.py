"""A picture of boxes in layers, with an arrow from each box to those below that it uses: the layout, and the drawing.

Every arrow points down, so there is nothing to draw where boxes use one another in a circle.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from wiring_picture import INK, LINE, MARGIN, SOFT, Rect, card, width_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wiring_picture import Picture

BOX_WIDTH, BOX_HEIGHT = 154.0, 42.0
ROW, BAND_GAP, GAP = 70.0, 12.0, 20.0
LABEL_WIDTH = 120.0
TOP = 56.0
SIDE_WIDTH = 168.0
SWEEPS = 60
STRAIGHT = 3
SLACK = 1.06
SMALL = 10.5
BLUE, BANDS, GUEST_FILL = "#0969da", ("#f6f8fa", "#eef2f6"), "#fff8c5"

Place = str | tuple[str, str, int]
"""A box by its name, or where an arrow passes a row: from, to, and the number of the row."""


@dataclass(frozen=True)
class Layers:
    """What is drawn. `layers`: names of boxes from the top, `labels` beside them.

    `guests`: boxes drawn as from elsewhere.
    """

    title: str
    layers: Sequence[Sequence[str]]
    labels: Sequence[str]
    arrows: frozenset[tuple[str, str]]
    captions: Mapping[str, str]
    guests: frozenset[str] = frozenset()
    side: tuple[str, ...] = ()
    """The lines of a box beside all layers; the first is its name."""
    notes: tuple[str, ...] = ()


@dataclass
class _Grid:
    """Boxes and passing arrows, row by row from the top, each with its middle."""

    rows: list[list[Place]]
    bands: list[int]
    links: list[tuple[Place, Place]]
    x: dict[Place, float] = field(default_factory=dict)

    def above(self, place: Place) -> list[Place]:
        return [one for one, other in self.links if other == place]

    def below(self, place: Place) -> list[Place]:
        return [other for one, other in self.links if one == place]


def implied_left_out(arrows: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """The arrows without those that a way of two or more others says already.

    Raises CycleError where they form a circle.
    """
    after: dict[str, set[str]] = {}
    for one, other in arrows:
        after.setdefault(one, set()).add(other)
    reached: dict[str, set[str]] = {}
    for name in TopologicalSorter(after).static_order():  # what is used comes first
        reached[name] = set().union(*(({each} | reached[each]) for each in after.get(name, ())))
    return frozenset(
        (one, other)
        for one, others in after.items()
        for other in others
        if not any(other in reached[each] for each in others - {other})
    )


def draw(what: Layers) -> Picture:
    """The picture."""
    grid = _grid(what)
    _order(grid)
    right = _spread(grid)
    side = SIDE_WIDTH + GAP if what.side else 0.0
    tops = _tops(grid)
    foot = tops[-1] + BOX_HEIGHT + 16
    picture = card(what.title, right + GAP + side + MARGIN, foot + 20 * len(what.notes) + 24)
    _bands(picture, what, grid, tops, right + GAP)
    for start, end in sorted(what.arrows):
        _arrow(picture, grid, tops, start, end)
    for number, row in enumerate(grid.rows):
        for name in (each for each in row if isinstance(each, str)):
            _box(picture, what, name, grid.x[name], tops[number])
    if what.side:
        _side(picture, what.side, Rect(right + 2 * GAP, TOP, right + GAP + side, foot))
    picture.notes(what.notes, foot + 26)
    return picture


# ------------------------------------------------------------------------------------------------------- the layout


def _grid(what: Layers) -> _Grid:
    """Rows such that every arrow points down: in a layer, what others of it use stands below them."""
    rows: list[list[Place]] = []
    bands = []
    for number, layer in enumerate(what.layers):
        inner: dict[str, set[str]] = {name: set() for name in layer}
        for one, other in what.arrows:
            if one in inner and other in inner:
                inner[one].add(other)
        height: dict[str, int] = {}
        for name in TopologicalSorter(inner).static_order():
            height[name] = 1 + max((height[each] for each in inner[name]), default=-1)
        for level in range(max(height.values()), -1, -1):
            rows.append(sorted(name for name in layer if height[name] == level))
            bands.append(number)
    at = {name: number for number, row in enumerate(rows) for name in row}
    links: list[tuple[Place, Place]] = []
    for one, other in sorted(what.arrows):
        stops: list[Place] = [one, *((one, other, row) for row in range(at[one] + 1, at[other])), other]
        links += pairwise(stops)
        for stop in stops[1:-1]:
            rows[stop[2] if isinstance(stop, tuple) else 0].append(stop)
    return _Grid(rows, bands, links)


def _order(grid: _Grid) -> None:
    """Order each row by what it is tied to, up and down in turn; the order with the fewest crossings stays."""
    best = [list(row) for row in grid.rows]
    fewest = _crossings(grid)
    for sweep in range(SWEEPS):
        numbers = range(1, len(grid.rows)) if sweep % 2 == 0 else range(len(grid.rows) - 2, -1, -1)
        for number in numbers:
            step = -1 if sweep % 2 == 0 else 1
            beside = {place: at for at, place in enumerate(grid.rows[number + step])}
            tied = grid.above if step < 0 else grid.below
            row = grid.rows[number]
            weight = {
                place: _mean([beside[one] for one in tied(place) if one in beside], at * len(beside) / len(row))
                for at, place in enumerate(row)
            }
            row.sort(key=lambda place: weight[place])
        if (crossings := _crossings(grid)) < fewest:
            fewest, best = crossings, [list(row) for row in grid.rows]
    grid.rows[:] = best


def _crossings(grid: _Grid) -> int:
    at = {place: number for row in grid.rows for number, place in enumerate(row)}
    row_of = {place: number for number, row in enumerate(grid.rows) for place in row}
    total = 0
    for number in range(len(grid.rows) - 1):
        here = [(at[one], at[other]) for one, other in grid.links if row_of[one] == number]
        total += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(here, 2))
    return total


def _spread(grid: _Grid) -> float:
    """Give every place its middle, as straight below what it is tied to as the room allows; return the right edge."""
    left = MARGIN + LABEL_WIDTH
    room = round(SLACK * max(sum(_width(place) for place in row) + GAP * (len(row) - 1) for row in grid.rows))
    for row in grid.rows:
        _place_row(grid, row, dict.fromkeys(row, left + room / 2), left, left + room)
    for sweep in range(SWEEPS):
        for row in grid.rows if sweep % 2 == 0 else reversed(grid.rows):
            wanted = {place: _wanted(grid, place) for place in row}
            _place_row(grid, row, wanted, left, left + room)
    return left + room


def _wanted(grid: _Grid, place: Place) -> float:
    """Where a place would lie best: an arrow that passes rows pulls hardest, so that it runs straight."""
    pulls = [
        grid.x[one]
        for one in (*grid.above(place), *grid.below(place))
        for _ in range(STRAIGHT ** (isinstance(one, tuple) + isinstance(place, tuple)))
    ]
    return _mean(pulls, grid.x[place])


def _place_row(grid: _Grid, row: Sequence[Place], wanted: Mapping[Place, float], left: float, right: float) -> None:
    """Keep the order and the gaps of a row, as near to the places wanted as that allows (isotonic regression)."""
    offsets = [0.0]
    for one, other in pairwise(row):
        offsets.append(offsets[-1] + (_width(one) + _width(other)) / 2 + GAP)
    blocks: list[list[float]] = []
    for place, offset in zip(row, offsets, strict=True):
        blocks.append([wanted[place] - offset])
        while len(blocks) > 1 and _mean(blocks[-2], 0) >= _mean(blocks[-1], 0):
            last = blocks.pop()
            blocks[-1] += last
    low = left + _width(row[0]) / 2
    high = right - _width(row[-1]) / 2 - offsets[-1]
    firsts = [min(max(_mean(block, 0), low), high) for block in blocks for _ in block]
    for place, first, offset in zip(row, firsts, offsets, strict=True):
        grid.x[place] = round(first + offset, 1)


def _width(place: Place) -> float:
    return BOX_WIDTH if isinstance(place, str) else 0.0


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _tops(grid: _Grid) -> list[float]:
    tops, y = [], TOP + 10
    for number, band in enumerate(grid.bands):
        if number:
            y += ROW if band == grid.bands[number - 1] else ROW + BAND_GAP
        tops.append(y)
    return tops


# ------------------------------------------------------------------------------------------------------ the drawing


def _bands(picture: Picture, what: Layers, grid: _Grid, tops: Sequence[float], right: float) -> None:
    for number, label in enumerate(what.labels):
        own = [top for top, band in zip(tops, grid.bands, strict=True) if band == number]
        y0, y1 = own[0] - 16, own[-1] + BOX_HEIGHT + 16
        picture.shape(
            f'<rect x="{MARGIN:g}" y="{y0:g}" width="{right - MARGIN:g}" height="{y1 - y0:g}" rx="8" '
            f'fill="{BANDS[number % 2]}"/>'
        )
        picture.text(MARGIN + 10, y0 + 20, str(number + 1), size=14, bold=True, colour=SOFT)
        for line, words in enumerate(label.split("\n")):
            picture.text(MARGIN + 10, y0 + 37 + 14 * line, words, size=SMALL, colour=SOFT)


def _box(picture: Picture, what: Layers, name: str, x: float, y: float) -> None:
    guest = name in what.guests
    rect = Rect(x - BOX_WIDTH / 2, y, x + BOX_WIDTH / 2, y + BOX_HEIGHT)
    picture.box(rect, fill=GUEST_FILL if guest else "#ffffff", stroke=LINE, dash="5 3" if guest else "")
    picture.text(x, y + 18, name, size=13.5, anchor="middle", bold=True)
    picture.text(x, y + 33, what.captions[name], size=SMALL, anchor="middle", colour=SOFT)


def _arrow(picture: Picture, grid: _Grid, tops: Sequence[float], start: str, end: str) -> None:
    """A curve from the foot of a box, between the others, to the head of another."""
    rows = {name: number for number, row in enumerate(grid.rows) for name in row}
    stops: list[Place] = [start, *((start, end, row) for row in range(rows[start] + 1, rows[end])), end]
    out = sorted(grid.below(start), key=grid.x.__getitem__)
    into = sorted(grid.above(end), key=grid.x.__getitem__)
    x = _port(grid.x[start], out.index(stops[1]), len(out))
    y = tops[rows[start]] + BOX_HEIGHT
    path = f"M{x:g} {y:g}"
    for stop in stops[1:]:
        if isinstance(stop, tuple):
            to_x, to_y, foot = grid.x[stop], tops[stop[2]], tops[stop[2]] + BOX_HEIGHT
        else:
            to_x, to_y = _port(grid.x[end], into.index(stops[-2]), len(into)), tops[rows[end]] - 6
            foot = to_y
        path += f" C{x:g} {(y + to_y) / 2:g} {to_x:g} {(y + to_y) / 2:g} {to_x:g} {to_y:g}"
        path += f" V{foot:g}" if foot != to_y else ""
        x, y = to_x, foot
    picture.shape(f'<path d="{path}" fill="none" stroke="{BLUE}" stroke-width="1.4" stroke-opacity="0.8"/>')
    picture.shape(f'<path d="M{x:g} {y + 6:g} l-4.5 -9 h9 z" fill="{BLUE}"/>')


def _port(middle: float, number: int, count: int) -> float:
    return round(middle + (number - (count - 1) / 2) * min(18.0, (BOX_WIDTH - 20) / count), 1)


def _side(picture: Picture, lines: Sequence[str], rect: Rect) -> None:
    picture.box(rect, lines[0], fill=GUEST_FILL, stroke=LINE, dash="5 3")
    for number, line in enumerate(lines[1:]):
        if not line:
            continue
        bold = line.endswith(":")
        picture.text(
            rect.x0 + 12, rect.y0 + 44 + 16 * number, line, size=SMALL, bold=bold, colour=INK if bold else SOFT
        )
        if width_of(line, SMALL, bold=bold) > rect.x1 - rect.x0 - 20:
            raise ValueError(f"too long for the box: {line}")
