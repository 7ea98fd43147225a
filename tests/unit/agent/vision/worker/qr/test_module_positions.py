"""Modules move to where they are clear, and only those that are asked for."""

from __future__ import annotations

import numpy as np
import pytest
import segno

from agent.vision.worker.qr.module_positions import Move, moved, settled
from agent.vision.worker.qr.symbol import fixed
from agent.vision.worker.qr.tones import tones_of

MODULE_PX = 8
MADE = segno.make("7WB2K", version=3, error="m", micro=False)
DARK = np.pad(np.array([list(row) for row in MADE.matrix]) > 0, 4)
TONES = tones_of(np.where(np.kron(DARK, np.ones((MODULE_PX, MODULE_PX))) > 0, 0, 255).astype(np.uint8), MODULE_PX)
MIDDLES = ((np.arange(29) + 4.5) * MODULE_PX - 0.5).astype(np.float32)
TRUE = tuple(np.meshgrid(MIDDLES, MIDDLES))
KNOWN = fixed(3).astype(np.float32)


@pytest.mark.parametrize("off", [(0.4, 0.0), (0.0, -0.4), (0.3, 0.3)])
def test_a_grid_beside_the_modules_settles_on_them(off: tuple[float, float]) -> None:
    start = tuple(at + MODULE_PX * by for at, by in zip(TRUE, off, strict=True))
    xs, ys = settled(TONES, start, 3)

    assert np.abs(xs - TRUE[0]).mean() < 0.15 * MODULE_PX
    assert np.abs(ys - TRUE[1]).mean() < 0.15 * MODULE_PX


def test_modules_that_are_not_asked_for_stay_where_they_are() -> None:
    start = (TRUE[0] + 3, TRUE[1])
    there = np.zeros((29, 29), bool)
    there[:10] = True
    xs, ys = moved(TONES, start, KNOWN, there, Move(reach=0.4, steps=5, spread=1.6, stay=0.01))

    assert np.array_equal(xs[10:], start[0][10:])
    assert np.array_equal(ys[10:], start[1][10:])
    assert np.abs(xs[2:8] - TRUE[0][2:8]).mean() < 0.15 * MODULE_PX
