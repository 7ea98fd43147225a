"""The flat front or rear of a car or truck, or its windscreen, drawn around the place of its plate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.detector.decoys import colour, decoy, grille, stencil

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    Card = tuple[Pixels, Pixels, NDArray[np.float32]]
    """A flat picture, its opacity of shape (height, width), and the plate's top left corner on it, x, y."""


def mounted(rng: np.random.Generator, plate: Pixels) -> Card:
    """The plate on a car."""
    height, width = plate.shape[:2]
    left, right = (int(width * rng.uniform(0.15, 1.6)) for _ in range(2))
    above, below = (int(height * rng.uniform(0.3, 2.5)) for _ in range(2))
    size = (height + above + below, width + left + right)
    card = _bodywork(rng, size)
    for _ in range(rng.integers(0, 4)):
        _put(rng, card, grille(rng) if rng.random() < 0.5 else decoy(rng))
    _recess(rng, card, (left, above), (width, height))
    return _finished(rng, card, plate, (left, above))


def on_truck(rng: np.random.Generator, plate: Pixels) -> Card:
    """The plate low on the wide front or rear of a truck, with writing and stripes above it and lamps beside it."""
    height, width = plate.shape[:2]
    left, right = (int(width * rng.uniform(0.8, 2.6)) for _ in range(2))
    above, below = int(height * rng.uniform(3, 11)), int(height * rng.uniform(0.2, 1.8))
    size = (height + above + below, width + left + right)
    card = _bodywork(rng, size)
    for _ in range(rng.integers(0, 4)):
        paint, opacity = stencil(rng)
        _put(rng, card, paint, opacity)
    if rng.random() < 0.4:
        _put(rng, card, grille(rng))
    if rng.random() < 0.5:
        _stripes(rng, card, int(above * rng.uniform(0.5, 0.9)), max(2, int(height * rng.uniform(0.2, 0.6))))
    if rng.random() < 0.6:
        beam = int(rng.integers(15, 90))
        edge = above - int(height * rng.uniform(0.1, 0.6))
        cv2.rectangle(card, (0, edge), (size[1], size[0]), (beam, beam, beam), -1)
    for x in (left // 3, left + width + right * 2 // 3):
        wide = max(2, int(width * rng.uniform(0.15, 0.4)))
        cv2.rectangle(card, (x - wide, above), (x + wide, above + height), colour(rng), -1)
    _recess(rng, card, (left, above), (width, height))
    return _finished(rng, card, plate, (left, above))


def behind_glass(rng: np.random.Generator, plate: Pixels) -> Card:
    """The plate as a sheet of paper behind a windscreen: dark around it, and the sky in the glass before it."""
    height, width = plate.shape[:2]
    left, right = (int(width * rng.uniform(0.3, 2.5)) for _ in range(2))
    above, below = (int(height * rng.uniform(0.4, 2.5)) for _ in range(2))
    size = (height + above + below, width + left + right)
    card = np.full((*size, 3), rng.uniform(5, 70), np.float32)
    for _ in range(rng.integers(0, 5)):
        tone = rng.uniform(10, 120)
        at = (int(rng.integers(size[1])), int(rng.integers(size[0])))
        axes = (int(rng.integers(4, size[1] // 2)), int(rng.integers(3, size[0] // 2)))
        cv2.ellipse(card, at, axes, 0, 0, 360, (tone, tone, tone), -1)
    if rng.random() < 0.5:
        rim = max(1, int(height * rng.uniform(0.05, 0.5)))
        corners = (left - rim, above - rim), (left + width + rim, above + height + rim)
        cv2.rectangle(card, *corners, (235, 238, 238), -1)
    card[above : above + height, left : left + width] = plate
    coarse = rng.uniform(0, 1, (int(rng.integers(2, 5)), int(rng.integers(2, 5)))).astype(np.float32)
    sky = np.clip(cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC), 0, 1)[..., None]
    card += (np.float32(rng.uniform(120, 235)) - card) * sky * np.float32(rng.uniform(0.05, 0.6))
    seen = np.clip(card, 0, 255).astype(np.uint8)
    return seen, np.full(size, 255, np.uint8), np.array([left, above], np.float32)


def _finished(rng: np.random.Generator, card: Pixels, plate: Pixels, start: tuple[int, int]) -> Card:
    """With the plate on it, and half of the time without an edge towards what stands around it."""
    (left, above), (height, width), size = start, plate.shape[:2], card.shape[:2]
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


def _stripes(rng: np.random.Generator, card: Pixels, top: int, thick: int) -> None:
    """Red and white stripes that reflect, across the whole card."""
    step = max(2, int(thick * rng.uniform(1, 4)))
    for place, x in enumerate(range(0, card.shape[1], step)):
        card[top : top + thick, x : x + step] = ((40, 35, 195), (235, 235, 235))[place % 2]


def _put(rng: np.random.Generator, card: Pixels, thing: Pixels, opacity: Pixels | None = None) -> None:
    height, width = card.shape[:2]
    wide, high = int(width * rng.uniform(0.1, 0.7)), int(height * rng.uniform(0.08, 0.35))
    if min(wide, high) < 2:
        return
    x, y = int(rng.integers(0, max(1, width - wide))), int(rng.integers(0, max(1, height - high)))
    place = card[y : y + high, x : x + wide]
    small = cv2.resize(thing, (wide, high), interpolation=cv2.INTER_AREA)
    if opacity is None:
        place[:] = small
        return
    alpha = cv2.resize(opacity, (wide, high), interpolation=cv2.INTER_AREA)[..., None].astype(np.float32) / 255
    place[:] = (place * (1 - alpha) + small * alpha).astype(np.uint8)


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
