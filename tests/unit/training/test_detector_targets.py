"""What the detector shall say of a picture, and what is read from it, undo one another."""

from __future__ import annotations

import numpy as np
import pytest

from agent.vision.worker.plate.detector_peaks import OFFSET_PX, peaks
from training.detector.pose import projected
from training.detector.targets import PLANES, Targets, encode

SIZE_PX = (320, 256)


def said(targets: Targets) -> np.ndarray:
    """The cells of a network that says exactly what it shall."""
    heat = np.clip(targets.heat, 1e-6, 1 - 1e-6)
    return np.concatenate([np.log(heat / (1 - heat))[None], targets.offsets]).astype(np.float32)


@pytest.mark.parametrize("seed", range(30))
def test_what_is_encoded_is_found_again(seed: int) -> None:
    rng = np.random.default_rng(seed)
    width = float(rng.uniform(20, 200))
    plate = projected(rng, width, float(rng.choice([1.9, 3.1, 4.6]))) + np.float32([160, 128])
    scores, corners = peaks(said(encode([plate], SIZE_PX)), 0.5)

    assert scores[0] == pytest.approx(1.0, abs=1e-3)
    for one in corners:  # on a slanting plate a second cell may stand out, and says the same
        assert one == pytest.approx(plate, abs=1e-3)


def test_several_plates_are_found_each() -> None:
    shape = np.float32([[0, 0], [50, 0], [50, 16], [0, 16]])
    plates = [shape + np.float32(at) for at in ((10, 10), (200, 30), (60, 180))]
    scores, corners = peaks(said(encode(plates, SIZE_PX)), 0.5)

    assert len(scores) == 3
    for plate in plates:
        assert min(float(np.abs(one - plate).max()) for one in corners) < 1e-2


def test_an_empty_picture_has_no_heat_and_nothing_is_found() -> None:
    targets = encode([], SIZE_PX)

    assert not targets.heat.any()
    assert not targets.share.any()
    assert targets.told.all()
    assert peaks(said(targets), 0.1)[1].shape == (0, 4, 2)


def test_an_error_counts_by_the_height_of_the_plate() -> None:
    plate = np.float32([[100, 100], [180, 100], [180, 120], [100, 120]])
    targets = encode([plate], SIZE_PX)

    assert targets.scale.max() == pytest.approx(OFFSET_PX / 20)


def test_a_large_plate_counts_no_more_than_a_small_one() -> None:
    large = np.float32([[10, 10], [300, 10], [300, 80], [10, 80]])
    small = np.float32([[100, 150], [140, 150], [140, 160], [100, 160]])
    for plate in (large, small):
        targets = encode([plate], SIZE_PX)
        assert targets.share.sum() == pytest.approx(1)
        assert targets.centre.sum() == pytest.approx(1)
    assert (encode([large], SIZE_PX).centre > 0).sum() > 4
    assert (encode([small], SIZE_PX).centre > 0).sum() == 1


def test_boxes_are_marked_and_what_is_not_told_is_left_out() -> None:
    told = np.full((256, 320), 255, np.uint8)
    told[:, 160:] = 0
    corners, box = (np.float32([[0, 0], [50, 0], [50, 16], [0, 16]]) + np.float32(at) for at in ((10, 10), (60, 180)))
    targets = encode([corners], SIZE_PX, [box], told)
    stacked = targets.stacked()

    assert targets.boxed[2, 4] == 0
    assert targets.boxed[23, 10] == 1
    assert targets.told[:, :20].all()
    assert not targets.told[:, 20:].any()
    assert stacked.shape == (PLANES + 8, 32, 40)
    assert (stacked[PLANES:] == targets.offsets).all()


def test_a_plate_at_the_edge_whose_centre_lies_outside_is_no_peak() -> None:
    plate = np.float32([[-40, 10], [20, 10], [20, 30], [-40, 30]])

    assert encode([plate], SIZE_PX).heat.max() < 1


def test_cells_that_agree_are_averaged_by_their_heat() -> None:
    cells = np.full((9, 3, 3), -9.0, np.float32)
    cells[1:] = 0
    cells[0, 1, 1], cells[0, 1, 2] = 2.0, 1.0
    share = [1 / (1 + np.exp(-value)) for value in (2.0, 1.0)]
    (score,), corners = peaks(cells, 0.5)

    assert score == pytest.approx(share[0])
    assert corners[0, 0, 0] == pytest.approx((share[0] * 12 + share[1] * 20) / sum(share))
    assert corners[0, 0, 1] == pytest.approx(12)
