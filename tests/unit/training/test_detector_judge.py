"""The judgement of a detector: what counts as found, as read, and as too much."""

from __future__ import annotations

import numpy as np
import pytest

from agent.vision.worker.plate.detector import PlateBox, PlateDetector
from agent.vision.worker.plate.reader import PlateReader
from drivers.camera.simulated_yard.scene import Scene, Vehicle, draw_scene
from training.detector.judge import Finding, false_finds, found
from training.detector.photographs import Photograph

PLATE = np.float32([[100, 100], [160, 100], [160, 120], [100, 120]])
ON, LOOSE, SMALL, AWAY = (100, 100, 60, 20), (80, 60, 100, 100), (125, 105, 10, 10), (300, 300, 60, 20)


class Says:
    """A detector that finds the same in every picture."""

    def __init__(self, *boxes: tuple[int, int, int, int]) -> None:
        self._boxes = boxes

    def find(self, pixels: np.ndarray, longest_px: int = 640) -> list[PlateBox]:
        return [
            PlateBox(np.float32([[x, y], [x + w, y], [x + w, y + h], [x, y + h]]), (x, y, w, h), 0.9)
            for x, y, w, h in self._boxes
        ]


@pytest.fixture(scope="module")
def reader() -> PlateReader:
    return PlateReader()


@pytest.mark.parametrize(
    ("box", "says", "hits", "beside"),
    [
        (ON, [ON], 1, 0),
        (LOOSE, [ON], 1, 0),
        (SMALL, [ON], 1, 0),
        (ON, [AWAY], 0, 1),
        (ON, [ON, AWAY], 1, 1),
        (ON, [], 0, 0),
    ],
)
def test_a_find_counts_where_it_and_the_label_share_a_middle(
    reader: PlateReader, box: tuple, says: list, hits: int, beside: int
) -> None:
    photograph = Photograph("京A12345", box, np.zeros((480, 640, 3), np.uint8))
    finding = found(Says(*says), reader, [photograph], 640)

    assert (finding.found, finding.plates, finding.beside, finding.read, finding.texts) == (hits, 1, beside, 0, 1)
    assert len(finding.ms) == 1


@pytest.mark.parametrize(("box", "placed"), [(ON, 1), (LOOSE, 0), (SMALL, 0)])
def test_a_find_is_well_placed_where_its_box_and_the_label_overlap_by_half(
    reader: PlateReader, box: tuple, placed: int
) -> None:
    photograph = Photograph("", box, np.zeros((480, 640, 3), np.uint8))
    finding = found(Says(ON), reader, [photograph], 640)

    assert (finding.found, finding.placed, finding.texts) == (1, placed, 0)


def test_a_plate_whose_place_is_not_known_is_found_where_it_is_read(reader: PlateReader) -> None:
    shown = draw_scene(Scene(vehicle=Vehicle(plate="新A12345")))
    right, wrong = (Photograph(label, None, shown) for label in ("新A12345", "新A54321"))
    finding = found(PlateDetector(), reader, [right, wrong], 640)

    assert (finding.found, finding.read, finding.plates, finding.beside) == (1, 1, 2, 1)


def test_nothing_is_judged_of_no_photographs(reader: PlateReader) -> None:
    assert found(Says(ON), reader, [], 640) == Finding(0, 0, 0, 0, 0, 0, ())


def test_what_is_found_is_read(reader: PlateReader) -> None:
    shown = draw_scene(Scene(vehicle=Vehicle(plate="新A12345")))
    right, wrong = (Photograph(label, (600, 500, 180, 70), shown) for label in ("新A12345", "新A54321"))
    finding = found(PlateDetector(), reader, [right, wrong], 640)

    assert (finding.found, finding.read, finding.plates, finding.beside) == (2, 1, 2, 0)
    assert "2 of 2 plates found, 2 with an overlap of half, 1 of 2 read as labelled" in str(finding)


def test_finds_without_plates_are_counted() -> None:
    assert false_finds(Says(ON, AWAY), [np.zeros((9, 9, 3), np.uint8)] * 3, 640) == 6
