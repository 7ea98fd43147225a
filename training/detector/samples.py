"""The pictures that the network learns from, each drawn from the seed and its own number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from training.detector.labelled import Labelled
from training.detector.light import lit
from training.detector.scene import compose
from training.detector.targets import encode
from training.detector.views import view
from training.drawing import DrawnKind, Glyphs, degraded, draw
from training.drawing.chance import happens, pick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.detector.backgrounds import Backgrounds

    Pixels = NDArray[np.uint8]

_PART: Final = ((256, 160), 16)
BATCHES: Final = (_PART, _PART, ((352, 224), 8), _PART, _PART, ((640, 384), 3))
"""Width and height, and how many pictures, batch by batch; each batch is about as large as any other.

Small parts cost little and hold as many plates; only whole pictures hold the largest plates, and look to the network as
those do that it is made for.
"""
_ROUND: Final = 2 * len(BATCHES)
_TAKES: Final = 3
"""To put a scene together costs as much as to learn from it: each is seen in this many lights before the next."""
_PHOTOGRAPHS: Final = 0.4
_TILED_FROM_PX: Final = 500
_TILED: Final = 0.75
"""Pictures so wide are mostly put together of four: few photographs are as large."""
_MIDDLE: Final = (0.35, 0.65)
_ANY_KIND: Final = 0.5
_BLUR_WIDTH_PX: Final = 110.0
_KINDS: Final = tuple(DrawnKind)


@dataclass(frozen=True, slots=True)
class Samples:
    """Drawn scenes, and parts of `photographs` where there are any.

    Batch `number` is the same whenever it is asked for.
    """

    seed: int
    glyphs: Glyphs
    backgrounds: Backgrounds
    photographs: Sequence[Labelled] = ()
    _scenes: dict[int, list[Labelled]] = field(default_factory=dict)

    def pictures(self, number: int) -> list[Labelled]:
        """The pictures of a batch with their plates, as a camera gives them."""
        rounds, place = divmod(number, _TAKES * _ROUND)
        take, place = divmod(place, _ROUND)
        batch = rounds * _ROUND + place
        return [self._taken(scene, (batch, index, take)) for index, scene in enumerate(self._batch(batch))]

    def batch(self, number: int) -> tuple[Pixels, NDArray[np.float32]]:
        """The pictures, (n, height, width, 3), and what the network shall say of them: stacked Targets, (n, ...)."""
        shown = self.pictures(number)
        targets = [encode(one.corners, one.pixels.shape[1::-1], one.boxes, one.told).stacked() for one in shown]
        return np.stack([one.pixels for one in shown]), np.stack(targets)

    def _taken(self, scene: Labelled, number: tuple[int, int, int]) -> Labelled:
        rng = np.random.default_rng((self.seed, *number))
        widths = [float(np.ptp(plate[:, 0])) for plate in scene.outlines]
        light = lit(rng, scene.pixels, scene.corners)
        return scene.with_pixels(degraded(rng, light, min([_BLUR_WIDTH_PX, *widths])))

    def _batch(self, number: int) -> list[Labelled]:
        """Put together once for all its takes: the scenes of one round are kept."""
        if number not in self._scenes:
            if len(self._scenes) >= _ROUND:
                self._scenes.clear()
            size_px, count = BATCHES[number % len(BATCHES)]
            self._scenes[number] = [self._composed((number, index), size_px) for index in range(count)]
        return self._scenes[number]

    def _composed(self, number: tuple[int, int], size_px: tuple[int, int]) -> Labelled:
        rng = np.random.default_rng((self.seed, *number))
        if size_px[0] >= _TILED_FROM_PX and happens(rng, _TILED):
            return compose(rng, self._tiled(rng, size_px), self._plate)
        if self.photographs and happens(rng, _PHOTOGRAPHS):
            return view(rng, pick(rng, self.photographs), size_px, self._plate)
        return compose(rng, self.backgrounds.piece(rng, size_px), self._plate)

    def _tiled(self, rng: np.random.Generator, size_px: tuple[int, int]) -> Labelled:
        """Four pieces, of backgrounds and photographs, side by side and one above the other."""
        across, down = (round(side * rng.uniform(*_MIDDLE)) for side in size_px)
        pixels, told = np.zeros((*size_px[::-1], 3), np.uint8), np.full(size_px[::-1], 255, np.uint8)
        corners, boxes = [], []
        for left, right in ((0, across), (across, size_px[0])):
            for top, bottom in ((0, down), (down, size_px[1])):
                size = (right - left, bottom - top)
                if self.photographs and happens(rng, _PHOTOGRAPHS):
                    piece = view(rng, pick(rng, self.photographs), size, self._plate)
                else:
                    piece = self.backgrounds.piece(rng, size)
                pixels[top:bottom, left:right] = piece.pixels
                if piece.told is not None:
                    told[top:bottom, left:right] = piece.told
                at = np.array([left, top], np.float32)
                corners += [plate + at for plate in piece.corners]
                boxes += [plate + at for plate in piece.boxes]
        return Labelled(pixels, corners, boxes, told)

    def _plate(self, rng: np.random.Generator, width_px: int) -> Pixels:
        kind = pick(rng, _KINDS) if happens(rng, _ANY_KIND) else None
        return draw(rng, self.glyphs, kind, width_px=width_px).pixels
