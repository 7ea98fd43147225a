"""The flat front or rear of a vehicle, drawn around the place of its plate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.detector.decoys import colour, decoy, grille

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]


def mounted(rng: np.random.Generator, plate: Pixels) -> tuple[Pixels, Pixels, NDArray[np.float32]]:
    """The plate on a vehicle.

    The card, its opacity of shape (height, width), and the plate's top left corner on it, x, y.
    """
    height, width = plate.shape[:2]
    left, right = (int(width * rng.uniform(0.15, 1.6)) for _ in range(2))
    above, below = (int(height * rng.uniform(0.3, 2.5)) for _ in range(2))
    size = (height + above + below, width + left + right)
    card = _bodywork(rng, size)
    for _ in range(rng.integers(0, 4)):
        _put(rng, card, grille(rng) if rng.random() < 0.5 else decoy(rng))
    _recess(rng, card, (left, above), (width, height))
    card[above : above + height, left : left + width] = plate
    opacity = np.full(size, 255, np.uint8)
    if rng.random() < 0.5:
        coarse = np.zeros((7, 7), np.uint8)
        coarse[1:-1, 1:-1] = 255
        opacity = cv2.resize(coarse, (size[1], size[0]), interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
        opacity[above : above + height, left : left + width] = 255
    return card, opacity, np.array([left, above], np.float32)


def _bodywork(rng: np.random.Generator, size: tuple[int, int]) -> Pixels:
    """Paint in the light of the sky: brighter above, with seams and edges."""
    height, width = size
    shade = np.interp(np.arange(height), np.sort(rng.uniform(0, height, 3)), rng.uniform(0.55, 1.3, 3))
    paint = np.clip(np.array(colour(rng), np.float32) * shade[:, None, None], 0, 255)
    card: Pixels = np.repeat(paint, width, axis=1).astype(np.uint8)
    for _ in range(rng.integers(0, 6)):
        y, slope = int(rng.uniform(0, height)), int(rng.uniform(-0.06, 0.06) * width)
        cv2.line(card, (0, y), (width, y + slope), colour(rng), int(rng.integers(1, max(2, height // 14))), cv2.LINE_AA)
    return card


def _put(rng: np.random.Generator, card: Pixels, thing: Pixels) -> None:
    height, width = card.shape[:2]
    wide, high = int(width * rng.uniform(0.1, 0.7)), int(height * rng.uniform(0.08, 0.35))
    if min(wide, high) < 2:
        return
    x, y = int(rng.integers(0, max(1, width - wide))), int(rng.integers(0, max(1, height - high)))
    card[y : y + high, x : x + wide] = cv2.resize(thing, (wide, high), interpolation=cv2.INTER_AREA)


def _recess(rng: np.random.Generator, card: Pixels, start: tuple[int, int], size: tuple[int, int]) -> None:
    """The holder around the plate, or the shadow it throws."""
    pick = rng.random()
    (x, y), (width, height) = start, size
    if pick < 0.35:
        rim = max(1, int(height * rng.uniform(0.02, 0.12)))
        cv2.rectangle(card, (x - rim, y - rim), (x + width + rim, y + height + rim), colour(rng), -1)
    elif pick < 0.7:
        wide, high = int(width * rng.uniform(0.03, 0.3)), int(height * rng.uniform(0.1, 0.7))
        cv2.rectangle(card, (x - wide, y - high), (x + width + wide, y + height + high), colour(rng), -1)
    if rng.random() < 0.3:
        drop = max(1, int(height * rng.uniform(0.05, 0.2)))
        cv2.rectangle(card, (x, y + height), (x + width, y + height + drop), (15, 15, 15), -1)
