"""Reads the VINs that a picture shows: in bars and Data Matrix, small ones and turned ones too, and in print.

What it takes from a symbol stood there, whole; there it never guesses a character. QR codes are read by those who look
for permits.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from agent.core.model import VinSource, vins_in
from agent.core.vin_match import NEIGHBOURS_APART, differences
from agent.vision.worker.picture_selector import crop_jpeg, decoded
from agent.vision.worker.protocol import MOST_VINS
from agent.vision.worker.vin.bars import bar_groups, strip_of
from agent.vision.worker.vin.engine import ENGINE_ERRORS, read_bars, read_matrices
from agent.vision.worker.vin.printed import PrintedVinReader
from agent.vision.worker.vin.squares import squares
from agent.vision.worker.vin.texture import CELL_PX, texture_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from numpy.typing import NDArray

    from agent.core.model import Position
    from agent.vision.worker.vin.bars import Strip
    from agent.vision.worker.vin.engine import Corners, Symbol
    from agent.vision.worker.vin.printed import PrintedVin
    from agent.vision.worker.vin.texture import Texture

    Pixels = NDArray[np.uint8]

_LONGEST_PX: Final = 2560
_WAYS: Final[tuple[Callable[[Strip], Pixels], ...]] = (
    lambda strip: strip.averaged(7.0),
    lambda strip: strip.averaged(13.0),
    lambda strip: strip.sharpened(13.0),
    lambda strip: strip.averaged(0.0),
)
"""How a strip is treated, until a VIN is read. More rows take more noise away, fewer bear bars that do not run quite
alike."""
_CAREFUL: Final = 2
"""So many groups are read in all these ways, the others in the first one alone, for the sake of time."""
_MARGIN_SHARE: Final = 0.12
_MARGIN_PX: Final = 24.0
_LONGEST_CROP_PX: Final = 1280
_KEPT_BUDGET_MS: Final = 300.0
"""CPU time after which no further line of a kept picture is begun: it is small, and read once."""


@dataclass(frozen=True, slots=True)
class VinFound:
    """A VIN in a picture. `source`: the kind of code, or print. `box`: its x, y, width and height, pixels.

    `crop`: the part of the picture that shows it, BGR; `legible`: kept as JPEG it reads as this VIN once more.
    `confidence`, `positions`, `columns`: as in agent.core.model.observations.VinReading.
    """

    text: str
    source: VinSource
    box: tuple[int, int, int, int]
    crop: Pixels
    legible: bool
    confidence: float = 1.0
    positions: tuple[Position, ...] = ()
    columns: bytes = b""


@dataclass(frozen=True, slots=True)
class KeptVin:
    """A VIN in a kept picture; the fields are those of VinFound."""

    text: str
    source: VinSource
    confidence: float = 1.0
    positions: tuple[Position, ...] = ()
    columns: bytes = b""


class VinReader:
    """Read the VINs of pictures. One thread owns it.

    `failures` counts, by kind of code, the pictures on which the engine raised an error.
    """

    def __init__(self, printed: PrintedVinReader | None = None) -> None:
        """`printed`: what reads VINs in print; without it those in codes are read alone."""
        self.failures: Counter[str] = Counter()
        self._printed = printed

    @classmethod
    def with_print(cls) -> VinReader:
        """One that reads those in print too. Raises WeightsError when the file of its network is missing or wrong."""
        return cls(PrintedVinReader())

    def read(self, pixels: Pixels) -> list[VinFound]:
        """The VINs in a BGR picture, shape (height, width, 3), 8 bit; each once, 4 at most, those in codes first."""
        grey, scale = _grey(pixels)
        in_codes = self._in_codes(grey, scale)
        found = [self._found(pixels, KeptVin(text, source), corners) for text, (source, corners) in in_codes.items()]
        in_print = [] if self._printed is None else self._printed.read(grey)
        for one in _beside(in_print, in_codes)[: MOST_VINS - len(found)]:
            corners = tuple((x / scale, y / scale) for x, y in one.line.corners)
            found.append(self._found(pixels, _kept(one), corners))
        return found

    def read_kept(self, jpeg: bytes) -> dict[str, KeptVin]:
        """The VINs in a picture that was kept of one, JPEG, by their texts; none where it is no picture."""
        pixels = decoded(jpeg)
        if pixels is None:
            return {}
        grey, scale = _grey(pixels)
        in_codes = self._in_codes(grey, scale)
        in_print = [] if self._printed is None else self._printed.read_once(grey, _KEPT_BUDGET_MS)
        found = [KeptVin(text, source) for text, (source, _) in in_codes.items()]
        found += [_kept(one) for one in _beside(in_print, in_codes)]
        return {one.text: one for one in found[:MOST_VINS]}

    def _found(self, pixels: Pixels, vin: KeptVin, corners: Corners) -> VinFound:
        box = _box(corners, pixels.shape)
        crop = _crop(pixels, box)
        return VinFound(
            text=vin.text,
            source=vin.source,
            box=box,
            crop=crop,
            legible=self._is_kept_by(crop_jpeg(crop), vin),
            confidence=vin.confidence,
            positions=vin.positions,
            columns=vin.columns,
        )

    def _is_kept_by(self, jpeg: bytes, vin: KeptVin) -> bool:
        """Whether a picture of it reads as the same VIN once more, from the same kind of source."""
        pixels = decoded(jpeg)
        if pixels is None:
            return False
        grey, scale = _grey(pixels)
        if vin.source is VinSource.PRINT and self._printed is not None:
            return self._printed.shows(grey, vin.text, _KEPT_BUDGET_MS)
        again = self._in_codes(grey, scale).get(vin.text)
        return again is not None and again[0] is vin.source

    def _in_codes(self, grey: Pixels, scale: float) -> dict[str, tuple[VinSource, Corners]]:
        """The VINs in codes by their texts, with the place of the first code that holds each."""
        if min(grey.shape) < CELL_PX:
            return {}
        texture = texture_of(grey)
        found: dict[str, tuple[VinSource, Corners]] = {}
        for symbol in (*self._bars(grey, texture), *self._matrices(grey, texture)):
            corners = tuple((x / scale, y / scale) for x, y in symbol.corners)
            for vin in vins_in(symbol.text):
                found.setdefault(vin, (symbol.source, corners))
        return dict(list(found.items())[:MOST_VINS])

    def _bars(self, grey: Pixels, texture: Texture) -> Iterable[Symbol]:
        for place, group in enumerate(bar_groups(texture)):
            strip = strip_of(grey, group)
            for treated in _WAYS if place < _CAREFUL else _WAYS[:1]:
                seen = self._tried("bars", partial(read_bars, treated(strip)))
                for symbol in seen:
                    yield symbol.placed(strip.in_picture(strip.whole_height(symbol.corners)))
                if any(vins_in(symbol.text) for symbol in seen):
                    break

    def _matrices(self, grey: Pixels, texture: Texture) -> Iterable[Symbol]:
        # The whole picture is for the large ones: they fit into no square.
        yield from self._tried("data_matrix", partial(read_matrices, grey, inverted=False))
        for square in squares(grey, texture):
            seen = self._tried("data_matrix", partial(read_matrices, square.pixels, inverted=True))
            for symbol in seen:
                yield symbol.placed(square.in_picture(symbol.corners))

    def _tried(self, kind: str, read: Callable[[], list[Symbol]]) -> list[Symbol]:
        try:
            return read()
        except ENGINE_ERRORS:
            self.failures[kind] += 1
            return []


def _beside(in_print: Iterable[PrintedVin], in_codes: Collection[str]) -> list[PrintedVin]:
    """The printed ones that are not those of a code, nor misread from what is printed under it."""
    return [one for one in in_print if all(differences(one.text, text) > NEIGHBOURS_APART for text in in_codes)]


def _kept(printed: PrintedVin) -> KeptVin:
    return KeptVin(printed.text, VinSource.PRINT, printed.confidence, printed.positions, printed.columns)


def _grey(pixels: Pixels) -> tuple[Pixels, float]:
    """The picture in grey, shrunk where it is very large; and how many of its pixels make one."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _LONGEST_PX / max(height, width))
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False), scale


def _box(corners: Corners, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The upright box of an outline, inside the picture."""
    spots = np.array(corners)
    left, top = (max(0, int(value)) for value in spots.min(axis=0))
    right, bottom = (
        min(limit, int(value) + 1) for value, limit in zip(spots.max(axis=0), (shape[1], shape[0]), strict=True)
    )
    left, top = min(left, shape[1] - 1), min(top, shape[0] - 1)
    return left, top, max(1, right - left), max(1, bottom - top)


def _crop(pixels: Pixels, box: tuple[int, int, int, int]) -> Pixels:
    """What is kept of a VIN: its box with a margin."""
    left, top, width, height = box
    margin = round(_MARGIN_PX + _MARGIN_SHARE * max(width, height))
    part = pixels[max(0, top - margin) : top + height + margin, max(0, left - margin) : left + width + margin]
    scale = min(1.0, _LONGEST_CROP_PX / max(part.shape[:2]))
    if scale < 1:
        size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        return cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return np.ascontiguousarray(part)
