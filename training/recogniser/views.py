"""Drawn plates as the recogniser is shown them: grey views of 40 x 144, with the place of each character along them.

Half of the views come from outlines that are nearly right, as a detector's corners give them; the others from an
upright box around a turned plate, as cameras with a reader of their own crop them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.plate.rectify import VIEW_HEIGHT_PX, VIEW_WIDTH_PX
from training.drawing import Light, degraded
from training.drawing.camera import infrared
from training.drawing.chance import between, happens, log_between, pick

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.drawing import DrawnPlate

    Grey = NDArray[np.uint8]
    Points = NDArray[np.float32]

UPPER_WIDTH_PX: Final = 56
"""Of a plate of two lines: the part of the view that the upper line is squeezed into, as
agent.vision.worker.plate.rectify does."""
_TURNED: Final = 0.6
_INFRARED: Final = 0.12
_CAMERA_CROP_PX: Final = (94, 24)
_RESIZES: Final = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_CUBIC)


@dataclass(frozen=True, slots=True)
class View:
    """`pixels`: shape (40, 144), grey. `spans`: shape (characters, 2), from and to along the view, in its pixels."""

    pixels: Grey
    spans: NDArray[np.float32]


def view(rng: np.random.Generator, plate: DrawnPlate, light: Light = Light.ANY) -> View:
    """One view of the plate, as some camera might have it."""
    size = _crop_size(rng, plate)
    grey = _grey(rng, plate.pixels, light)
    high, wide = grey.shape
    if size[0] < 0.75 * wide:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), max(0.3, 0.42 * wide / size[0])), np.uint8)
    turned = not plate.two_lines and happens(rng, _TURNED)
    outline = _turned(rng, wide, high) if turned else _loose(rng)
    corners = (outline * np.array(size, np.float32)).astype(np.float32)
    crop = _backdrop(rng, size, outline)
    flat = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    transform = np.asarray(cv2.getPerspectiveTransform(flat, corners), np.float64)
    cv2.warpPerspective(grey, transform, size, dst=crop, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT)
    crop = degraded(rng, crop, size[0], light)
    spans = _spans(plate, transform) / np.float32(size[0])
    if plate.two_lines:
        return _side_by_side(rng, plate, crop, spans)
    pixels = cv2.resize(crop, (VIEW_WIDTH_PX, VIEW_HEIGHT_PX), interpolation=pick(rng, _RESIZES))
    return View(np.asarray(pixels, np.uint8), spans * np.float32(VIEW_WIDTH_PX))


def _grey(rng: np.random.Generator, pixels: Grey, light: Light) -> Grey:
    if happens(rng, _INFRARED) or light is Light.INFRARED:
        return infrared(rng, pixels.astype(np.float32)).astype(np.uint8)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8)


def _crop_size(rng: np.random.Generator, plate: DrawnPlate) -> tuple[int, int]:
    """Width and height of the plate in the camera's picture."""
    wide = log_between(rng, 56, 175)
    shape = plate.size_mm[1] / plate.size_mm[0]
    if plate.two_lines:
        wide = max(50, 0.75 * wide)
        return round(wide), max(26, round(wide * shape * between(rng, 0.9, 1.15)))
    if shape > 0.4:
        return round(wide), max(20, round(wide * shape * between(rng, 0.8, 1.1)))
    if happens(rng, 0.35):
        return _CAMERA_CROP_PX
    return round(wide), max(14, round(wide * between(rng, 0.24, 0.33)))


def _loose(rng: np.random.Generator) -> Points:
    """The plate's corners in the crop, as fractions of it: a margin, and the errors of a detector's corners."""
    strength = between(rng, 0.2, 1.0) ** 1.5
    margin_x, margin_y = between(rng, -0.02, 0.09), between(rng, -0.03, 0.12)
    slope = between(rng, -0.22, 0.22) * strength if happens(rng, 0.4) else 0.0
    shear = between(rng, -0.05, 0.05) * strength
    corners = np.array(
        [
            [margin_x + shear, margin_y + slope],
            [1 - margin_x + shear, margin_y - slope],
            [1 - margin_x - shear, 1 - margin_y - slope],
            [margin_x - shear, 1 - margin_y + slope],
        ],
        np.float32,
    )
    errors = (rng.random((4, 2), dtype=np.float32) * 2 - 1) * np.array([0.04, 0.10], np.float32) * np.float32(strength)
    return corners + errors


