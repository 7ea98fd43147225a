"""Modules are sampled as they were drawn."""

from __future__ import annotations

import numpy as np
import pytest
import segno

from agent.vision.worker.qr.finder import Finder, Trio, darker, finders, trios
from agent.vision.worker.qr.flat_grid import sample
from agent.vision.worker.qr.sampled_symbol import outline_of
from agent.vision.worker.qr.symbol import modules
from tests.support.vision.drawn_codes import on_grey, symbol, wavy


@pytest.mark.parametrize(("version", "depth_px"), [(1, 0), (2, 0), (5, 0), (9, 0), (1, 4), (2, 4)])
def test_modules_are_sampled_as_drawn_also_where_the_paper_bends(version: int, depth_px: int) -> None:
    made = segno.make("7WB2K", version=version, error="m")
    drawn = np.array([list(row) for row in made.matrix]) > 0
    picture = on_grey(symbol("7WB2K", version=version, error="m"), 60, 40, (520, 640))
    if depth_px:
        picture = wavy(picture, depth_px, 60)
    best = sample(picture, trios(finders(darker(picture, 51)))[0])[0]

    assert best.version == version
    assert ((best.tone > 0) == drawn).mean() > 0.97
    if not depth_px:
        left, top, side = 60 + 24, 40 + 24, 6 * modules(version)
        corners = [(left, top), (left + side, top), (left + side, top + side), (left, top + side)]
        assert np.allclose(outline_of(best), corners, atol=3)


def test_no_three_places_break_the_sampling_though_no_symbol_is_there() -> None:
    rng = np.random.default_rng(4)
    picture = rng.integers(0, 256, (120, 120), dtype=np.uint8)
    for _ in range(30):
        spots = [
            Finder(float(x), float(y), float(m), 1.0) for x, y, m in rng.uniform((0, 0, 0.5), (120, 120, 30), (3, 3))
        ]
        assert all(np.isfinite(one.tone).all() for one in sample(picture, Trio(*spots, 1.0)))
    same = Finder(50.0, 50.0, 3.0, 1.0)
    assert sample(picture, Trio(same, same, same, 1.0)) == []
