"""What stands behind the plates: photographs, the drawn yard, plain shapes."""

from __future__ import annotations

import csv
from copy import copy
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.vision.worker.picture_file import SUFFIXES, PictureError, load
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene
from training.detector.decoys import colour
from training.detector.labelled import Labelled, unlabelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_LONGEST_PX: Final = 900
_PHOTOGRAPH: Final = 0.75
_YARD: Final = 0.08
_EMPTY: Final = 0.3
"""Of the photographs, those in which surely no plate is: few as they are, they show what is none."""
_YARDS: Final = 12
_LEAST_PART: Final = 0.25
_MOST_ENLARGED: Final = 1.6
_WIDER: Final = (0.9, 1.5)
"""Pictures of data sets are often squeezed to squares."""
_INDEX: Final = "index.csv"


class BackgroundError(Exception):
    """A folder of backgrounds that holds no picture."""


class Backgrounds:
    """Pieces of pictures of one size.

    A folder may have an index.csv with the columns `file` and `plates`: pictures of which the latter says "possible"
    may show plates, and are learnt from only where something was put into them; all others show none.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        """Load the photographs of the folders.

        Raises BackgroundError for a folder without pictures, a broken one, or an index of another form.
        """
        loaded = [one for folder in folders for one in _loaded(folder)]
        self.photographs = [one.pixels for one in loaded if one.told is None]
        self.doubtful = [one for one in loaded if one.told is not None]
        self._yards = [_yard(number) for number in range(_YARDS)]

    def told_by(self, search: Callable[[Labelled], Labelled]) -> Backgrounds:
        """The same, of which a search has told where the doubtful ones show no plate."""
        told = copy(self)
        told.doubtful = [search(one) for one in self.doubtful]
        return told

    def piece(self, rng: np.random.Generator, size_px: tuple[int, int]) -> Labelled:
        """A new picture of `size_px` (width, height)."""
        pick = rng.random()
        if pick < _PHOTOGRAPH and (self.photographs or self.doubtful):
            shown = self._photograph(rng, size_px)
            return _mirrored(shown) if rng.random() < 0.5 else shown
        if _PHOTOGRAPH <= pick < _PHOTOGRAPH + _YARD:
            return cut(rng, Labelled(self._yards[rng.integers(len(self._yards))]), size_px)
        return Labelled(shapes(rng, size_px))

    def _photograph(self, rng: np.random.Generator, size_px: tuple[int, int]) -> Labelled:
        if self.photographs and (not self.doubtful or rng.random() < _EMPTY):
            return cut(rng, Labelled(self.photographs[rng.integers(len(self.photographs))]), size_px)
        return cut(rng, self.doubtful[rng.integers(len(self.doubtful))], size_px)


def cut(rng: np.random.Generator, shown: Labelled, size_px: tuple[int, int]) -> Labelled:
    """A random part of a picture without known plates, as a new picture of `size_px`."""
    height, width = shown.pixels.shape[:2]
    wider = rng.uniform(*_WIDER)
    most = min(width * wider / size_px[0], height / size_px[1])
    scale = most * rng.uniform(min(1.0, max(_LEAST_PART, 1 / (_MOST_ENLARGED * most))), 1)
    wide = min(width, max(1, int(size_px[0] * scale / wider)))
    high = min(height, max(1, int(size_px[1] * scale)))
    x, y = int(rng.integers(0, width - wide + 1)), int(rng.integers(0, height - high + 1))
    part = np.s_[y : y + high, x : x + wide]
    way = cv2.INTER_AREA if wide > size_px[0] else cv2.INTER_LINEAR
    pixels = cv2.resize(shown.pixels[part], size_px, interpolation=way).astype(np.uint8)
    if shown.told is None:
        return Labelled(pixels)
    told = cv2.resize(shown.told[part], size_px, interpolation=cv2.INTER_NEAREST)
    return Labelled(pixels, told=told.astype(np.uint8, copy=False))


def _mirrored(shown: Labelled) -> Labelled:
    told = None if shown.told is None else shown.told[:, ::-1].copy()
    return Labelled(shown.pixels[:, ::-1].copy(), told=told)


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


def _loaded(folder: Path) -> list[Labelled]:
    doubtful, found = _doubtful(folder), []
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
        found.append(unlabelled(pixels) if path.name in doubtful else Labelled(pixels))
    if not found:
        raise BackgroundError(f"{folder}: no picture in it")
    return found


def _doubtful(folder: Path) -> frozenset[str]:
    """The names of pictures that may show plates."""
    index = folder / _INDEX
    if not index.is_file():
        return frozenset()
    with index.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if not {"file", "plates"} <= set(rows.fieldnames or ()):
            raise BackgroundError(f"{index}: it has no columns file and plates")
        return frozenset(row["file"] for row in rows if row["plates"].startswith("possible"))


def _yard(number: int) -> Pixels:
    """The drawn yard, empty or with a vehicle that has no plate, half of the time with a permit held up."""
    code = ShownCode(text=f"GP1:{number:040}", carrier="phone" if number % 4 == 1 else "paper") if number % 2 else None
    return draw_scene(Scene(vehicle=Vehicle() if number % 3 else None, code=code, arm_raised=number % 4 == 0))
