"""Which peaks of the network's heat become finds."""

from __future__ import annotations

import numpy as np
import pytest

from agent.vision.worker.plate.detector import THRESHOLD, PlateDetector


class Network:
    """One that is this hot at one cell, for a plate this wide in its picture."""

    def __init__(self, heat: float, width_px: float) -> None:
        self._heat, self._half = heat, width_px / 2

    def run(self, _: object, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        (_, rows, columns, _) = inputs["picture"].shape
        cells = np.zeros((1, 9, rows // 8, columns // 8), np.float32)
        cells[0, 0] = -9
        cells[0, 0, 10, 20] = np.log(self._heat / (1 - self._heat))
        half, low = self._half / 32, self._half / 3 / 32
        cells[0, 1:, 10, 20] = (-half, -low, half, -low, half, low, -half, low)
        return [cells]


@pytest.mark.parametrize(
    ("heat", "width_px", "frame_px", "found"),
    [
        (THRESHOLD + 0.02, 41, 640, True),
        (THRESHOLD - 0.02, 41, 640, False),
        (THRESHOLD + 0.02, 39, 640, False),
        (THRESHOLD + 0.13, 39, 640, False),
        (THRESHOLD + 0.17, 39, 640, True),
        (THRESHOLD + 0.02, 21, 1280, True),
        (THRESHOLD + 0.02, 19, 1280, False),
    ],
    ids=["near", "near, too cold", "far", "far, warm", "far, hot", "near in a finer frame", "far in a finer frame"],
)
def test_what_is_far_in_the_picture_itself_needs_a_surer_find(
    heat: float, width_px: float, frame_px: int, found: bool
) -> None:
    detector = PlateDetector(session=Network(heat, width_px))

    finds = detector.find(np.zeros((frame_px * 9 // 16, frame_px, 3), np.uint8), 640)

    assert bool(finds) is found
    for one in finds:
        assert one.score == pytest.approx(heat)
        assert one.box[2] == pytest.approx(width_px * frame_px / 640, rel=1e-3)
