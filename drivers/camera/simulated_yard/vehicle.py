"""Draw a vehicle at the barrier, from the front: its plate at the bumper, or on paper behind its windscreen, its label.

What stands behind the windscreen is drawn larger than life, as a camera sees it that is aimed at it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from drivers.camera.simulated_yard.perspective import place, rectangle
from drivers.camera.simulated_yard.plate import StyleName, draw_paper_plate, draw_plate
from drivers.camera.simulated_yard.vin_label import SQUARES, LabelCode, draw_label

if TYPE_CHECKING:
    import numpy.typing as npt

    from drivers.camera.simulated_yard.perspective import Pixels

_PAPER: Final = (748, 288)
_SQUARE: Final = (622, 288)
_BONNET: Final = (690, 386)
"""The middle of a paper plate and of a label with a square code, behind the windscreen, and of one on the bonnet."""
_PAPER_WIDTH_PX: Final = 116
_SQUARE_WIDTH_PX: Final = 74
_BONNET_WIDTH_PX: Final = 396
_CLEAR: Final = 0.82
_VEIL: Final = 22.0
_BAND: Final = 46.0
"""What glass does: the share of the light that it lets by, the grey levels that it adds, and more in a reflection."""


class VinLabel(BaseModel):
    """A maker's label with the vehicle's VIN, as a code or in print.

    Square codes stand behind the windscreen, bars and print under the film that covers the bonnet of a new car.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    vin: str = Field(pattern="^[0-9A-Z]{17,18}$")
    code: LabelCode = "data_matrix"


class Vehicle(BaseModel):
    """A vehicle at the barrier. `style` is a plate style of the yard; no plate when `plate` is empty.

    `on_paper`: the plate is a temporary one on paper behind the windscreen, which has a look of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    plate: str = Field(default="", max_length=12)
    style: StyleName = "cn_blue"
    on_paper: bool = False
    label: VinLabel | None = None


def draw_vehicle(pixels: Pixels, vehicle: Vehicle, rng: np.random.Generator) -> None:
    """Draw a vehicle into the yard; `rng` gives its paint, and how things on it are tilted."""
    paint = tuple(int(value) for value in rng.integers(30, 120, 3))
    dark = tuple(int(value * 0.55) for value in paint)
    dx = int(rng.integers(-15, 15))

    def at(*points: tuple[int, int]) -> npt.NDArray[np.int32]:
        return np.array([(x + dx, y) for x, y in points], np.int32)

    cv2.ellipse(pixels, (690 + dx, 640), (300, 28), 0, 0, 360, (55, 55, 58), -1, cv2.LINE_AA)
    for x in (470, 850):
        cv2.rectangle(pixels, (x + dx, 560), (x + 62 + dx, 652), (30, 30, 30), -1)
    cv2.fillPoly(pixels, [at((520, 330), (570, 235), (810, 235), (860, 330))], paint, cv2.LINE_AA)
    cv2.fillPoly(pixels, [at((545, 326), (585, 250), (795, 250), (835, 326))], (95, 85, 70), cv2.LINE_AA)
    cv2.fillPoly(
        pixels, [at((445, 430), (515, 328), (865, 328), (935, 430), (935, 590), (445, 590))], paint, cv2.LINE_AA
    )
    cv2.rectangle(pixels, (445 + dx, 590), (935 + dx, 615), dark, -1)
    cv2.rectangle(pixels, (580 + dx, 425), (800 + dx, 480), (45, 45, 48), -1)
    for x in (505, 875):
        cv2.ellipse(pixels, (x + dx, 450), (46, 26), 0, 0, 360, (235, 240, 245), -1, cv2.LINE_AA)
    if vehicle.label is not None:
        _put_label(pixels, vehicle.label, dx)
    if vehicle.plate and vehicle.on_paper:
        paper = _behind_glass(draw_paper_plate(vehicle.plate), dx)
        _put(pixels, paper, (_PAPER[0] + dx, _PAPER[1]), _PAPER_WIDTH_PX, rng.uniform(-2.0, 2.0, (4, 2)))
    elif vehicle.plate:
        plate = draw_plate(vehicle.plate, vehicle.style)
        width = 200 * plate.shape[1] / 440
        _put(pixels, plate, (690 + dx, 535), width, rng.uniform(-2.5, 2.5, (4, 2)))


def _put_label(pixels: Pixels, label: VinLabel, dx: int) -> None:
    card = draw_label(label.vin, label.code)
    # Tilts of its own: a label changes nothing else of the picture.
    tilt = np.random.default_rng(sum(label.vin.encode())).uniform(-1.5, 1.5, (4, 2))
    if label.code in SQUARES:
        _put(pixels, _behind_glass(card, dx), (_SQUARE[0] + dx, _SQUARE[1]), _SQUARE_WIDTH_PX, tilt)
    else:
        _put(pixels, card, (_BONNET[0] + dx, _BONNET[1]), _BONNET_WIDTH_PX, tilt)


def _put(pixels: Pixels, card: Pixels, centre: tuple[int, int], width: float, tilt: npt.NDArray[np.float64]) -> None:
    """Put a card with its middle at `centre`, so many pixels wide; `tilt`: how far off its corners are, pixels."""
    height = width * card.shape[0] / card.shape[1]
    placed = rectangle(width, height) - np.array([width / 2, height / 2]) + np.array(centre) + tilt
    place(pixels, card, placed.astype(np.float32))


def _behind_glass(card: Pixels, seed: int) -> Pixels:
    """The card behind a windscreen, with a soft slanting reflection across it."""
    rows, columns = np.mgrid[: card.shape[0], : card.shape[1]].astype(np.float32)
    middle = (0.35 + 0.02 * seed) * card.shape[1]
    away = np.abs(columns + 0.4 * rows - middle) / (0.12 * card.shape[1])
    light = _VEIL + _BAND * np.exp(-(away**2))
    seen: Pixels = np.clip(card * _CLEAR + light[..., None], 0, 255).astype(np.uint8)
    return seen
