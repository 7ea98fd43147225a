"""A picture of boxes, terminals, wires and words, written as SVG. It remembers where everything is, so tests can look.

Lengths are SVG user units, about 1 px. The picture is a white card: it reads the same on light and on dark pages.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal, NamedTuple
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

Anchor = Literal["start", "middle", "end"]
Side = Literal["left", "right"]
FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
INK, SOFT, LINE, CARD = "#1f2328", "#57606a", "#8c959f", "#ffffff"
NARROW, WIDE = set("iljtfrI.,:;'|!()[] "), set("mwMW@%&+=<>≤≥")
MARGIN = 20
STUB = 14


class Kind(Enum):
    """What a wire is for: colour, width, dashes, meaning."""

    DATA = ("#0969da", 2.5, "", "data: USB, RS485")
    OPEN = ("#1a7f37", 2.5, "", "OPEN pulse")
    INPUT = ("#9a6700", 2.0, "", "signals that the agent reads")
    LAMP = ("#8250df", 2.0, "", "lamps")
    SUPPLY = ("#57606a", 2.0, "", "supply, motor")
    SAFETY = ("#cf222e", 4.0, "", "hard-wired safety: never through the agent")

    def __init__(self, colour: str, width: float, dash: str, meaning: str) -> None:
        self.colour = colour
        self.width = width
        self.dash = dash
        self.meaning = meaning


class Rect(NamedTuple):
    """A rectangle from (x0, y0) to (x1, y1)."""

    x0: float
    y0: float
    x1: float
    y1: float


class Words(NamedTuple):
    """A text and the room that it takes at most."""

    words: str
    room: Rect


class Wire(NamedTuple):
    """A wire of right-angled pieces."""

    points: tuple[tuple[float, float], ...]
    kind: Kind


def width_of(words: str, size: float, *, bold: bool = False) -> float:
    """Width of a text at most, whatever sans-serif font draws it."""
    ems = sum(0.42 if each in NARROW else 0.98 if each in WIDE else 0.70 if each.isupper() else 0.64 for each in words)
    return ems * size * (1.1 if bold else 1.0)


@dataclass
class Picture:
    """A picture under construction."""

    title: str
    width: float
    height: float
    boxes: list[Rect] = field(default_factory=list)
    texts: list[Words] = field(default_factory=list)
    wires: list[Wire] = field(default_factory=list)
    flags: list[Rect] = field(default_factory=list)
    _shapes: list[str] = field(default_factory=list)
    _over: list[str] = field(default_factory=list)

    def shape(self, svg: str) -> None:
        """Add plain SVG that wires may cross."""
        self._shapes.append(svg)

    def box(self, rect: Rect, title: str = "", *, fill: str = "#f6f8fa", stroke: str = LINE, dash: str = "") -> None:
        """Add a device, with its name at the top; no wire may run through it."""
        self.boxes.append(rect)
        self._shapes.append(
            f'<rect x="{rect.x0:g}" y="{rect.y0:g}" width="{rect.x1 - rect.x0:g}" height="{rect.y1 - rect.y0:g}" '
            f'rx="6" fill="{fill}" stroke="{stroke}" stroke-width="1.5"{_dashed(dash)}/>'
        )
        if title:
            self.text((rect.x0 + rect.x1) / 2, rect.y0 + 20, title, size=13.5, anchor="middle", bold=True)

    def text(  # noqa: PLR0913 - place, words, and how they look
        self,
        x: float,
        y: float,
        words: str,
        *,
        size: float = 12,
        anchor: Anchor = "start",
        bold: bool = False,
        colour: str = INK,
    ) -> None:
        """Add a line of text; `y` is its base line."""
        room = width_of(words, size, bold=bold)
        left = {"start": x, "middle": x - room / 2, "end": x - room}[anchor]
        self.texts.append(Words(words, Rect(left, y - 0.78 * size, left + room, y + 0.24 * size)))
        weight = ' font-weight="bold"' if bold else ""
        self._over.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" text-anchor="{anchor}" fill="{colour}"{weight}>'
            f"{escape(words)}</text>"
        )

    def wire(self, points: Sequence[tuple[float, float]], kind: Kind, label: str = "") -> None:
        """Add a wire; its label stands above the middle of its first piece."""
        self.wires.append(Wire(tuple(points), kind))
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self._shapes.append(
            f'<polyline points="{path}" fill="none" stroke="{kind.colour}" stroke-width="{kind.width:g}" '
            f'stroke-linejoin="round"{_dashed(kind.dash)}/>'
        )
        if label:
            (x0, y0), (x1, _) = points[0], points[1]
            self.text((x0 + x1) / 2, y0 - 6, label, size=11, anchor="middle", colour=kind.colour)

    def terminal(self, x: float, y: float, name: str, side: Side) -> None:
        """Add a terminal on the edge of a box, named on the inner side; `side`: the edge that it is on."""
        self._over.append(f'<circle cx="{x:g}" cy="{y:g}" r="4.5" fill="{CARD}" stroke="{INK}" stroke-width="1.5"/>')
        self.text(x + (9 if side == "left" else -9), y + 4.2, name, anchor="start" if side == "left" else "end")

    def tag(self, x: float, y: float, name: str, side: Side) -> None:
        """Add a short wire that ends in a flag: everything that bears the same flag is connected."""
        turn = -1 if side == "left" else 1
        room = 46.0
        end = x + turn * STUB
        self.wire([(x, y), (end, y)], Kind.SUPPLY)
        left = end if turn > 0 else end - room
        self.flags.append(Rect(left, y - 9, left + room, y + 9))
        fill = "#ffebe9" if name.startswith("+") else "#ddf4ff"
        self._shapes.append(
            f'<rect x="{left:g}" y="{y - 9:g}" width="{room:g}" height="18" rx="9" fill="{fill}" '
            f'stroke="{Kind.SUPPLY.colour}"/>'
        )
        self.text(left + room / 2, y + 4, name, size=11, anchor="middle")

    def legend(self, kinds: Sequence[Kind], y: float) -> None:
        """Say what the colours mean, in one line."""
        x = MARGIN + 8.0
        for kind in kinds:
            self._shapes.append(
                f'<line x1="{x:g}" y1="{y - 4:g}" x2="{x + 26:g}" y2="{y - 4:g}" stroke="{kind.colour}" '
                f'stroke-width="{kind.width:g}"{_dashed(kind.dash)}/>'
            )
            self.text(x + 33, y, kind.meaning, size=11.5, colour=SOFT)
            x += 33 + width_of(kind.meaning, 11.5) + 18

    def notes(self, lines: Sequence[str], y: float) -> None:
        """Add remarks, one a line, from `y` down."""
        for number, line in enumerate(lines):
            self._over.append(f'<circle cx="{MARGIN + 12}" cy="{y + 20 * number - 4:g}" r="2.5" fill="{SOFT}"/>')
            self.text(MARGIN + 22, y + 20 * number, line, size=12.5)

    def svg(self) -> str:
        """The whole file."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:g} {self.height:g}" '
            f'width="{self.width:g}" height="{self.height:g}" font-family="{FONT}" role="img">\n'
            f"<title>{escape(self.title)}</title>\n"
            f'<rect x="1" y="1" width="{self.width - 2:g}" height="{self.height - 2:g}" rx="12" fill="{CARD}" '
            f'stroke="#d0d7de" stroke-width="1.5"/>\n'
        )
        return head + "\n".join([*self._shapes, *self._over]) + "\n</svg>\n"


def card(title: str, width: float, height: float) -> Picture:
    """An empty picture with its title written on it."""
    picture = Picture(title, width, height)
    picture.text(MARGIN + 8, 34, title, size=18, bold=True)
    return picture


def _dashed(dash: str) -> str:
    return f' stroke-dasharray="{dash}"' if dash else ""
