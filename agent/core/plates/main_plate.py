"""Finds the plate of the vehicle at the barrier among several plates in a picture: by zone, size and position.

Confidence does not decide. A far plate in the sun is often easier to read than the near one in its own shadow, but the
near one is still at the barrier. Confidence only separates a plate from something that is hardly a plate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Box = tuple[float, float, float, float]
"""Left, top, width and height in pixels."""
Zone = tuple[tuple[float, float], ...]
"""Corners x, y in order round the part of the picture where a plate counts, as fractions of width and height."""

PLAUSIBLE: Final = 0.5
"""From this confidence on a reading is of a plate, whatever it says; how sure it is does not count any more."""
_OFF_CENTRE_COSTS: Final = 0.5
"""What is taken off a plate at the very side of the lane: one there must look twice as large as one in its middle."""


_FORMLESS: Final = 0.5
"""What is left of the confidence of a text of no known format: such a text is more often that of a sign, the more so
the less sure it is. So it is squared besides: the name of a shop, half read, is not nearer than a plate that is sure.
"""


def prominence(confidence: float, area: float, off_centre: float = 0.0, *, formless: bool = False) -> float:
    """How much a plate is the main one, in the unit of its area.

    Near, which is size, and in the lane, which is its middle. `confidence`: probability of the whole text, 0..1.
    `area`: of its box, in any unit that the plates compared have in common. `off_centre`: see `off_centre_of`.
    `formless`: the text has no format that is known.
    """
    plausible = confidence**2 * _FORMLESS if formless else confidence
    return min(1.0, plausible / PLAUSIBLE) * area * (1 - _OFF_CENTRE_COSTS * off_centre)


def off_centre_of(box: Box, size_px: tuple[int, int], zone: Zone = ()) -> float:
    """How far from the middle of the lane a plate lies: 0, in its middle, to 1, at its side or beyond.

    `size_px`: width and height of the picture. The lane is the zone at the plate's height, from side to side, and where
    no zone is given, or none at this height, the picture.
    """
    width, height = size_px
    if width <= 0 or height <= 0:
        return 0.0
    left, top, across, down = box
    x, y = (left + across / 2) / width, (top + down / 2) / height
    sides = sorted(_crossings(zone, _above(zone, y)))
    begin, end = (sides[0], sides[-1]) if sides and sides[-1] > sides[0] else (0.0, 1.0)
    return min(1.0, abs(x - (begin + end) / 2) / ((end - begin) / 2))


def in_zone(box: Box, size_px: tuple[int, int], zone: Zone) -> bool:
    """Whether the middle of a plate lies in the zone, its sides included; with no zone every plate does."""
    if not zone:
        return True
    width, height = size_px
    x, y = (box[0] + box[2] / 2) / max(1, width), (box[1] + box[3] / 2) / max(1, height)
    if any(_lies_on(x, y, one, other) for one, other in _sides(zone)):
        return True
    return sum(crossing > x for crossing in _crossings(zone, y)) % 2 == 1


def _above(zone: Zone, y: float) -> float:
    """The height, or just above the foot of the zone where it is that: a foot is crossed by nothing."""
    foot = max((corner[1] for corner in zone), default=y)
    return min(y, foot - 1e-9) if y <= foot else y


def _sides(zone: Zone) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    return zip(zone, (*zone[1:], zone[0]), strict=True)


def _crossings(zone: Zone, y: float) -> Iterator[float]:
    """Where the sides of the zone cross a height; a corner belongs to the side that goes down from it."""
    for (x1, y1), (x2, y2) in _sides(zone) if zone else ():
        if (y1 <= y) != (y2 <= y):
            yield x1 + (y - y1) * (x2 - x1) / (y2 - y1)


def _lies_on(x: float, y: float, one: Sequence[float], other: Sequence[float]) -> bool:
    (x1, y1), (x2, y2) = one, other
    twice_the_area = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
    within = min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2)
    return within and abs(twice_the_area) < 1e-9  # noqa: PLR2004 - what floats make of nought
