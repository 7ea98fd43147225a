"""Finds lines of print in a picture that may be one VIN, and lays each level so that a recogniser can read it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cv2.typing import MatLike
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_SCALES: Final = (1.0, 0.5, 0.25)
"""The sizes at which a picture is looked at; at each, characters of 6 to 22 pixels are found."""
_ENLARGED: Final = 2.0
_SMALL_PX: Final = 640
"""A picture whose sides are no longer, as one that was kept of a label, is looked at enlarged too."""
_LEAST_EDGES: Final = (18, 40, 85)
"""Grey levels between ink and ground, about: faint print, common print, and print that stands out of a busy ground."""
_AROUND_PX: Final = 19
_OF_AROUND: Final = 0.55
"""What is weaker than this share of the strongest strokes above and below it is the gap between two lines."""
_JOINED_PX: Final = 13
"""Strokes that are so near one another are of one line: the gap between two characters of 22 pixels."""
_LEAST_RUN_PX: Final = (15, 3)
"""What is shorter or lower is the edge of a thing and no print."""
_HEIGHTS_PX: Final = (5.0, 24.0)
_LEAST_LENGTH_PX: Final = 60.0
_ASPECTS: Final = (4.0, 40.0)
"""Length to height of a line: 17 characters that lean away from the camera, and a VIN behind a long title."""
_VIN_ASPECT: Final = 12.0
_LEAST_SHARE: Final = 0.4
"""Of the box of a line that its edges must fill."""
_MOST_TURN_RAD: Final = math.radians(30)
_AS_LONG, _AS_HIGH = 1.15, 1.5
"""Finds that differ by less in length and height are one line: a shorter one may lack a character."""
_MOST_OUTLINES: Final = 64
_MOST_LINES: Final = 24

_MARGIN: Final = 0.25
_END_MARGIN: Final = 0.8
"""Of the height of the characters: what is kept above and below them, and at either end, where a stroke may be faint.
"""


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of print, in pixels of the picture.

    `x`, `y`: its middle. `angle`: radians from the x axis to its direction. `length`: along it; `height`: of its
    characters.
    """

    x: float
    y: float
    angle: float
    length: float
    height: float

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """Its outline, clockwise from the top left."""
        return tuple(
            self._at(across * self.length / 2, down * self.height / 2)
            for across, down in ((-1, -1), (1, -1), (1, 1), (-1, 1))
        )

    def holds(self, other: TextLine) -> bool:
        """Whether the middle of the other lies in this line."""
        x, y = other.x - self.x, other.y - self.y
        along = abs(x * math.cos(self.angle) + y * math.sin(self.angle))
        across = abs(y * math.cos(self.angle) - x * math.sin(self.angle))
        return along < self.length / 2 and across < self.height / 2

    def part(self, start: float, end: float) -> TextLine:
        """The part of it between two shares of the width of its view, margins included."""
        width = self.length + 2 * _END_MARGIN * self.height
        x, y = self._at(width * ((start + end) / 2 - 0.5), 0.0)
        # Its margin is what is left of it: what stands beside it is not looked at again.
        return replace(self, x=x, y=y, length=max(1.0, width * (end - start) - 2 * _END_MARGIN * self.height))

    def flattened(self, pixels: Pixels, size_px: tuple[int, int]) -> Pixels:
        """The line laid level, with a margin, as a picture of this width and height, whatever its own shape."""
        width, height = self.length + 2 * _END_MARGIN * self.height, self.height * (1 + 2 * _MARGIN)
        # Shrunk from a view that is as fine as the picture: one pixel of several would be noise.
        finer = max(1, math.ceil(max(width / size_px[0], height / size_px[1])))
        fine = (size_px[0] * finer, size_px[1] * finer)
        u = np.array([math.cos(self.angle), math.sin(self.angle)]) * width / fine[0]
        v = np.array([-math.sin(self.angle), math.cos(self.angle)]) * height / fine[1]
        corner = np.array([self.x, self.y]) - u * (fine[0] - 1) / 2 - v * (fine[1] - 1) / 2
        back = np.column_stack([u, v, corner])
        flat = cv2.warpAffine(
            pixels, back, fine, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
        )
        return cv2.resize(flat, size_px, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)

    def _at(self, along: float, across: float) -> tuple[float, float]:
        """The point of the picture so far from the middle, along the line and across it."""
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        return self.x + along * cosine - across * sine, self.y + along * sine + across * cosine


