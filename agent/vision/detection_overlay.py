"""What the readers found, drawn over the picture that people see: where it lies, and how long it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from agent.vision.worker.protocol import Detection, SeenCode, SeenPlate, SeenVin

SHOWN_FOR_S: Final = 1.6
"""Readers look once a second at a picture in which nothing changes: until then what they found is taken to be there."""

Corner = tuple[float, float]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CodeMark:
    """A code in the picture. `corners`: four x, y, or none, as fractions of width and height.

    `module_px`: 0, not known.
    """

    corners: tuple[Corner, ...]
    module_px: float


@dataclass(frozen=True, slots=True)
class PlateMark:
    """A plate in the picture. `corners`: four x, y of its box, as fractions of width and height.

    `confidence`: probability of the whole text, 0..1. `character_px`: height of a character, 0 where it is not known.
    """

    corners: tuple[Corner, ...]
    text: str
    confidence: float
    character_px: float


@dataclass(frozen=True, slots=True)
class VinMark:
    """A VIN in the picture. `corners`, `confidence`: as of a plate."""

    corners: tuple[Corner, ...]
    text: str
    confidence: float


class DetectionOverlay:
    """Hold what was found last in the pictures of one camera. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._codes: tuple[float, tuple[SeenCode, ...]] = (0.0, ())
        self._plates: tuple[float, tuple[SeenPlate, ...]] = (0.0, ())
        self._vins: tuple[float, tuple[SeenVin, ...]] = (0.0, ())

    def clear(self) -> None:
        """Forget everything."""
        self._codes = self._plates = self._vins = (0.0, ())

    def add(self, detection: Detection) -> None:
        """Note what the readers found in a frame."""
        if detection.codes:
            self._codes = (detection.at, detection.codes)
        if detection.plates:
            self._plates = (detection.at, detection.plates)
        if detection.vins:
            self._vins = (detection.at, detection.vins)

    def codes(self, at: float, size_px: tuple[int, int]) -> tuple[CodeMark, ...]:
        """The codes to show in a frame of this time, width and height."""
        return tuple(_code_mark(code, size_px) for code in _fresh(self._codes, at))

    def plates(self, at: float, size_px: tuple[int, int]) -> tuple[PlateMark, ...]:
        """The plates to show in a frame of this time, width and height."""
        return tuple(_plate_mark(plate, size_px) for plate in _fresh(self._plates, at))

    def vins(self, at: float, size_px: tuple[int, int]) -> tuple[VinMark, ...]:
        """The VINs to show in a frame of this time, width and height."""
        return tuple(VinMark(_outline(vin.box, size_px), vin.text, vin.confidence) for vin in _fresh(self._vins, at))


def _fresh(found: tuple[float, tuple[T, ...]], at: float) -> tuple[T, ...]:
    """What was found, unless it is too old for a frame of this time."""
    return found[1] if abs(at - found[0]) <= SHOWN_FOR_S else ()


def _code_mark(code: SeenCode, size_px: tuple[int, int]) -> CodeMark:
    return CodeMark(tuple((x / size_px[0], y / size_px[1]) for x, y in code.corners), code.module_px)


def _plate_mark(plate: SeenPlate, size_px: tuple[int, int]) -> PlateMark:
    return PlateMark(_outline(plate.box, size_px), plate.text, plate.confidence, plate.character_px)


def _outline(box: tuple[int, int, int, int], size_px: tuple[int, int]) -> tuple[Corner, ...]:
    left, top, width, height = box
    outline = ((left, top), (left + width, top), (left + width, top + height), (left, top + height))
    return tuple((x / size_px[0], y / size_px[1]) for x, y in outline)
