"""The picture of one vehicle's way as events: docs/images/one-vehicle.svg.

The sequence numbers are those of the example chain.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wiring_picture import CARD, INK, LINE, MARGIN, SOFT, Rect, card, width_of

from agent.core.contract import examples
from agent.core.model import Outcome

if TYPE_CHECKING:
    from wiring_picture import Picture

GATE_X, BROKER_X, CENTRAL_X = 310.0, 530.0, 750.0
WIDTH = 900.0
TOP, ROW = 96.0, 38.0
BLUE, GREEN, RED, GREY = "#0969da", "#1a7f37", "#cf222e", "#6e7781"
SMALL = 11.5
AT_THE_GATE = {
    "vehicle.present": "a vehicle on the loop",
    "permit.presented": "its driver shows the code",
    "access.decided": "judged: PASS",
    "access.granted": "granted: on the disk first,",
    "barrier.pulsed": "then the pulse",
    "barrier.moved": "the arm is up",
}


@dataclass(frozen=True)
class End:
    """One way in which it can end: the events that come then, and what the last one says."""

    name: str
    words: str
    colour: str
    events: tuple[str, ...]
    said: str


ENDS = (
    End(
        "taken",
        "it went through",
        GREEN,
        ("vehicle.entering", "transaction.closed"),
        f"{Outcome.PASSED}, granted: true, taken: true",
    ),
    End(
        "not taken",
        "it left; nothing went in",
        RED,
        ("transaction.closed",),
        f"{Outcome.NOT_TAKEN}, granted: true, taken: false",
    ),
    End(
        "denied",
        "judged: DENY; no grant, no pulse",
        RED,
        ("transaction.closed",),
        f"{Outcome.DENIED}, granted: false, taken: false",
    ),
)


def one_vehicle() -> Picture:
    """The picture."""
    steps = [json.loads(one.payload) for one in examples.chain() if one.type in AT_THE_GATE]
    ends_y = TOP + ROW * (len(steps) + 2) + 28
    ends_height = sum(_height(end) for end in ENDS)
    height = ends_y + ends_height + 128
    picture = card("One vehicle, as events", WIDTH, height)
    for x, name in ((GATE_X, "gate"), (BROKER_X, "broker"), (CENTRAL_X, "central")):
        picture.shape(
            f'<line x1="{x}" y1="{TOP - 14}" x2="{x}" y2="{height - 62}" stroke="{LINE}" stroke-dasharray="3 4"/>'
        )
        picture.box(Rect(x - 52, TOP - 44, x + 52, TOP - 14), name)
    y = TOP + 20
    for event in steps:
        picture.text(GATE_X - 14, y + 4, AT_THE_GATE[event["type"]], anchor="end", colour=SOFT)
        _arrow(picture, y, (GATE_X, CENTRAL_X), f"event/{event['type']}, seq {event['seq']}", BLUE)
        y += ROW
    _arrow(picture, y, (BROKER_X, GATE_X), "PUBACK: proves nothing", GREY)
    _ack(picture, y + ROW, f"seq {steps[-1]['seq']}")
    _ends(picture, ends_y)
    _ack(picture, ends_y + ends_height + 38, "seq of the last")
    picture.notes(("The gate keeps every event, and sends it again, until an ack covers it.",), height - 30)
    return picture


def _height(end: End) -> float:
    return 26.0 + ROW * len(end.events)


def _ends(picture: Picture, y: float) -> None:
    """The ways it can end: one of them comes."""
    edge = Rect(MARGIN, y, WIDTH - MARGIN, y + sum(_height(end) for end in ENDS))
    picture.shape(
        f'<rect x="{edge.x0:g}" y="{edge.y0:g}" width="{edge.x1 - edge.x0:g}" height="{edge.y1 - edge.y0:g}" rx="6" '
        f'fill="none" stroke="{LINE}"/>'
    )
    for end in ENDS:
        if y > edge.y0:
            picture.shape(f'<path d="M{edge.x0:g} {y:g} H{edge.x1:g}" stroke="{LINE}" stroke-dasharray="6 4"/>')
        picture.text(MARGIN + 12, y + 24, end.name, size=13, bold=True, colour=end.colour)
        picture.text(MARGIN + 12, y + 43, end.words, colour=SOFT)
        for number, kind in enumerate(end.events):
            _arrow(picture, y + 26 + ROW * number, (GATE_X, CENTRAL_X), f"event/{kind}", end.colour)
        _label(picture, y + _height(end) - 20, (GATE_X + CENTRAL_X) / 2, end.said, INK)
        y += _height(end)


def _ack(picture: Picture, y: float, seq: str) -> None:
    picture.text(CENTRAL_X + 14, y + 4, "stored", colour=SOFT)
    _arrow(picture, y, (CENTRAL_X, GATE_X), f"ack: stream, {seq}", GREEN)


def _arrow(picture: Picture, y: float, ends: tuple[float, float], label: str, colour: str) -> None:
    start, end = ends
    turn = 1 if end > start else -1
    picture.shape(f'<path d="M{start:g} {y:g} H{end - 8 * turn:g}" stroke="{colour}" stroke-width="2"/>')
    picture.shape(f'<path d="M{end:g} {y:g} l{-11 * turn} -5 v10 z" fill="{colour}"/>')
    _label(picture, y - 7, (start + end) / 2, label, colour)


def _label(picture: Picture, y: float, x: float, words: str, colour: str) -> None:
    """A line of text with the card's colour behind it, so that no line runs through it."""
    room = width_of(words, SMALL)
    picture.shape(f'<rect x="{x - room / 2:g}" y="{y - 10:g}" width="{room:g}" height="13" fill="{CARD}"/>')
    picture.text(x, y, words, size=SMALL, anchor="middle", colour=colour)