def text_lines(grey: Pixels) -> list[TextLine]:
    """The lines of a grey picture that may be one VIN, those first whose shape is most like one; 24 at most.

    Found are lines that are turned by 30 degrees at most, with characters of 6 to 88 pixels, dark on light or light on
    dark. Of these many are no print at all. Where one line was found in several ways, which differ in where it ends,
    the second comes after the first of all others.
    """
    scales = (_ENLARGED, *_SCALES) if max(grey.shape) <= _SMALL_PX else _SCALES
    found = sorted((line for scale in scales for line in _lines_at(grey, scale)), key=_unlikeness)
    first: list[TextLine] = []
    again: list[TextLine] = []
    for line in found:
        if any(_are_one(line, other) for other in (*first, *again)):
            continue
        there_already = any(other.holds(line) or line.holds(other) for other in first)
        (again if there_already else first).append(line)
        if len(first) + len(again) == _MOST_LINES:
            break
    return [*first, *again]


def _unlikeness(line: TextLine) -> float:
    return abs(math.log(line.length / line.height / _VIN_ASPECT))


def _lines_at(grey: Pixels, scale: float) -> Iterator[TextLine]:
    """The lines that are found when the picture is shrunk to this scale."""
    size = (round(grey.shape[1] * scale), round(grey.shape[0] * scale))
    if size[0] < _LEAST_LENGTH_PX or size[1] < _HEIGHTS_PX[0]:
        return
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture = grey if scale == 1 else cv2.resize(grey, size, interpolation=way).astype(np.uint8, copy=False)
    runs = _runs(picture)
    for mask in _masks(runs):
        for line in _lines_of(mask):
            shift = 0.5 / scale - 0.5
            yield TextLine(
                line.x / scale + shift,
                line.y / scale + shift,
                line.angle,
                line.length / scale,
                line.height / scale,
            )


def _masks(runs: Pixels) -> Iterator[Pixels]:
    """Where there is print, taken strictly and not: what joins two lines in one of them parts them in another."""
    for least in _LEAST_EDGES:
        yield (runs >= least).astype(np.uint8)
    strongest = cv2.dilate(runs, np.ones((_AROUND_PX, 1), np.uint8))
    yield ((runs >= strongest * _OF_AROUND) & (runs >= _LEAST_EDGES[0])).astype(np.uint8)


def _runs(picture: Pixels) -> Pixels:
    """How strong the upright strokes are that stand side by side: about the grey levels between ink and ground."""
    smooth = cv2.GaussianBlur(picture, (3, 3), 0)
    strokes = cv2.convertScaleAbs(cv2.Sobel(smooth, cv2.CV_16S, 1, 0), alpha=0.25)
    joined = cv2.morphologyEx(strokes, cv2.MORPH_CLOSE, np.ones((1, _JOINED_PX), np.uint8))
    return cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones(_LEAST_RUN_PX[::-1], np.uint8)).astype(np.uint8, copy=False)


def _lines_of(mask: Pixels) -> Iterator[TextLine]:
    """The lines among the outlines of a mask, of the longest 64 outlines."""
    # The longest by the points of their outlines, of which a line has two for each pixel of its length.
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    long_ = sorted((one for one in outlines if len(one) >= 2 * _LEAST_LENGTH_PX), key=len, reverse=True)
    for outline in long_[:_MOST_OUTLINES]:
        line = _line(outline.astype(np.int32, copy=False))
        if line is not None:
            yield line


def _line(outline: MatLike) -> TextLine | None:
    """The line that an outline, shape (points, 1, 2), goes round, unless it is not as a line of print is."""
    moments = cv2.moments(outline)
    area = moments["m00"]
    if area <= 0:
        return None
    xx, yy, xy = (moments[name] / area for name in ("mu20", "mu02", "mu11"))
    angle = 0.5 * math.atan2(2 * xy, xx - yy)
    cosine, sine = math.cos(angle), math.sin(angle)
    along = outline[:, 0, 0] * cosine + outline[:, 0, 1] * sine
    length = float(along.max() - along.min()) + 1
    # That of a rectangle which spreads as much: an edge that touches the line from outside makes it hardly higher.
    height = math.sqrt(max(0.0, 12 * (sine * sine * xx - 2 * sine * cosine * xy + cosine * cosine * yy))) + 1
    filled = (area + len(outline) / 2) / (length * height)
    shaped = _ASPECTS[0] <= length / height <= _ASPECTS[1] and _HEIGHTS_PX[0] <= height <= _HEIGHTS_PX[1]
    if not shaped or length < _LEAST_LENGTH_PX or filled < _LEAST_SHARE or abs(angle) > _MOST_TURN_RAD:
        return None
    middle = float(along.max() + along.min()) / 2
    across = (moments["m01"] * cosine - moments["m10"] * sine) / area
    return TextLine(middle * cosine - across * sine, middle * sine + across * cosine, angle, length, height)


def _are_one(line: TextLine, other: TextLine) -> bool:
    """Whether two finds are of one line: one lies in the other, and they are about as long and high."""
    as_long = max(line.length, other.length) < _AS_LONG * min(line.length, other.length)
    as_high = max(line.height, other.height) < _AS_HIGH * min(line.height, other.height)
    return as_long and as_high and other.holds(line)
