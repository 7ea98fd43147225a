"""The second, close look for a plate whose corners the first one found too loosely."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.vision.worker.plate.close_up import close_up
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
