"""The pictures that the network learns from, each drawn from the seed and its own number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from training.detector.light import lit
from training.detector.scene import compose
from training.detector.targets import encode
from training.detector.views import view
from training.drawing import Glyphs, degraded, draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.detector.backgrounds import Backgrounds
    from training.detector.scene import Labelled
    from training.detector.targets import Targets

    Pixels = NDArray[np.uint8]

BATCH: Final = 16
SIZES_PX: Final = ((352, 224), (256, 160), (256, 160), (256, 160), (256, 160))
"""Width and height, batch by batch: parts of a picture, as large as they are in a whole one of 640 pixels.

Small parts cost half and hold as many plates; only large ones hold the largest plates.
"""
_ROUND: Final = BATCH * len(SIZES_PX)
_TAKES: Final = 3
"""To put a scene together costs as much as to learn from it: each is seen in this many lights before the next."""
_PHOTOGRAPHS: Final = 0.4
_BLUR_WIDTH_PX: Final = 120.0


@dataclass(frozen=True, slots=True)
class Samples:
    """Drawn scenes, and parts of `photographs` where there are any.

    Number `index` is the same whenever it is asked for. Numbers that one batch holds, beginning at a multiple of BATCH,
    have one size.
    """

    seed: int
    glyphs: Glyphs
    backgrounds: Backgrounds
    photographs: Sequence[Labelled] = ()
    _scenes: dict[int, Labelled] = field(default_factory=dict)

    def picture(self, index: int) -> Labelled:
        """A picture with its plates, as a camera gives it."""
        rounds, place = divmod(index, _TAKES * _ROUND)
        take, place = divmod(place, _ROUND)
        scene = self._scene(rounds * _ROUND + place)
        rng = np.random.default_rng((self.seed, rounds * _ROUND + place, take))
        widths = [float(np.ptp(plate[:, 0])) for plate in scene.corners]
        pixels = degraded(rng, lit(rng, scene.pixels), min([_BLUR_WIDTH_PX, *widths]))
        return scene.with_pixels(pixels)

    def __getitem__(self, index: int) -> tuple[Pixels, Targets]:
        """The picture and what the network shall say of it."""
        scene = self.picture(index)
        height, width = scene.pixels.shape[:2]
        return scene.pixels, encode(scene.corners, (width, height))

    def _scene(self, number: int) -> Labelled:
        """Put together once for all its takes: the scenes of one round are kept."""
        if number not in self._scenes:
            if len(self._scenes) >= _ROUND:
                self._scenes.clear()
            self._scenes[number] = self._composed(number)
        return self._scenes[number]

    def _composed(self, number: int) -> Labelled:
        rng = np.random.default_rng((self.seed, number))
        size_px = SIZES_PX[number // BATCH % len(SIZES_PX)]
        if self.photographs and rng.random() < _PHOTOGRAPHS:
            photograph = self.photographs[int(rng.integers(len(self.photographs)))]
            return view(rng, photograph, size_px, self._plate)
        return compose(rng, self.backgrounds.piece(rng, size_px), self._plate)

    def _plate(self, rng: np.random.Generator, width_px: int) -> Pixels:
        return draw(rng, self.glyphs, width_px=width_px).pixels