def _turned(rng: np.random.Generator, wide: float, high: float) -> Points:
    """The corners of a turned and sheared plate in an upright box around it, as fractions of the box."""
    turn, lean = (float(np.clip(rng.standard_normal() * s, -m, m)) * math.pi / 180 for s, m in ((5, 13), (6, 16)))
    half_x, half_y = wide * between(rng, 0.75, 1.05) / 2, high / 2
    corners = np.array([[-half_x, -half_y], [half_x, -half_y], [half_x, half_y], [-half_x, half_y]], np.float32)
    corners[:, 0] += corners[:, 1] * np.float32(math.tan(lean))
    rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]], np.float32)
    corners = corners @ rotation
    corners += (rng.random((4, 2), dtype=np.float32) * 0.1 - 0.05) * np.float32(high * rng.random())
    low, top = corners.min(axis=0), corners.max(axis=0)
    edge = np.array([between(rng, -0.02, 0.05), between(rng, -0.04, 0.10)], np.float32)
    shift = np.array([between(rng, -0.02, 0.02), between(rng, -0.03, 0.03)], np.float32)
    placed: Points = (corners - low) / (top - low) * (1 - 2 * edge) + edge + shift
    return placed


def _backdrop(rng: np.random.Generator, size: tuple[int, int], outline: Points) -> Grey:
    """What is around the plate: a car's body, edges of bumper and grille, a frame."""
    wide, high = size
    tone = between(rng, 5, 240)
    if happens(rng, 0.6):
        coarse = rng.random((2 + int(rng.random() * 5), 2 + int(rng.random() * 7)), dtype=np.float32)
        patches = np.clip(coarse * np.float32(between(rng, 20, 160)) + np.float32(tone - 60), 0, 255).astype(np.uint8)
        ground = np.asarray(cv2.resize(patches, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    else:
        ground = np.full((high, wide), round(tone), np.uint8)
    for _ in range(pick(rng, (0, 0, 1, 2, 3))):
        start, slope = between(rng, -0.2, 1.2) * high, between(rng, -0.12, 0.12) * wide
        cv2.line(ground, (0, int(start)), (wide, int(start + slope)), between(rng, 0, 255), pick(rng, (1, 2, 3, 5, 8)))
    if happens(rng, 0.25):
        rim = between(rng, 0.01, 0.05)
        grown = (outline - 0.5) * np.array([1 + 2 * rim, 1 + 5 * rim], np.float32) + 0.5
        cv2.fillConvexPoly(ground, (grown * np.array(size, np.float32)).astype(np.int32), between(rng, 5, 250))
    return ground


def _spans(plate: DrawnPlate, transform: NDArray[np.float64]) -> NDArray[np.float32]:
    """From and to of each character along the crop, measured at the middle of its height."""
    x, y, width, height = plate.boxes.T
    middle = y + height / 2
    ends = np.stack([np.stack([x, middle], axis=1), np.stack([x + width, middle], axis=1)])
    moved = cv2.perspectiveTransform(ends.astype(np.float32), transform)
    return np.asarray(moved[..., 0].T, np.float32)


def _side_by_side(rng: np.random.Generator, plate: DrawnPlate, crop: Grey, spans: NDArray[np.float32]) -> View:
    """The upper line squeezed in beside the lower one; the cut is as uncertain as the reader's."""
    high, upper = len(crop), plate.upper
    bottoms = plate.boxes[:upper, 1] + plate.boxes[:upper, 3]
    cut = (float(bottoms.mean()) + float(plate.boxes[upper:, 1].mean())) / 2 / len(plate.pixels)
    above = crop[: max(4, int((cut + between(rng, -0.03, 0.06)) * high))]
    below = crop[min(high - 4, int((cut - between(rng, -0.01, 0.09)) * high)) :]
    lower_width = VIEW_WIDTH_PX - UPPER_WIDTH_PX
    how = pick(rng, (*_RESIZES, cv2.INTER_AREA))
    parts = [
        cv2.resize(part, (width, VIEW_HEIGHT_PX), interpolation=how)
        for part, width in ((above, UPPER_WIDTH_PX), (below, lower_width))
    ]
    laid = np.concatenate([spans[:upper] * UPPER_WIDTH_PX, UPPER_WIDTH_PX + spans[upper:] * lower_width])
    return View(np.hstack(parts).astype(np.uint8, copy=False), laid.astype(np.float32))
