"""The colour of a plate under the lights of a yard, and what it says of the kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest

from agent.core.plates.colours import PlateColour, possible, refined
from agent.core.plates.formats import FORMATS, PlateKind, kinds_of
from agent.vision.worker.plate.colour import Light, colour_of, light_of
from agent.vision.worker.plate.rectify import flatten
from drivers.camera.simulated_yard.plate import STYLES, TWO_LINE_STYLES, draw_plate
from drivers.camera.simulated_yard.scene import Scene, Vehicle, draw_scene

Pixels = np.ndarray
Lit = Callable[[Pixels], Pixels]

PLATES = [
    ("cn_blue", "新A12345", PlateColour.BLUE),
    ("cn_yellow", "新A12345", PlateColour.YELLOW),
    ("cn_green", "新AD12345", PlateColour.GREEN),
    ("cn_large_green", "新A12345D", PlateColour.YELLOW_GREEN),
    ("cn_white", "新A1234警", PlateColour.WHITE),
    ("cn_black", "粤Z1234港", PlateColour.BLACK),
    ("cn_temporary", "新A12345临", PlateColour.BLUE),
    ("cn_yellow_rear", "新A1234挂", PlateColour.YELLOW),
    ("kz", "498VDZ08", PlateColour.WHITE),
    ("kz_yellow", "A444501", PlateColour.YELLOW),
    ("kz_red", "D123456", PlateColour.RED),
    ("kz_1993", "A123BCD", PlateColour.WHITE),
    ("kz_square", "241VBZ10", PlateColour.WHITE),
]


def lit(blue: float, green: float, red: float, *, noise: float = 0.0, blur_px: float = 0.0) -> Lit:
    """Light of a colour on the whole scene; `noise` in grey levels, `blur_px` the deviation of a Gaussian."""

    def light(pixels: Pixels) -> Pixels:
        shown = pixels.astype(np.float32) * (blue, green, red)
        if blur_px:
            shown = cv2.GaussianBlur(shown, (0, 0), blur_px)
        shown += np.random.default_rng(5).normal(0, noise, shown.shape) if noise else 0
        return np.clip(shown, 0, 255).astype(np.uint8)

    return light


LIGHTS = {
    "daylight": lit(1, 1, 1),
    "bright": lit(1.6, 1.6, 1.6),
    "evening": lit(0.7, 0.95, 1.15),
    "sodium lamps": lit(0.5, 0.85, 1.2),
    "shade": lit(1.2, 1, 0.8),
    "dusk": lit(0.23, 0.22, 0.2, noise=4),
    "out of focus": lit(1, 1, 1, noise=3, blur_px=2),
}


@cache
def drawn(style: str, text: str) -> Pixels:
    return cv2.resize(
        draw_scene(Scene(vehicle=Vehicle(plate=text, style=style))), (640, 360), interpolation=cv2.INTER_AREA
    )


def shown(style: str, text: str, light: Lit) -> tuple[Pixels, Light]:
    """The plate of a drawn vehicle, flattened, and the light of its frame."""
    frame = light(drawn(style, text))
    size = {**STYLES, **TWO_LINE_STYLES}[style]
    width = 100 * size.width_px / 440
    height = width * size.height_px / size.width_px
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]], np.float32) / 2
    corners += np.array([345, 267.5], np.float32)
    return flatten(frame, corners, (288, 80)), light_of(frame)


@pytest.mark.parametrize("light", LIGHTS)
@pytest.mark.parametrize(("style", "text", "colour"), PLATES)
def test_a_plate_keeps_its_colour_in_every_light(style: str, text: str, colour: PlateColour, light: str) -> None:
    assert colour_of(*shown(style, text, LIGHTS[light])) is colour


@pytest.mark.parametrize(("style", "text", "colour"), PLATES)
def test_by_infrared_no_colour_is_known(style: str, text: str, colour: PlateColour) -> None:
    def infrared(pixels: Pixels) -> Pixels:
        return cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)

    assert colour_of(*shown(style, text, infrared)) is PlateColour.NOT_KNOWN


@pytest.mark.parametrize(("style", "text", "colour"), PLATES)
def test_in_the_dark_a_plate_has_its_colour_or_none(style: str, text: str, colour: PlateColour) -> None:
    dark = lit(0.08, 0.08, 0.08, noise=2)

    assert colour_of(*shown(style, text, dark)) in {colour, PlateColour.NOT_KNOWN}


@pytest.mark.parametrize("level", [0, 90, 255])
def test_where_nothing_is_printed_there_is_no_colour(level: int) -> None:
    assert colour_of(np.full((80, 288, 3), level, np.uint8), Light()) is PlateColour.NOT_KNOWN


def test_a_frame_of_one_colour_is_not_taken_for_coloured_light() -> None:
    yellow = light_of(np.full((400, 600, 3), (0, 170, 245), np.uint8))

    assert not yellow.grey
    assert all(1 / 1.6 <= gain <= 1.6 for gain in yellow.gains)


@pytest.mark.parametrize(
    ("kind", "colour", "wanted"),
    [
        (PlateKind.CIVIL, PlateColour.BLUE, PlateKind.CIVIL_BLUE),
        (PlateKind.CIVIL, PlateColour.YELLOW, PlateKind.CIVIL_YELLOW),
        (PlateKind.CIVIL, PlateColour.NOT_KNOWN, PlateKind.CIVIL),
        (PlateKind.CIVIL, PlateColour.GREEN, PlateKind.CIVIL),
        (PlateKind.CIVIL, PlateColour.BLACK, PlateKind.CIVIL),
        (PlateKind.POLICE, PlateColour.BLUE, PlateKind.POLICE),
        (PlateKind.NEW_ENERGY_SMALL, PlateColour.YELLOW, PlateKind.NEW_ENERGY_SMALL),
        (PlateKind.KAZAKHSTAN, PlateColour.YELLOW, PlateKind.KAZAKHSTAN),
        (PlateKind.KAZAKHSTAN_FOREIGN, PlateColour.RED, PlateKind.KAZAKHSTAN_DIPLOMATIC),
        (PlateKind.KAZAKHSTAN_FOREIGN, PlateColour.NOT_KNOWN, PlateKind.KAZAKHSTAN_FOREIGN),
        (PlateKind.KAZAKHSTAN_DIPLOMATIC, PlateColour.YELLOW, PlateKind.KAZAKHSTAN_FOREIGN),
        (PlateKind.KAZAKHSTAN_DIPLOMATIC, PlateColour.RED, PlateKind.KAZAKHSTAN_DIPLOMATIC),
    ],
)
def test_the_colour_tells_the_kind_where_the_format_leaves_it_open(
    kind: PlateKind, colour: PlateColour, wanted: PlateKind
) -> None:
    assert refined(kind, colour) is wanted


def test_every_plate_that_the_yard_draws_has_its_colour_here() -> None:
    assert {style for style, _, _ in PLATES} == {*STYLES, *TWO_LINE_STYLES}
    assert all(draw_plate(text, style).size for style, text, _ in PLATES)


@pytest.mark.parametrize(
    ("kind", "colour", "may_be"),
    [
        (PlateKind.CIVIL, PlateColour.BLUE, True),
        (PlateKind.CIVIL, PlateColour.BLACK, True),
        (PlateKind.CIVIL, PlateColour.NOT_KNOWN, True),
        (PlateKind.CIVIL, PlateColour.GREEN, False),
        (PlateKind.CIVIL, PlateColour.YELLOW_GREEN, False),
        (PlateKind.NEW_ENERGY_SMALL, PlateColour.GREEN, True),
        (PlateKind.NEW_ENERGY_LARGE, PlateColour.YELLOW_GREEN, True),
        (PlateKind.NEW_ENERGY_SMALL, PlateColour.NOT_KNOWN, True),
        (PlateKind.NEW_ENERGY_SMALL, PlateColour.BLUE, False),
        (PlateKind.TRAILER, PlateColour.BLUE, False),
        (PlateKind.TRAILER, PlateColour.WHITE, True),
        (PlateKind.HONG_KONG, PlateColour.YELLOW, False),
        (PlateKind.KAZAKHSTAN, PlateColour.WHITE, True),
        (PlateKind.KAZAKHSTAN, PlateColour.BLUE, True),  # white, in the shade of a clear day
        (PlateKind.KAZAKHSTAN_1993, PlateColour.BLUE, False),
        (PlateKind.LATIN, PlateColour.RED, True),
    ],
)
def test_a_kind_that_has_no_such_colour_was_misread(kind: PlateKind, colour: PlateColour, may_be: bool) -> None:
    assert possible(kind, colour) is may_be


def test_every_format_may_have_some_colour_and_every_drawn_plate_its_own() -> None:
    assert all(any(possible(plate.kind, colour) for colour in PlateColour) for plate in FORMATS)
    for _, text, colour in PLATES:
        assert any(possible(kind, colour) for kind in kinds_of(text)), text
