"""The pictures of the soak: drawn scenes, photographs where there are some, hostile symbols, and what no camera
should show.
"""

from pathlib import Path

import cv2
import numpy as np

from agent.vision.worker.picture_file import SUFFIXES, load
from drivers.camera.simulated_yard.scene import Scene, ShownCode, Vehicle, draw_scene, show_code
from tests.support.vision.broken_symbols import HEADS, broken_picture

SIZES_PX = (
    (640, 360),
    (640, 480),
    (640, 360),
    (800, 600),
    (640, 360),
    (1280, 720),
    (640, 360),
    (1920, 1080),
    (640, 360),
)
"""Mostly small, so that many pictures fit into the time."""

PLATES = ("京A12345", "沪B67Z89", "粤D0K123", "新AD12345")
TEXTS = tuple(f"GP1:SOAK{number}%{'ABC123 ' * 20}" for number in range(4))
"""All that the drawn codes hold: whatever else is read was invented."""

_MOST_PHOTOGRAPHS = 60
_LONGEST_PHOTOGRAPH_PX = 1280
_SCENE, _TORN, _PHOTOGRAPH = 0.55, 0.15, 0.15
_SPELL = 500
"""Of each two spells of so many pictures, the second has no code: thorough looks are made where none was just read."""


_WITHOUT_CODE = 2 * (1 + len(PLATES))


class Reel:
    """Gives one picture after the other, the same ones again for the same seed. BGR, shape (height, width, 3)."""

    def __init__(self, seed, folder=None):
        self._rng = np.random.default_rng(seed)
        self._number = 0
        self._scenes = scenes()
        self._odd = odd_pictures()
        self._photographs = [] if folder is None else photographs(Path(folder))

    @property
    def shows_codes(self):
        """Whether the pictures to come are of a spell with codes."""
        return self._number // _SPELL % 2 == 0

    def next(self):
        """The next picture."""
        shown = self._scenes if self.shows_codes else self._scenes[:_WITHOUT_CODE]
        self._number += 1
        draw = self._rng.random()
        if draw < _SCENE:
            return self._one_of(shown)
        if draw < _SCENE + _TORN:
            return self._torn(self._one_of(shown))
        if draw < _SCENE + _TORN + _PHOTOGRAPH and self._photographs:
            return self._one_of(self._photographs)
        return self._one_of(self._odd)

    def _one_of(self, pictures):
        return pictures[self._rng.integers(len(pictures))]

    def _torn(self, pixels):
        """Parts of the picture stand at other places, as after a lost packet."""
        torn = pixels.copy()
        height = pixels.shape[0]
        for _ in range(int(self._rng.integers(1, 6))):
            top, rows = int(self._rng.integers(0, height)), int(self._rng.integers(8, height // 4))
            torn[top : top + rows] = np.roll(torn[top : top + rows], int(self._rng.integers(-200, 200)), axis=1)
        return torn


def scenes():
    """Empty yard, vehicles, codes, in all sizes; those without a code are the first."""
    drawn = [draw_scene(Scene())]
    drawn += [draw_scene(Scene(vehicle=Vehicle(plate=plate))) for plate in PLATES]
    drawn += [
        draw_scene(Scene(vehicle=Vehicle(plate=plate), code=ShownCode(text=text)))
        for plate, text in zip(PLATES, TEXTS, strict=True)
    ]
    return [
        cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        for number, pixels in enumerate(drawn)
        for size in (SIZES_PX[number], SIZES_PX[number - 1])
    ] + [_many_codes()]


def _many_codes():
    """Twelve codes side by side."""
    rng = np.random.default_rng(6)
    pixels = np.full((720, 1280, 3), 200, np.uint8)
    for number in range(12):
        centre = (160 + number % 4 * 300, 120 + number // 4 * 230)
        show_code(pixels, ShownCode(text=TEXTS[number % 4]), centre=centre, side_px=190, rng=rng)
    return pixels


def odd_pictures():
    """What no camera should show."""
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 256, (360, 640, 3), np.uint8)
    return [
        np.zeros((720, 1280, 3), np.uint8),
        np.full((360, 640, 3), 255, np.uint8),
        noise,
        np.zeros((1, 1, 3), np.uint8),
        rng.integers(0, 256, (2, 3, 3), np.uint8),
        rng.integers(0, 256, (24, 20_000, 3), np.uint8),
        rng.integers(0, 256, (20_000, 24, 3), np.uint8),
        _checkered(8),
        _finders(),
        *(_on_a_card(broken_picture(head, version, rng)) for head in HEADS.values() for version in (1, 4, 9)),
    ]


def _on_a_card(symbol):
    """The symbol in the middle of a picture of common size."""
    pixels = np.full((360, 640, 3), 235, np.uint8)
    height, width = symbol.shape[:2]
    top, left = (360 - height) // 2, (640 - width) // 2
    pixels[top : top + height, left : left + width] = symbol
    return pixels


def _checkered(cell_px):
    rows, columns = np.mgrid[0:360, 0:640]
    return np.repeat((((rows // cell_px + columns // cell_px) % 2) * 255).astype(np.uint8)[..., None], 3, axis=2)


def _finders():
    """Finder patterns everywhere and no code: what a locator looks for, by the hundred."""
    pattern = np.full((36, 36), 255, np.uint8)
    pattern[4:32, 4:32] = 0
    pattern[8:28, 8:28] = 255
    pattern[12:24, 12:24] = 0
    return np.repeat(np.tile(pattern, (10, 18))[:, :, None], 3, axis=2)


def photographs(folder):
    """The first pictures of a folder and those below it, by name, small enough to hold them all."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        message = f"{folder}: no photograph"
        raise ValueError(message)
    step = max(1, len(paths) // _MOST_PHOTOGRAPHS)
    return [_shrunk(load(path)) for path in paths[::step][:_MOST_PHOTOGRAPHS]]


def _shrunk(pixels):
    factor = min(1.0, _LONGEST_PHOTOGRAPH_PX / max(pixels.shape[:2]))
    return cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
