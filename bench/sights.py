"""Shows a flat thing, a code or a plate, as a camera would see it under one condition or several.

By measure, not by taste. Everything is drawn at three times the resolution and then shrunk, as a lens and a sensor do
it. Order: the thing in perspective, light on it, lens and movement, sensor, JPEG.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

_FINER: Final = 3
_DISTANCE: Final = 4.0
"""Of the camera, in widths of the thing: near enough for a perspective."""
_QUALITY: Final = 90
_SHIFT: Final = 4
"""Binary digits after the point in the coordinates of drawn blurs."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How a flat thing is seen. A unit is one module of a code, or the height of a plate's characters.

    `unit_px`: its size in the picture, facing the camera. `tilt_deg`: turned away about the upright axis. `turn_deg`:
    turned in the picture. `motion`: how far it moves while the shutter is open, units. `defocus`: radius of the disc
    that a point becomes, units. `contrast`: grey levels between black and white. `glare`: share of its area that a lamp
    blinds, 0..1. `noise`: standard deviation of every pixel, grey levels.
    """

    unit_px: float
    tilt_deg: float = 0.0
    turn_deg: float = 0.0
    motion: float = 0.0
    defocus: float = 0.0
    contrast: float = 170.0
    glare: float = 0.0
    noise: float = 4.0


@dataclass(frozen=True, slots=True)
class Flat:
    """A thing as it is, BGR. `unit_px`: size of its unit in `pixels`."""

    pixels: Pixels
    unit_px: float


@dataclass(frozen=True, slots=True)
class Seen:
    """The picture, BGR, and the thing's corners in it, shape (4, 2), clockwise from its own top left."""

    pixels: Pixels
    corners: Floats


def seen(
    flat: Flat, sight: Sight, background: Pixels, centre: tuple[float, float], chance: np.random.Generator
) -> Seen:
    """The thing before a background, its middle at `centre`. What stands over the border is cut off."""
    fine = _shrunk(flat, sight.unit_px * _FINER)
    height, width = fine.shape[:2]
    corners = _placed(width / _FINER, height / _FINER, sight) + np.array(centre, dtype=np.float32)
    picture = background.copy()
    left, top, right, bottom = _region(corners, sight, background.shape)
    if left < right and top < bottom:
        ground = cv2.resize(picture[top:bottom, left:right], None, fx=_FINER, fy=_FINER).astype(np.float32)
        lit = _lit(fine, sight, chance)
        target = (corners - np.array([left, top], dtype=np.float32)) * _FINER
        view = _through_lens(_over(ground, lit, target), sight, chance)
        size = (right - left, bottom - top)
        picture[top:bottom, left:right] = np.clip(cv2.resize(view, size, interpolation=cv2.INTER_AREA), 0, 255)
    return Seen(sensed(picture, sight.noise, chance), corners.astype(np.float32))


def _shrunk(flat: Flat, unit_px: float) -> Pixels:
    """Never enlarged: then it is warped up."""
    factor = unit_px / flat.unit_px
    height, width = flat.pixels.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cv2.resize(flat.pixels, size, interpolation=way).astype(np.uint8, copy=False)


def _placed(width: float, height: float, sight: Sight) -> Floats:
    """The corners about the middle, in perspective."""
    tilt, turn = np.deg2rad(sight.tilt_deg), np.deg2rad(sight.turn_deg)
    flat = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    depth = flat[:, 0] * np.sin(tilt)
    nearer = _DISTANCE * width / (_DISTANCE * width + depth)
    seen_flat = np.stack([flat[:, 0] * np.cos(tilt) * nearer, flat[:, 1] * nearer], axis=1)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    turned: Floats = (seen_flat @ rotation.T).astype(np.float32)
    return turned


def _region(corners: Floats, sight: Sight, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """What the thing and its blur touch."""
    spread = (sight.motion + sight.defocus) * sight.unit_px + 3
    low, high = corners.min(axis=0) - spread, corners.max(axis=0) + spread
    return max(0, int(low[0])), max(0, int(low[1])), min(shape[1], int(high[0]) + 1), min(shape[0], int(high[1]) + 1)


def _lit(flat: Pixels, sight: Sight, chance: np.random.Generator) -> Floats:
    lit: Floats = flat.astype(np.float32) * (sight.contrast / 255) + (255 - sight.contrast) / 2
    if sight.glare:
        height, width = flat.shape[:2]
        stretch = chance.uniform(0.7, 1.4)
        radius = np.sqrt(sight.glare * height * width / np.pi)
        x, y = chance.uniform(0.2, 0.8) * width, chance.uniform(0.2, 0.8) * height
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        away = np.hypot((columns - x) / stretch, (rows - y) * stretch) / radius
        lit += (300 * np.clip((1.2 - away) / 0.4, 0, 1))[..., None]
    return np.minimum(lit, 255)


def _over(ground: Floats, thing: Floats, corners: Floats) -> Floats:
    height, width = thing.shape[:2]
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    transform = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    size = (ground.shape[1], ground.shape[0])
    warped = cv2.warpPerspective(thing, transform, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpPerspective(np.ones((height, width), np.float32), transform, size)[..., None]
    mixed: Floats = (ground * (1 - mask) + warped * mask).astype(np.float32)
    return mixed


def _through_lens(view: Floats, sight: Sight, chance: np.random.Generator) -> Floats:
    radius = sight.defocus * sight.unit_px * _FINER
    if radius >= 0.5:
        side = 2 * int(np.ceil(radius)) + 1
        disc = np.zeros((side, side), dtype=np.float32)
        middle = side // 2 << _SHIFT
        cv2.circle(disc, (middle, middle), round(radius * 2**_SHIFT), 1.0, -1, cv2.LINE_AA, shift=_SHIFT)
        view = cv2.filter2D(view, -1, disc / disc.sum())
    length = sight.motion * sight.unit_px * _FINER
    if length >= 1:
        side = 2 * int(np.ceil(length / 2)) + 3
        angle = chance.uniform(0, np.pi)
        reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
        line = np.zeros((side, side), dtype=np.float32)
        start, end = (tuple(round(float(side // 2 + way * part) * 2**_SHIFT) for part in reach) for way in (-1, 1))
        cv2.line(line, start, end, 1.0, 1, cv2.LINE_AA, shift=_SHIFT)
        view = cv2.filter2D(view, -1, line / line.sum())
    return view


def sensed(picture: Pixels, noise: float, chance: np.random.Generator) -> Pixels:
    """The picture as it leaves the camera: with noise, standard deviation in grey levels, and as JPEG."""
    grain = chance.normal(0, noise, picture.shape[:2]).astype(np.float32)[..., None]
    noisy = np.clip(picture + grain, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return cv2.imdecode(jpeg, cv2.IMREAD_COLOR).astype(np.uint8, copy=False)
