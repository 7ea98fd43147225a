"""The line that parts a field for the region."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.core.plates import RegionField
from agent.vision.worker.plate.field_line import region_field


def flat(*lines: float, ground: int = 225, ink: int = 30, text: str = "1 101 11 1") -> np.ndarray:
    """A flattened plate with characters; `lines`: where lines stand, as fractions of its width."""
    picture = np.full((80, 288, 3), ground, np.uint8)
    cv2.putText(picture, text, (24, 62), cv2.FONT_HERSHEY_SIMPLEX, 1.7, (ink,) * 3, 5)
    cv2.rectangle(picture, (6, 4), (281, 75), (ink,) * 3, 2)
    for line in lines:
        cv2.line(picture, (round(line * 288), 4), (round(line * 288), 75), (ink,) * 3, 2)
    return picture


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        ((), RegionField.NONE),
        ((0.2,), RegionField.LEFT),
        ((0.8,), RegionField.RIGHT),
        ((0.5,), RegionField.NONE),
    ],
)
@pytest.mark.parametrize(("ground", "ink"), [(225, 30), (40, 235), (120, 60)])
def test_a_line_from_edge_to_edge_parts_a_field(
    lines: tuple[float, ...], field: RegionField, ground: int, ink: int
) -> None:
    assert region_field(flat(*lines, ground=ground, ink=ink)) is field


def test_of_a_plate_that_shows_nothing_no_field_is_known() -> None:
    assert region_field(np.full((80, 288, 3), 90, np.uint8)) is None


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (80, 288)])
def test_any_picture_has_an_answer(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)

    assert region_field(noise) in {None, *RegionField}
