"""The close looks for a plate whose corners the first look found too loosely."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.core.plates.certainty import ACCEPTED
from agent.vision.worker.plate.box import extent
from agent.vision.worker.plate.close_up import close_up, upright_close_up
from agent.vision.worker.plate.detector import PlateBox, PlateDetector
from agent.vision.worker.plate.reader import PlateReader
from drivers.camera.simulated_yard.plate import draw_plate

LEFT, TOP, WIDTH, HEIGHT = 700, 400, 110, 35


@pytest.fixture(scope="module")
def detector() -> PlateDetector:
    return PlateDetector()


def frame(text: str = "") -> np.ndarray:
    picture = np.full((1080, 1920, 3), (95, 92, 90), np.uint8)
    if text:
        flat = cv2.resize(draw_plate(text), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        picture[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = flat
    return picture


def loose(left: float, top: float, right: float, bottom: float) -> PlateBox:
    """A detection that is off at each side by a share of the plate's width or height."""
    x, y = LEFT + left * WIDTH, TOP + top * HEIGHT
    across, down = (1 - left + right) * WIDTH, (1 - top + bottom) * HEIGHT
    corners = np.array([[x, y], [x + across, y], [x + across, y + down], [x, y + down]], np.float32)
    return PlateBox(corners, (x, y, across, down), 0.6)


OFF = [
    (0.15, 0.0, 0.0, 0.0),
    (0.0, 0.0, -0.15, 0.0),
    (-0.2, -0.3, 0.2, 0.3),
    (0.12, 0.2, 0.1, 0.3),
    (0.1, -0.3, -0.1, 0.1),
]


@pytest.mark.parametrize("off", OFF)
def test_loose_corners_become_tight(detector: PlateDetector, off: tuple[float, float, float, float]) -> None:
    found = close_up(detector, frame("新A12345"), loose(*off))

    assert found is not None
    right, bottom = LEFT + WIDTH, TOP + HEIGHT
    wanted = np.array([[LEFT, TOP], [right, TOP], [right, bottom], [LEFT, bottom]])
    assert np.abs(found.corners - wanted).max() < 0.08 * WIDTH


@pytest.mark.parametrize("off", OFF)
def test_what_loose_corners_cut_off_is_read_after_the_second_look(
    off: tuple[float, float, float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the detector gave at first: the reader is as sure of the whole plate as with tight corners."""
    reader = PlateReader()
    find = PlateDetector.find

    def first_look_is_loose(self: PlateDetector, pixels: np.ndarray, longest_px: int = 640) -> list[PlateBox]:
        return [loose(*off)] if pixels.shape[:2] == (1080, 1920) else find(self, pixels, longest_px)

    monkeypatch.setattr(PlateDetector, "find", first_look_is_loose)

    assert [plate.text for plate in reader.read(frame("粤B7Q88K"))] == ["粤B7Q88K"]


def test_nothing_is_found_where_no_plate_is(detector: PlateDetector) -> None:
    assert close_up(detector, frame(), loose(0, 0, 0, 0)) is None


@pytest.mark.parametrize(
    "box", [(0.0, 0.0, 1.0, 1.0), (1919.0, 1079.0, 30.0, 9.0), (-50.0, -20.0, 30.0, 9.0), (5.0, 5.0, 4000.0, 9.0)]
)
def test_a_detection_at_the_edge_or_of_no_size_does_no_harm(
    detector: PlateDetector, box: tuple[float, float, float, float]
) -> None:
    assert close_up(detector, frame(), PlateBox(np.zeros((4, 2), np.float32), box, 0.5)) is None


STEEP = np.array([[700, 520], [852, 420], [862, 478], [712, 582]], np.float32)
"""As of a car that turns: the right end is 100 pixels higher, and the width is seen shortened."""


def steep_frame(text: str) -> np.ndarray:
    picture = np.full((1080, 1920, 3), (95, 92, 90), np.uint8)
    flat = draw_plate(text)
    height, width = flat.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(corners, STEEP)
    shown = cv2.warpPerspective(np.full_like(flat, 255), turn, (1920, 1080)) > 0
    picture[shown] = cv2.warpPerspective(flat, turn, (1920, 1080), flags=cv2.INTER_AREA)[shown]
    return picture


def moved(across: float, down: float, wider: float) -> PlateBox:
    """A detection of the steep plate that is off along its sides, by shares of them."""
    right, below = STEEP[1] - STEEP[0], STEEP[3] - STEEP[0]
    corners = STEEP + across * right + down * below
    corners = (corners.mean(axis=0) + (corners - corners.mean(axis=0)) * wider).astype(np.float32)
    return PlateBox(corners, extent(corners), 0.5)


@pytest.mark.parametrize(
    "off", [(0.0, 0.0, 1.0), (-0.15, 0.1, 1.0), (0.12, -0.2, 1.0), (0.0, 0.0, 1.3), (0.05, 0.0, 0.8)]
)
def test_loose_corners_of_a_steep_plate_become_tight(detector: PlateDetector, off: tuple[float, float, float]) -> None:
    found = upright_close_up(detector, steep_frame("新A12345"), moved(*off))

    assert found is not None
    assert np.abs(found.corners - STEEP).max() < 0.1 * np.linalg.norm(STEEP[1] - STEEP[0])
    assert found.box == extent(found.corners)


def test_a_steep_plate_whose_corners_are_loose_is_read_surely(monkeypatch: pytest.MonkeyPatch) -> None:
    find = PlateDetector.find

    def first_look_is_loose(self: PlateDetector, pixels: np.ndarray, longest_px: int = 640) -> list[PlateBox]:
        return [moved(-0.15, 0.1, 1.0)] if pixels.shape[:2] == (1080, 1920) else find(self, pixels, longest_px)

    monkeypatch.setattr(PlateDetector, "find", first_look_is_loose)

    (plate,) = PlateReader().read(steep_frame("粤B7Q88K"))

    assert (plate.text, plate.confidence >= ACCEPTED) == ("粤B7Q88K", True)


def test_nothing_is_found_upright_where_no_plate_is(detector: PlateDetector) -> None:
    assert upright_close_up(detector, frame(), moved(0, 0, 1)) is None


@pytest.mark.parametrize(
    "corners",
    [
        [[0, 0], [0, 0], [0, 0], [0, 0]],
        [[10, 10], [90, 10], [90, 10], [10, 10]],
        [[10, 10], [90, 90], [91, 91], [11, 11]],
        [[-300, -90], [-210, -90], [-210, -60], [-300, -60]],
        [[1915, 1075], [2020, 1080], [2020, 1110], [1915, 1105]],
    ],
)
def test_an_outline_of_no_size_or_outside_does_no_harm_upright(
    detector: PlateDetector, corners: list[list[float]]
) -> None:
    outline = np.array(corners, np.float32)

    assert upright_close_up(detector, frame(), PlateBox(outline, extent(outline), 0.5)) is None
