"""From pixels to what counts: a yard with a poster, and vehicles that come, wait behind one another and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from agent.core.plates.bystanders import Bystanders
from agent.core.plates.vote import vote
from agent.vision.mapping import DetectionMapper
from agent.vision.worker.detections import DetectionBuilder
from agent.vision.worker.latest_frame import NumberedFrame
from agent.vision.worker.plate.reader import PlateReader
from agent.vision.worker.protocol import Configure
from drivers.api import Frame
from drivers.camera.simulated_yard.plate import draw_plate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent.core.model.observations import Reading

Shown = tuple[str, int, int, int]
"""Text, left, top and width in pixels."""

POSTER: Shown = ("川A11223", 60, 80, 150)
STEP_S = 0.5
GROUND = np.random.default_rng(2).integers(86, 99, (720, 1280, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def reader() -> PlateReader:
    return PlateReader()


class Yard:
    """A camera and the loop before the arm, two frames a second."""

    def __init__(self, reader: PlateReader) -> None:
        self._reader = reader
        self._detections = DetectionBuilder(Configure(camera_kind="x", camera={}))
        self._translator = DetectionMapper("exit/front", 0, 0.0, 2.0)
        self._bystanders = Bystanders()
        self._number = 0

    def shows(self, plates: Iterable[Shown], *, present: bool) -> tuple[Reading, ...]:
        """One frame later: the readings that count."""
        self._number += 1
        at = self._number * STEP_S
        frame = Frame(picture(plates), at)
        told, _ = self._detections.of_plates(NumberedFrame(self._number, frame), self._reader.read(frame.pixels))
        pictures = tuple(b"" for _ in told.plates)
        readings = self._translator.seen(told.model_copy(update={"picture": None}), pictures, at).readings
        self._bystanders = self._bystanders.with_vehicle(present, at)
        self._bystanders, counting = self._bystanders.with_readings(readings)
        return counting


def picture(plates: Iterable[Shown]) -> np.ndarray:
    ground = GROUND.copy()
    for text, left, top, width in plates:
        flat = cv2.resize(draw_plate(text), (width, width * 140 // 440), interpolation=cv2.INTER_AREA)
        ground[top : top + flat.shape[0], left : left + width] = flat
    return ground


def drives_up(text: str, share: float) -> Shown:
    """A plate on its way from the back of the yard (0) to the barrier (1)."""
    return text, round(620 - 60 * share), round(150 + 400 * share), round(90 + 90 * share)


WAY = (0.0, 0.3, 0.6, 1.0, 1.0)


def test_a_poster_counts_no_more_once_a_vehicle_has_come_and_gone(reader: PlateReader) -> None:
    yard = Yard(reader)
    for _ in range(7):
        yard.shows([POSTER], present=False)
    for share in WAY:
        yard.shows([POSTER, drives_up("新A12345", share)], present=share == 1.0)
    for _ in range(5):
        yard.shows([POSTER], present=False)

    alone = yard.shows([POSTER], present=True)
    evidence = [
        reading for share in WAY for reading in yard.shows([POSTER, drives_up("沪B98765", share)], present=share == 1.0)
    ]
    voted = vote(evidence)

    assert alone == ()
    assert {reading.text for reading in evidence} == {"沪B98765"}
    assert len({reading.track for reading in evidence}) == 1
    assert voted is not None
    assert (voted.text, voted.contested) == ("沪B98765", False)


def test_the_next_vehicle_of_a_fleet_counts_only_once_it_stands_at_the_barrier_itself(reader: PlateReader) -> None:
    yard = Yard(reader)
    first = [reading for share in WAY for reading in yard.shows([drives_up("新A12345", share)], present=share == 1.0)]
    both = [
        reading
        for share in (0.0, 0.1, 0.2, 0.2, 0.2)
        for reading in yard.shows([drives_up("新A12345", 1.0), drives_up("新A12346", share)], present=True)
    ]
    second = [
        reading for share in WAY[2:] for reading in yard.shows([drives_up("新A12346", share)], present=share == 1.0)
    ]

    assert {reading.text for reading in (*first, *both)} == {"新A12345"}
    assert second[-1].text == "新A12346"
    assert len(second) >= 2
