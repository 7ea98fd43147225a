"""Finds parallel bars in a picture, turned any way, and lays each group level so that an engine can read it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.vin.texture import CELL_PX

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agent.vision.worker.vin.texture import Texture

    Pixels = NDArray[np.uint8]

Corners = tuple[tuple[float, float], ...]

_DIRECTIONS: Final = 8
"""Directions that bars are looked for in, 22.5 degrees apart; each takes those up to 18 degrees from it."""
_NEAR: Final = 0.8
_LEAST_ENERGIES: Final = (25.0, 150.0, 900.0)
"""Mean squares of the gradient: of bars with some 15 grey levels between dark and light, with 40 and with 100. Edges
beside a label, fainter than its bars, would make one group of all."""
_LEAST_COHERENCE: Final = 0.5
_LEAST_CELLS: Final = 12
_LEAST_LENGTH_PX: Final = 100.0
"""No VIN has bars of fewer: Code 128 at a pixel a module is 220 long; perspective may halve it."""
_LEAST_SHARE: Final = 0.45
"""Of the box of a group that its cells must fill."""
_MOST_GROUPS: Final = 5

_MARGIN_SHARE: Final = 0.06
_MARGIN_PX: Final = 16.0
_MOST_HEIGHT_PX: Final = 120.0
_LARGEST_SCALE: Final = 3.0
_SOFT_PX: Final = 1.3
_RAISED: Final = 2.0
_UNTOUCHED: Final = 0.1
_STRIP_PX: Final = 1800.0
"""How long a strip is made at most: that is six pixels a module of the longest code of a VIN."""


@dataclass(frozen=True, slots=True)
class BarGroup:
    """Bars side by side in a picture, in pixels.

    `x`, `y`: their middle. `angle`: radians from the x axis to the direction across them. `length`: across the bars,
    `height`: along them. `worth`: how much there is of them, to put the likeliest first.
    """

    x: float
    y: float
    angle: float
    length: float
    height: float
    worth: float


@dataclass(frozen=True, slots=True)
class Strip:
    """A group laid level, enlarged. `pixels`: grey, its bars upright. `back`: 2 x 3, from strip to picture."""

    pixels: Pixels
    back: NDArray[np.float64]
    scale: float

    def in_picture(self, corners: Corners) -> Corners:
        """Points of the strip as they stand in the picture."""
        spots = np.array(corners, dtype=np.float64)
        placed = spots @ self.back[:, :2].T + self.back[:, 2]
        return tuple((float(x), float(y)) for x, y in placed)

    def whole_height(self, corners: Corners) -> Corners:
        """The outline of what was read, from edge to edge of the strip: an engine names the line that it has read."""
        left, right = min(x for x, _ in corners), max(x for x, _ in corners)
        bottom = float(self.pixels.shape[0])
        return (left, 0.0), (right, 0.0), (right, bottom), (left, bottom)

    def averaged(self, over_px: float) -> Pixels:
        """The strip with each row the mean of those around it, `over_px` pixels of the picture.

        Along a bar nothing changes but the noise: so this takes the noise away and leaves the bars as they are.
        """
        rows = min(max(1, round(over_px * self.scale)), max(1, self.pixels.shape[0] // 2))
        return cv2.blur(self.pixels, (1, rows)).astype(np.uint8, copy=False)

    def sharpened(self, over_px: float) -> Pixels:
        """The averaged strip with the differences across the bars raised: what a lens out of focus has taken away."""
        mean = self.averaged(over_px).astype(np.float32)
        soft = cv2.GaussianBlur(mean, (0, 0), sigmaX=_SOFT_PX * self.scale, sigmaY=_UNTOUCHED)
        return np.clip(mean + _RAISED * (mean - soft), 0, 255).astype(np.uint8)


def bar_groups(texture: Texture) -> list[BarGroup]:
    """The groups of bars, the likeliest first, 5 at most."""
    found: list[BarGroup] = []
    for number in range(_DIRECTIONS):
        twice = number * 2 * math.pi / _DIRECTIONS
        along = texture.cosine * math.cos(twice) + texture.sine * math.sin(twice)
        fit = (along > _NEAR) & (texture.coherence > _LEAST_COHERENCE)
        for least in _LEAST_ENERGIES:
            found += _connected(texture, (fit & (texture.energy > least)).astype(np.uint8))
    found.sort(key=lambda group: group.worth, reverse=True)
    apart: list[BarGroup] = []
    for group in found:
        if not any(_holds(other, group) for other in apart):
            apart.append(group)
    return apart[:_MOST_GROUPS]


def strip_of(grey: Pixels, group: BarGroup) -> Strip:
    """The group laid level, with a margin, up to three times as large."""
    scale = min(_LARGEST_SCALE, max(1.0, _STRIP_PX / group.length))
    length = group.length * (1 + 2 * _MARGIN_SHARE) + 2 * _MARGIN_PX
    height = min(group.height, _MOST_HEIGHT_PX)
    size = (max(1, round(length * scale)), max(1, round(height * scale)))
    u = np.array([math.cos(group.angle), math.sin(group.angle)])
    v = np.array([-u[1], u[0]])
    # The middle of the strip's first pixel, in the picture.
    corner = np.array([group.x, group.y]) - u * (length / 2 - 0.5 / scale) - v * (height / 2 - 0.5 / scale)
    back = np.column_stack([u / scale, v / scale, corner])
    pixels = cv2.warpAffine(
        grey, back, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return Strip(pixels.astype(np.uint8, copy=False), back, scale)


def _connected(texture: Texture, mask: NDArray[np.uint8]) -> list[BarGroup]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    large = [label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] >= _LEAST_CELLS]
    groups = []
    for label in large:
        left, top, width, height = (int(value) for value in stats[label, :4])
        rows, columns = np.nonzero(labels[top : top + height, left : left + width] == label)
        group = _group(texture, rows + top, columns + left)
        if group is not None:
            groups.append(group)
    return groups


def _group(texture: Texture, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> BarGroup | None:
    """The group that these cells make, unless they are not as bars of a code are: more length than height, filled."""
    energy = texture.energy[rows, columns]
    cosine = float((texture.cosine[rows, columns] * energy).sum())
    sine = float((texture.sine[rows, columns] * energy).sum())
    angle = math.atan2(sine, cosine) / 2
    x, y = (columns + 0.5) * CELL_PX, (rows + 0.5) * CELL_PX
    across = x * math.cos(angle) + y * math.sin(angle)
    along = y * math.cos(angle) - x * math.sin(angle)
    length, height = (float(np.ptp(values)) + CELL_PX for values in (across, along))
    filled = len(rows) * CELL_PX**2 / (length * height)
    if length < _LEAST_LENGTH_PX or length < height or filled < _LEAST_SHARE:
        return None
    middle_u, middle_v = (float(values.max() + values.min()) / 2 for values in (across, along))
    return BarGroup(
        x=middle_u * math.cos(angle) - middle_v * math.sin(angle),
        y=middle_u * math.sin(angle) + middle_v * math.cos(angle),
        angle=angle,
        length=length,
        height=height,
        worth=length * height * filled**2 * float(np.sqrt(energy.mean())),
    )


def _holds(group: BarGroup, other: BarGroup) -> bool:
    """Whether the middle of the other lies in a group that runs the same way."""
    turned = abs(math.remainder(group.angle - other.angle, math.pi))
    x, y = other.x - group.x, other.y - group.y
    across = abs(x * math.cos(group.angle) + y * math.sin(group.angle))
    along = abs(y * math.cos(group.angle) - x * math.sin(group.angle))
    return turned < math.pi / _DIRECTIONS and across <= group.length / 2 and along <= group.height / 2
