"""The frames that dealers put plates into: dark plastic over the edges, a strip with their name at the foot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from training.drawing.chance import between, happens, pick
from training.drawing.glyphs import LATIN, Glyphs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]


def framed(rng: np.random.Generator, pixels: Picture, glyphs: Glyphs) -> None:
    """Put a frame over a plate of one line, whose characters it leaves free. `pixels`: planes, (3, height, width)."""
    high, wide = pixels.shape[1:]
    tone = between(rng, 10, 60) if happens(rng, 0.8) else between(rng, 120, 220)
    rim = max(1, round(between(rng, 0.01, 0.05) * high))
    foot = max(rim, round(between(rng, 0.05, 0.12) * high))
    pixels[:, :rim] = pixels[:, high - foot :] = tone
    pixels[:, :, :rim] = pixels[:, :, wide - rim :] = tone
    if foot < 6 or happens(rng, 0.25):
        return
    face, letter = pick(rng, glyphs.latin), max(4, round(0.7 * foot))
    width = max(3, round(0.55 * letter))
    count = min(int(between(rng, 6, 26)), (wide - 4 * rim) // (width + 1))
    start = int(between(rng, rim, max(rim + 1, wide - rim - count * (width + 1))))
    ink = 230.0 if tone < 100 else 20.0
    top = high - foot + (foot - letter) // 2
    for place in range(count):
        if happens(rng, 0.12):
            continue
        mask = cv2.resize(face[pick(rng, LATIN)], (width, letter), interpolation=cv2.INTER_AREA)
        strength = mask.astype(np.float32) / np.float32(255)
        part = pixels[:, top : top + letter, start + place * (width + 1) :][:, :, :width]
        part += (np.float32(ink) - part) * strength[: part.shape[1], : part.shape[2]]
