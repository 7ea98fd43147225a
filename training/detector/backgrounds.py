"""What stands behind the plates: photographs, the drawn yard, plain shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.picture_file import SUFFIXES, PictureError, load
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene
from training.detector.decoys import colour

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_LONGEST_PX: Final = 900
_PHOTOGRAPH: Final = 0.6
_YARD: Final = 0.2
_YARDS: Final = 12
_LEAST_PART: Final = 0.3


class BackgroundError(Exception):
    """A folder of backgrounds that holds no picture."""


class Backgrounds:
    """Pieces of pictures of one size with no plate in them."""

    def __init__(self, folders: Sequence[Path]) -> None:
        """Load the photographs of the folders.

        Raises BackgroundError for a folder without pictures, or a broken one.
        """
        self.photographs = [pixels for folder in folders for pixels in _loaded(folder)]
        self._yards = [_yard(number) for number in range(_YARDS)]

    def piece(self, rng: np.random.Generator, size_px: tuple[int, int]) -> Pixels:
        """A new picture of `size_px` (width, height)."""
        pick = rng.random()
        if pick < _PHOTOGRAPH and self.photographs:
            shown = cut(rng, self.photographs[rng.integers(len(self.photographs))], size_px)
            return shown[:, ::-1].copy() if rng.random() < 0.5 else shown
        if pick < _PHOTOGRAPH + _YARD:
            return cut(rng, self._yards[rng.integers(len(self._yards))], size_px)
        return shapes(rng, size_px)


def cut(rng: np.random.Generator, pixels: Pixels, size_px: tuple[int, int]) -> Pixels:
    """A random part of a picture, of the wanted shape, as a new picture of `size_px`."""
    height, width = pixels.shape[:2]
    most = min(width / size_px[0], height / size_px[1])
    scale = most * rng.uniform(_LEAST_PART, 1)
    wide, high = max(1, int(size_px[0] * scale)), max(1, int(size_px[1] * scale))
    x, y = int(rng.integers(0, width - wide + 1)), int(rng.integers(0, height - high + 1))
    part = pixels[y : y + high, x : x + wide]
    shrinks = wide > size_px[0]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(part, size_px, interpolation=way).astype(np.uint8)


def shapes(rng: np.random.Generator, size_px: tuple[int, int]) -> Pixels:
    """Soft light and dark, with boxes, lines and things on it."""
    width, height = size_px
    coarse = rng.uniform(0, 255, (int(rng.integers(2, 7)), int(rng.integers(2, 9)), 3)).astype(np.float32)
    if rng.random() < 0.6:
        coarse = np.repeat(coarse.mean(axis=2, keepdims=True), 3, axis=2)
    smooth = cv2.resize(coarse, size_px, interpolation=cv2.INTER_CUBIC)
    grain = rng.standard_normal((height // 2, width // 2), dtype=np.float32) * np.float32(rng.uniform(0, 25))
    pixels: Pixels = np.clip(smooth + cv2.resize(grain, size_px)[..., None], 0, 255).astype(np.uint8)
    for _ in range(rng.integers(0, 14)):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        end = (x + int(rng.integers(5, width // 2)), y + int(rng.integers(3, height // 3)))
        thick = -1 if rng.random() < 0.5 else int(rng.integers(1, 6))
        cv2.rectangle(pixels, (x, y), end, colour(rng), thick)
    for _ in range(rng.integers(0, 8)):
        start, end = ((int(rng.integers(width)), int(rng.integers(height))) for _ in range(2))
        cv2.line(pixels, start, end, colour(rng), int(rng.integers(1, 7)), cv2.LINE_AA)
    return pixels


def _loaded(folder: Path) -> list[Pixels]:
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in SUFFIXES:
            continue
        try:
            pixels = load(path)
        except PictureError as error:
            raise BackgroundError(f"{path}: {error}") from error
        scale = _LONGEST_PX / max(pixels.shape[:2])
        if scale < 1:
            pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)
        found.append(pixels)
    if not found:
        raise BackgroundError(f"{folder}: no picture in it")
    return found


def _yard(number: int) -> Pixels:
    """The drawn yard, empty or with a vehicle that has no plate, half of the time with a permit held up."""
    code = ShownCode(text=f"GP1:{number:040}", carrier="phone" if number % 4 == 1 else "paper") if number % 2 else None
    return draw_scene(Scene(vehicle=Vehicle() if number % 3 else None, code=code, arm_raised=number % 4 == 0))
