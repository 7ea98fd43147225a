"""Faint parts of a picture get full contrast; where none is faint, nothing is done."""

from __future__ import annotations

import numpy as np
import pytest

from agent.vision.worker.qr.local_gain import stretched_where_faint
from tests.support.vision.bent_codes import in_dark_corner
from tests.support.vision.drawn_codes import PERMIT, grainy, on_grey, symbol


def test_a_dark_symbol_gets_full_contrast() -> None:
    card = symbol(PERMIT, scale=3)
    picture = in_dark_corner(card, brightness=0.06, at=(100, 200))
    stretched = stretched_where_faint(picture)

    assert stretched is not None
    assert stretched.shape == picture.shape
    height, width = card.shape
    before, after = (each[100 : 100 + height, 200 : 200 + width].astype(float) for each in (picture, stretched))
    assert before[card > 0].mean() - before[card == 0].mean() < 20
    assert after[card > 0].mean() - after[card == 0].mean() > 120


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(on_grey(symbol(PERMIT)), id="a clear symbol on even ground"),
        pytest.param(np.full((480, 640), 7, np.uint8), id="all dark"),
        pytest.param(np.full((30, 30), 7, np.uint8), id="too small"),
        pytest.param(np.full((3, 3000), 7, np.uint8), id="too flat"),
    ],
)
def test_a_picture_without_faint_parts_is_left_alone(picture: np.ndarray) -> None:
    assert stretched_where_faint(picture) is None


def test_the_noise_of_empty_ground_is_not_taken_for_something_faint() -> None:
    assert stretched_where_faint(grainy(np.full((480, 640), 60, np.uint8), 0.8)) is None
