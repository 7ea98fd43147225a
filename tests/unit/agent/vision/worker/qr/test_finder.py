"""Finder patterns are found however they are turned."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.vision.worker.qr.finder import darker, finders, trios
from tests.support.vision.drawn_codes import PERMIT, on_grey, symbol


@pytest.mark.parametrize("turn", [0, 20, 45, 90, 160, 275])
def test_finder_patterns_are_found_at_any_turn_and_told_apart(turn: int) -> None:
    picture = on_grey(symbol(PERMIT), 150, 100)
    matrix = cv2.getRotationMatrix2D((150 + 111, 100 + 111), -turn, 1)
    turned = cv2.warpAffine(picture, matrix, (640, 480), borderValue=110)
    best = trios(finders(darker(turned, 41)))[0]

    spots = np.array([[150 + 24 + 21, 100 + 24 + 21], [150 + 24 + 6 * 25.5, 145], [195, 100 + 24 + 6 * 25.5]])
    expected = spots @ matrix[:, :2].T + matrix[:, 2]
    found = [(one.x, one.y) for one in (best.corner, best.right, best.below)]
    assert np.allclose(found, expected, atol=2)
    assert 6 * 0.9 < best.corner.module_px < 6 * 1.5
